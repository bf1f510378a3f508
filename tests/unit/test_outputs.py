"""Writing every output of a result."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.synthetic import load

from wsrun.errors import OutputError
from wsrun.outputs import OUTPUTS, write_all


def test_all_outputs_are_written_for_their_owner_only(tmp_path: Path) -> None:
    """The report first; nothing else is left in the directory."""
    written = write_all(load("pass"), tmp_path)

    assert [path.name for path in written] == list(OUTPUTS)
    assert written[0].name == "report.html"
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert written[0].stat().st_size < 2_500_000


def test_lone_surrogates_do_not_stop_a_report(tmp_path: Path) -> None:
    """A text that cannot be encoded is written as a code."""
    written = write_all(load("hostile"), tmp_path)

    assert r"\ud800" in written[0].read_text(encoding="utf-8")


def test_a_directory_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    """It names the file that could not be written."""
    with pytest.raises(OutputError, match=r"report\.html"):
        write_all(load("unreachable"), tmp_path / "gone")
