"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsrun.errors import OutputError
from wsrun.files import write_whole


def test_a_file_is_replaced_as_a_whole_and_is_private(tmp_path: Path) -> None:
    """The new content stands, only the owner can read it, and nothing else is left behind."""
    path = tmp_path / "result.json"
    path.write_bytes(b"old")

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_names_the_file_and_keeps_what_stood_there(tmp_path: Path) -> None:
    """A directory in the way is an OutputError; no temporary file is left."""
    path = tmp_path / "taken"
    path.mkdir()

    with pytest.raises(OutputError, match="taken"):
        write_whole(path, b"new")

    assert list(tmp_path.iterdir()) == [path]
