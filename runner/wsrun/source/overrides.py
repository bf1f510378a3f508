"""``--set path=value``: single values of a scenario, put in place of those of the file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from wsrun.diagnostics import Diagnostic, Location
from wsrun.errors import ScenarioError
from wsrun.source.events import parse_events
from wsrun.source.node import Node
from wsrun.source.scalars import ScalarError, resolve
from wsrun.source.tree import Builder

PLACE = "--set"
"""What stands for the file name in the location of an override; its line is the number of the option."""


def option_lines(overrides: Sequence[tuple[str, str]]) -> list[str]:
    """Return the overrides as they are written on the command line, one a line."""
    return [f"{path}={value}" for path, value in overrides]


def apply(
    root: Node, overrides: Sequence[tuple[str, str]], problems: Sequence[Diagnostic] = ()
) -> list[Diagnostic]:
    """Put values into a tree.

    A path names keys, and items of a list by number from 0 or by their ``name``, with dots between:
    ``phases.spike.clients``. A value is a scalar as in YAML, or a list or mapping in flow style.

    Args:
        root: the tree; changed in place.
        overrides: pairs of path and value.
        problems: the mistakes found in the tree so far.

    Returns:
        Those of them that no override has replaced, and the paths and values that cannot be used.
    """
    left = list(problems)
    for number, (path, value) in enumerate(overrides, start=1):
        try:
            old = _put(root, path, _node(value, number, len(path) + 2), number)
        except ScenarioError as error:
            left += error.diagnostics
        else:
            left = [problem for problem in left if old is None or not _holds(old, problem.location)]
    return left


def _holds(node: Node, place: Location) -> bool:
    start, end = (node.line, node.column), (node.end_line, node.end_column)
    return start <= (place.line, place.column) < end


def _node(value: str, line: int, column: int) -> Node:
    if value[:1] in ("[", "{") and not value.startswith("{{"):
        lines = [value]
        builder = Builder(PLACE, lines, {})
        try:
            node = builder.build(parse_events(value, PLACE, lines))
        except ScenarioError as error:
            builder.problems += error.diagnostics
        if builder.problems:
            first = builder.problems[0]
            place = Location(PLACE, line, column + first.location.column - 1, first.location.length)
            raise ScenarioError([Diagnostic(first.code, first.message, place, first.help)])
        _move(node, line, column)
        return node
    node = Node(PLACE, line, column, line, column + len(value), written=value)
    try:
        node.value = resolve(value)
    except ScalarError as error:
        raise _error("number", str(error), node.location([])) from error
    return node


def _move(node: Node, line: int, column: int) -> None:
    """Shift the places of a value that was parsed on its own to where it stands on the command line."""
    node.line = node.end_line = line
    node.column += column - 1
    node.end_column += column - 1
    if isinstance(node.children, dict):
        node.keys = {
            key: Location(PLACE, line, place.column + column - 1, place.length)
            for key, place in node.keys.items()
        }
    for child in node.children.values() if isinstance(node.children, dict) else node.children or ():
        _move(child, line, column)


def _put(root: Node, path: str, value: Node, line: int) -> Node | None:
    """Put a value at its path; what stood there before."""
    parts = path.split(".")
    here, column = root, 1
    for part in parts[:-1]:
        here = _child(here, part, Location(PLACE, line, column, max(len(part), 1)))
        column += len(part) + 1
    last = parts[-1]
    place = Location(PLACE, line, column, max(len(last), 1))
    if isinstance(here.children, dict) and last:
        before = here.children.get(last)
        here.children[last] = value
        here.keys[last] = place
        return before
    if isinstance(here.children, list):
        old = _child(here, last, place)
        here.children[next(i for i, item in enumerate(here.children) if item is old)] = value
        return old
    raise _error("unknown-path", f"nothing can be set at '{path[:60]}'", place)


def _child(node: Node, part: str, place: Location) -> Node:
    if isinstance(node.children, dict):
        if part in node.children:
            return node.children[part]
        close = get_close_matches(part[:60], node.children, 1)
        help_text = f"did you mean '{close[0]}'?" if close else _choices(list(node.children))
        raise _error("unknown-path", f"the scenario has no '{part[:60]}' here", place, help_text)
    items = node.children or []
    if part.isascii() and part.isdigit() and len(part) < 6 and int(part) < len(items):
        return items[int(part)]
    names = [_name(item) for item in items]
    if part and part in names:
        return items[names.index(part)]
    if not items:
        raise _error("unknown-path", f"there is nothing below this, so no '{part[:60]}'", place)
    numbers = f"write a number from 0 to {len(items) - 1}, or a name"
    raise _error("unknown-path", f"the list has no item '{part[:60]}'", place, numbers)


def _name(node: Node) -> str | None:
    name = node.children.get("name") if isinstance(node.children, dict) else None
    return name.written if name is not None else None


def _choices(names: list[str]) -> str | None:
    return f"it has {', '.join(names[:20])}" if names else None


def _error(code: str, message: str, place: Location, help_text: str | None = None) -> ScenarioError:
    return ScenarioError([Diagnostic(code, message, place, help_text)])
