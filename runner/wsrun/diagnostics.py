"""Where a mistake stands, what it is, and how it is drawn. Pure text; imports nothing of wsrun."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EXCERPT_WIDTH = 100
"""Columns of a source line that are shown; of a longer one, those around the mistake."""

_RED, _BLUE, _BOLD, _CYAN, _PLAIN = "\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[1;36m", "\x1b[0m"
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1; ``length`` is how many columns to underline.

    ``line`` 0 means the file as a whole.
    """

    path: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: a kebab-case ``code``, a lower-case ``message`` without a full stop, and what to do."""

    code: str
    message: str
    location: Location
    help: str | None = None

    def __str__(self) -> str:
        return f"{self.location}: error[{self.code}]: {self.message}"


def render(diagnostic: Diagnostic, lines: Sequence[str], colour: bool = False) -> str:
    """Draw one mistake: what and where, the line with its number, carets under the mistake, and help.

    ::

        spike.yaml:8:21: error[unknown-key]: 'lenght' is not a key of a phase
          |
        8 |   - { name: up, lenght: 5s }
          |                 ^^^^^^
          = help: did you mean 'length'?

    Args:
        diagnostic: the mistake.
        lines: the lines of its file, without line breaks; a line that is not there is not drawn.
        colour: whether to use ANSI colours.

    Returns:
        Lines joined by newlines, without one at the end, and without any control character of the file's.
    """
    location = diagnostic.location
    paint = _paint if colour else _leave
    head = f"{_showable(str(location))}: "
    drawn = [
        paint(_BOLD, head)
        + paint(_RED, f"error[{diagnostic.code}]")
        + paint(_BOLD, f": {_showable(diagnostic.message)}")
    ]
    gutter = " " * len(str(location.line))
    if 1 <= location.line <= len(lines):
        text, carets = _excerpt(lines[location.line - 1], location.column, location.length)
        bar = paint(_BLUE, f"{gutter} |")
        drawn.append(bar)
        drawn.append(paint(_BLUE, f"{location.line} |") + f" {text}")
        drawn.append(f"{bar} {paint(_RED, carets)}")
    if diagnostic.help is not None:
        drawn.append(paint(_BLUE, f"{gutter} = ") + paint(_CYAN, "help") + f": {_showable(diagnostic.help)}")
    return "\n".join(drawn)


def render_all(
    diagnostics: Iterable[Diagnostic], lines_by_path: Mapping[str, Sequence[str]], colour: bool = False
) -> str:
    """Draw all mistakes, a blank line between them, and at the end how many there are and in which file.

    Args:
        diagnostics: the mistakes, in the order in which they are to be read.
        lines_by_path: the lines of each file that they point into, by the path as their locations have it.
        colour: whether to use ANSI colours.

    Returns:
        Text that ends with a newline; empty where there is no mistake.
    """
    drawn: list[str] = []
    counts: dict[str, int] = {}
    for diagnostic in diagnostics:
        path = diagnostic.location.path
        counts[path] = counts.get(path, 0) + 1
        drawn.append(render(diagnostic, lines_by_path.get(path, ()), colour) + "\n")
    if not drawn:
        return ""
    totals = [
        f"{count} mistake{'s' if count > 1 else ''} in {_showable(path)}" for path, count in counts.items()
    ]
    return "\n".join(drawn) + "\n" + ", ".join(totals) + "\n"


def _paint(colour: str, text: str) -> str:
    return f"{colour}{text}{_PLAIN}"


def _leave(colour: str, text: str) -> str:
    return text


def _showable(text: str) -> str:
    """Escape what could move the cursor, change a colour or break the line of whoever reads a log."""
    return _UNSHOWABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _excerpt(line: str, column: int, length: int) -> tuple[str, str]:
    """Return the part of a line to show, and the carets that go under it.

    One character stands for each that cannot be shown, so that the carets stay in place; characters that
    terminals draw two columns wide count as two, combining ones as none.
    """
    first = min(max(column - 1, 0), len(line))
    last = min(max(first + length, first + 1), max(len(line), first + 1))
    start = 0
    if len(line) > EXCERPT_WIDTH and last > EXCERPT_WIDTH * 3 // 4:
        start = max(0, min(first - EXCERPT_WIDTH // 3, len(line) - EXCERPT_WIDTH))
    end = start + EXCERPT_WIDTH
    shown = _UNSHOWABLE.sub(lambda match: " " if match[0] == "\t" else "\N{REPLACEMENT CHARACTER}", line)
    before, after = "…" if start else "", "…" if end < len(line) else ""
    indent = _width(before + shown[start:first])
    carets = _width(shown[first : min(last, end)])
    return f"{before}{shown[start:end]}{after}".rstrip(), " " * indent + "^" * max(carets, 1)


def _width(text: str) -> int:
    """Columns that a terminal takes for a text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
