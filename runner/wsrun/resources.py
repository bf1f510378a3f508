"""The files that ship with wsrun but are not code: ``schemas/`` and ``reports/``.

In a wheel they lie inside the package (hatch copies them there). In a checkout, bare or installed as
editable, they lie beside ``runner/``. The copy in the package goes first, because only a wheel has one.
Imports nothing of wsrun.
"""

from __future__ import annotations

from pathlib import Path


def directory(name: str) -> Path:
    """Find a directory of shipped files.

    Args:
        name: ``schemas`` or ``reports``.

    Returns:
        Where it lies, as an absolute path.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / name, package.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"wsrun was installed without its directory {name!r}")


def schema(name: str) -> str:
    """Read the text of ``schemas/NAME.schema.json``; ``name`` is ``scenario`` or ``result``."""
    return (directory("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")
