"""Shipped files are found."""

from __future__ import annotations

import pytest

from wsrun import resources


def test_shipped_directories_are_found_in_a_checkout() -> None:
    """``schemas`` and ``reports`` lie beside ``runner`` when wsrun is not installed from a wheel."""
    assert resources.directory("schemas").is_dir()
    assert resources.directory("reports").is_dir()


def test_a_missing_directory_is_named() -> None:
    """A damaged installation says which directory is gone."""
    with pytest.raises(FileNotFoundError, match="'nothing'"):
        resources.directory("nothing")
