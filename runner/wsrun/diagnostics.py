"""Where a mistake stands, what it is, and how it is drawn. Pure text; imports nothing of wsrun."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1; ``length`` is how many columns to underline."""

    path: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: a kebab-case ``code``, a lower-case ``message`` without a full stop, and ``help`` if any."""

    code: str
    message: str
    location: Location
    help: str | None = None

    def __str__(self) -> str:
        return f"{self.location}: error[{self.code}]: {self.message}"
