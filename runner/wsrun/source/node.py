"""The tree of a scenario file: every value with the place where it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wsrun.diagnostics import Location
from wsrun.source.environment import Segment, written_offset

_DOUBLE_QUOTED = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"''|.", re.DOTALL)


@dataclass(slots=True)
class Node:
    """One value of the file. Lines and columns count from 1, the end is exclusive.

    ``children``: nodes by key of a mapping, or in the order of a list; None for a scalar.
    ``keys``: where each key of a mapping is written.
    ``written``: the text of a scalar before any substitution; ``style`` the quote or block sign around it.
    ``spoilt``: a mistake has been told already that makes all others about this value follow-ups.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    value: Any = None
    children: dict[str, Node] | list[Node] | None = None
    keys: dict[str, Location] = field(default_factory=dict)
    written: str = ""
    style: str | None = None
    segments: tuple[Segment, ...] = ()
    spoilt: bool = False

    def location(self, lines: Sequence[str]) -> Location:
        """Where the value stands; a scalar is underlined as far as its first line goes."""
        if self.children is not None:
            return Location(self.path, self.line, self.column)
        if self.line == self.end_line:
            length = self.end_column - self.column
        else:
            length = len(lines[self.line - 1].rstrip()) - self.column + 1
        return Location(self.path, self.line, self.column, max(length, 1))

    def place(self, lines: Sequence[str], offset: int, length: int) -> Location:
        """Where a part of a text stands; the start of the text where that cannot be told.

        Args:
            lines: the lines of the file.
            offset: characters into the value, after substitution.
            length: how many characters.
        """
        written, instead = written_offset(self.segments, offset)
        return self.written_place(lines, written, instead or length)

    def written_place(self, lines: Sequence[str], offset: int, length: int) -> Location:
        """Like ``place``, for an offset into the text before substitution."""
        found = self._block(lines, offset) if self.style == "|" else self._inline(lines, offset)
        if found is None:
            return self.location(lines)
        line, column = found
        return Location(self.path, line, column, max(1, length))

    def _inline(self, lines: Sequence[str], offset: int) -> tuple[int, int] | None:
        if self.line != self.end_line or self.style not in (None, "'", '"'):
            return None
        if self.style is None:
            return self.line, self.column + offset
        source = lines[self.line - 1][self.column : self.end_column - 2]
        token = _DOUBLE_QUOTED if self.style == '"' else _SINGLE_QUOTED
        starts = [match.start() for match in token.finditer(source)]
        column = starts[offset] if offset < len(starts) else len(source)
        return self.line, self.column + 1 + column

    def _block(self, lines: Sequence[str], offset: int) -> tuple[int, int] | None:
        row = self.written.count("\n", 0, offset)
        start = self.written.rfind("\n", 0, offset) + 1
        text = self.written[start:].split("\n", 1)[0]
        if self.line + row >= len(lines):
            return None
        source = lines[self.line + row]
        if not source.endswith(text):
            return None
        return self.line + row + 1, len(source) - len(text) + offset - start + 1


def plain_data(node: Node, known: dict[int, Any] | None = None) -> Any:
    """Return the plain dicts, lists and scalars of a tree; what an alias repeats is one shared object.

    Args:
        node: the root; not deeper than the cap of the loader.
        known: values already made, by the identity of their node.
    """
    known = {} if known is None else known
    if node.children is None:
        return node.value
    if id(node) not in known:
        if isinstance(node.children, dict):
            known[id(node)] = {key: plain_data(child, known) for key, child in node.children.items()}
        else:
            known[id(node)] = [plain_data(child, known) for child in node.children]
    return known[id(node)]
