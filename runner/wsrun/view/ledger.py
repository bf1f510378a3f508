"""A ledger: entries with numbers, and their sum where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsrun.view import formats


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; ``is_loud`` where a number above zero is bad news."""

    name: str
    number: str
    note: str = ""
    is_loud: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries with their sum; ``verdict`` says whether they add up, empty where nothing is added.

    ``state``: ok, wrong or none.
    """

    title: str
    lines: tuple[Line, ...]
    total: Line | None
    state: Literal["ok", "wrong", "none"]
    verdict: str


def line(name: str, number: int, note: str = "", *, bad: bool = False) -> Line:
    """Return an entry; one that is ``bad`` is loud when its number is above zero."""
    return Line(name, formats.group(number), note, bad and number > 0)
