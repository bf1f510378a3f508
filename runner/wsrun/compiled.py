"""Whether the per-message path of this package is compiled, and what for.

A wheel brings extension modules beside the ``.py`` of the same name, which Python then prefers, and a file
that says what they were built with. A checkout has neither. Whatever does not fit is left to plain Python,
which does the same, only slower.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

PACKAGE = Path(__file__).parent
FACTS = "compiled.json"
"""Written by the build: ``modules``, and the version of ``picows``; or ``why_not``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How this package runs. ``picows`` is the version whose structures are known to it; None: of none."""

    why_not: str | None = None
    picows: str | None = None

    @property
    def is_compiled(self) -> bool:
        """Whether the per-message path is compiled."""
        return self.why_not is None


def build(package: Path = PACKAGE) -> Build:
    """Look at what lies in the package."""
    try:
        facts = json.loads((package / FACTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Build(why_not="it runs from its sources")
    if "why_not" in facts:
        return Build(why_not=facts["why_not"])
    if not all(_is_there(package, name) for name in facts["modules"]):
        return Build(why_not="it was compiled for another Python")
    return Build(picows=facts["picows"])


def fits_picows(version: str, package: Path = PACKAGE) -> bool:
    """Whether the compiled reading of frames may be used with this version of picows.

    It reaches into the structures of picows, which may be others in any other version, without a word.
    """
    return build(package).picows == version


def told(package: Path = PACKAGE) -> str:
    """Say how this package runs."""
    found = build(package)
    if found.why_not is not None:
        return f"pure Python: slower, because {found.why_not}"
    from importlib import metadata  # 35 ms, which workers have no use for.

    here = metadata.version("picows")
    if not fits_picows(here, package):
        return f"compiled, frames excepted: they were compiled for picows {found.picows}, and {here} is here"
    return "compiled"


def _is_there(package: Path, module: str) -> bool:
    _, *parts = module.split(".")
    path = package.joinpath(*parts)
    return any(path.with_name(path.name + suffix).exists() for suffix in EXTENSION_SUFFIXES)
