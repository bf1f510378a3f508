"""Where the files of a run go."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.cli.directory import make_directory, slug
from wsrun.errors import OutputError

NOW = datetime(2026, 11, 21, 10, 15, 0, tzinfo=UTC)


def test_a_name_that_is_one_already_stays() -> None:
    """What people call their files is kept as it is."""
    assert slug("spike") == "spike"
    assert slug("Chat spike_2") == "chat-spike-2"


def test_names_that_lose_something_stay_different() -> None:
    """A piece of the name's digest goes behind."""
    assert slug("grüße").startswith("grue-")
    assert slug("grüße") != slug("grüsse")
    assert slug("../../etc").startswith("etc-")
    assert slug("☃").startswith("run-")


@given(st.text())
def test_any_name_is_a_harmless_directory(name: str) -> None:
    """At most 64 lower-case letters, digits and dashes, never none."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", slug(name))


def test_each_run_has_a_directory_of_its_own(tmp_path: Path) -> None:
    """Two runs within a second do not share one, and nothing is ever overwritten."""
    first = make_directory(tmp_path / "out", "spike", NOW)
    second = make_directory(tmp_path / "out", "spike", NOW)
    assert first == tmp_path / "out" / "spike" / "2026-11-21T101500Z"
    assert second == tmp_path / "out" / "spike" / "2026-11-21T101500Z-2"
    assert stat.S_IMODE(first.stat().st_mode) == 0o700


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file where a directory should be is an error of the output, with a way out."""
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="--out"):
        make_directory(tmp_path / "out", "spike", NOW)
