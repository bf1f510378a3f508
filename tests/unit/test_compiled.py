"""Whether a package is compiled, as it says itself."""

from __future__ import annotations

import json
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from wsrun.compiled import FACTS, build, fits_picows, told
from wsrun.transports import frames

HERE = metadata.version("picows")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of one compiled module."""
    facts = {"modules": ["wsrun.engine.line"], "cython": "3.1", "picows": HERE}
    (tmp_path / FACTS).write_text(json.dumps(facts))
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / f"line{EXTENSION_SUFFIXES[0]}").touch()
    return tmp_path


def test_a_compiled_package_says_so(package: Path) -> None:
    """All fits."""
    assert (build(package).is_compiled, fits_picows(HERE, package), told(package)) == (True, True, "compiled")


def test_sources_are_not_compiled(tmp_path: Path) -> None:
    """As in a checkout."""
    assert not fits_picows(HERE, tmp_path)
    assert told(tmp_path) == "pure Python: slower, because it runs from its sources"


def test_a_package_that_could_not_be_compiled_says_why(tmp_path: Path) -> None:
    """In the words of its build."""
    (tmp_path / FACTS).write_text('{"why_not": "there was no C compiler (cc) when it was built"}')
    assert told(tmp_path) == "pure Python: slower, because there was no C compiler (cc) when it was built"
    assert not fits_picows(HERE, tmp_path)


def test_modules_for_another_python_do_not_count(package: Path) -> None:
    """This one would not load them."""
    (package / "engine" / f"line{EXTENSION_SUFFIXES[0]}").rename(package / "engine" / "line.cpython-30-z.so")
    assert told(package) == "pure Python: slower, because it was compiled for another Python"
    assert not fits_picows(HERE, package)


def test_another_picows_leaves_the_frames_to_python(package: Path) -> None:
    """Its structures may be others; the rest is compiled all the same."""
    facts = json.loads((package / FACTS).read_text()) | {"picows": "2.3.0rc1"}
    (package / FACTS).write_text(json.dumps(facts))
    assert build(package).is_compiled
    assert not fits_picows(HERE, package)
    assert told(package) == (
        f"compiled, frames excepted: they were compiled for picows 2.3.0rc1, and {HERE} is here"
    )


def test_frames_are_read_by_what_fits() -> None:
    """The compiled reading where the build and picows agree, plain Python everywhere else."""
    kind = "compiled" if fits_picows(HERE) else "python"
    assert frames.FrameListener.__module__ == f"wsrun.transports.frames_{kind}"
