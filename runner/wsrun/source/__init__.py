"""YAML text to plain data that knows where each of its values stands.

The loader is hardened: caps on everything that a text can make grow, YAML 1.2 scalars, no duplicate keys, no
tags. Whatever the text, the outcome is a ``Document`` or a ``ScenarioError``. This package is the only
importer of PyYAML, and may import ``errors`` and ``diagnostics``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsrun.diagnostics import Diagnostic, Location
from wsrun.errors import ScenarioError
from wsrun.source import overrides as _overrides
from wsrun.source.events import MAX_BYTES, empty_file, parse_events, split_lines
from wsrun.source.node import Node, plain_data
from wsrun.source.tree import Builder

Steps = tuple[str | int, ...]
"""The way to a value: keys and list indexes from the top."""


@dataclass(frozen=True, slots=True)
class Document:
    """A scenario file, read.

    ``path`` is as the user gave it, ``text`` as in the file (environment variables still by name), ``data``
    the plain value with everything substituted and overridden. ``problems`` are mistakes that left data to
    look at; ``load`` and ``parse`` never return a document that has any.
    """

    path: str
    text: str
    lines: list[str]
    data: dict[str, Any]
    lines_by_path: dict[str, list[str]]
    problems: tuple[Diagnostic, ...]
    _root: Node = field(repr=False)

    def location(self, path: Steps) -> Location:
        """Where the value at a path stands; of a value that is not there, where the nearest one around is."""
        node, _ = self._find(path)
        return node.location(self.lines_by_path[node.path])

    def key_location(self, path: Steps) -> Location:
        """Where the key stands that leads to a path; for an item of a list, the item itself."""
        parent, found = self._find(path[:-1])
        if path and found and path[-1] in parent.keys:
            return parent.keys[str(path[-1])]
        return self.location(path)

    def place(self, path: Steps, offset: int, length: int = 1) -> Location:
        """Where a part of the text at a path stands, ``offset`` characters into it and ``length`` long."""
        node, found = self._find(path)
        if not found:
            return self.location(path)
        return node.place(self.lines_by_path[node.path], offset, length)

    def written(self, path: Steps) -> str | None:
        """The scalar at a path as the file has it, before substitution; None where there is no scalar."""
        node, found = self._find(path)
        return node.written if found and node.children is None else None

    def is_spoilt(self, path: Steps) -> bool:
        """Whether a problem has been told already of the value at a path, or of one around it."""
        node = self._root
        for part in path:
            if node.spoilt:
                return True
            child = _child(node, part)
            if child is None:
                return False
            node = child
        return node.spoilt

    def _find(self, path: Steps) -> tuple[Node, bool]:
        node = self._root
        for part in path:
            child = _child(node, part)
            if child is None:
                return node, False
            node = child
        return node, True


def load(path: Path, *, environ: Mapping[str, str], overrides: Sequence[tuple[str, str]] = ()) -> Document:
    """Read a scenario file.

    Args:
        path: the file; regular, at most 1 MiB of UTF-8.
        environ: what ``${NAME}`` stands for.
        overrides: pairs of path and value that go before the file's.

    Raises:
        ScenarioError: it cannot be read, or is not YAML as a scenario has it.
    """
    return _sound(read(path, environ=environ, overrides=overrides))


def parse(
    text: str, path: str, *, environ: Mapping[str, str], overrides: Sequence[tuple[str, str]] = ()
) -> Document:
    """Read a scenario from a text; like ``load``, with ``path`` as the name of the file in locations."""
    return _sound(examine(text, path, environ=environ, overrides=overrides))


def read(path: Path, *, environ: Mapping[str, str], overrides: Sequence[tuple[str, str]] = ()) -> Document:
    """Like ``load``, but with the mistakes that leave data to look at in ``Document.problems``."""
    return examine(_read_text(path), str(path), environ=environ, overrides=overrides)


def read_plain(path: Path) -> Document:
    """Read a YAML or JSON file that is no scenario, with the places of its values; nothing is replaced in it.

    Raises:
        ScenarioError: it cannot be read, or is not YAML as a scenario has it.
    """
    return _sound(examine(_read_text(path), str(path), environ=None))


def examine(
    text: str, path: str, *, environ: Mapping[str, str] | None, overrides: Sequence[tuple[str, str]] = ()
) -> Document:
    """Like ``parse``, but with the mistakes that leave data to look at in ``Document.problems``.

    Without an environment nothing is replaced.
    """
    lines = split_lines(text)
    events = parse_events(text, path, lines)
    builder = Builder(path, lines, environ)
    root = builder.build(events)
    if not isinstance(root.children, dict):
        if root.children is None and root.value is None:
            raise empty_file(path)
        found = "a list" if root.children is not None else "a text"
        what, help_text = (
            ("a scenario", "start with 'wsrun: 1'") if environ is not None else ("this file", None)
        )
        message = f"{what} is a mapping of keys, and this is {found}"
        raise ScenarioError([Diagnostic("wrong-type", message, root.location(lines), help_text)])
    problems = _overrides.apply(root, overrides, builder.problems)
    return Document(
        path=path,
        text=text,
        lines=lines,
        data=plain_data(root),
        lines_by_path={_overrides.PLACE: _overrides.option_lines(overrides), path: lines},
        problems=tuple(problems),
        _root=root,
    )


def lines_by_path(
    path: Path,
    overrides: Sequence[tuple[str, str]] = (),
    diagnostics: Iterable[Diagnostic] = (),
) -> dict[str, list[str]]:
    """Return the lines that diagnostics of a file and its overrides point into; none if it cannot be read.

    ``diagnostics``: those of them that may point into further files, whose lines are there too.
    """
    found = {_overrides.PLACE: _overrides.option_lines(overrides)}
    for name in dict.fromkeys((str(path), *(diagnostic.location.path for diagnostic in diagnostics))):
        if name in found:
            continue
        try:
            found[name] = split_lines(_read_bytes(Path(name)).decode("utf-8", "replace"))
        except (ScenarioError, OSError):
            found[name] = []
    return found


def _sound(document: Document) -> Document:
    if document.problems:
        raise ScenarioError(sorted(document.problems, key=lambda problem: problem.location))
    return document


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(node.children, dict):
        return node.children.get(str(part))
    if isinstance(node.children, list) and isinstance(part, int) and 0 <= part < len(node.children):
        return node.children[part]
    return None


def _read_text(path: Path) -> str:
    data = _read_bytes(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[1:2] == b"\x00":
        message, help_text = "the file is UTF-16", "save it as UTF-8"
        raise ScenarioError([Diagnostic("encoding", message, Location(str(path), 0, 0), help_text)])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        lines = split_lines(data[: error.start].decode("utf-8"))
        place = Location(str(path), len(lines), len(lines[-1]) + 1)
        message = f"the byte {data[error.start]:#04x} is not UTF-8"
        raise ScenarioError([Diagnostic("encoding", message, place, "save the file as UTF-8")]) from error


def _read_bytes(path: Path) -> bytes:
    """Read a regular file up to just past the cap; never wait for a pipe or a device."""
    whole = Location(str(path), 0, 0)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ScenarioError([Diagnostic("unreadable", "this is not a file", whole)])
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ScenarioError([Diagnostic("unreadable", f"cannot read it: {reason}", whole)]) from error
    if len(data) > MAX_BYTES:
        raise ScenarioError([Diagnostic("too-large", f"the file has more than {MAX_BYTES >> 20} MiB", whole)])
    return data
