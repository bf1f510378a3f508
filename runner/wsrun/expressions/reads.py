"""Dotted names as plain reads of a client: nothing is looked up at run time that can be known before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wsrun.expressions.names import BUILT_IN, Evaluate, Now, Scope, Tools
from wsrun.expressions.templates import MissingVariable

_BUILT_IN: Final[Mapping[tuple[str, ...], Evaluate]] = {
    ("id",): lambda scope: scope.message_id,
    ("seq",): lambda scope: scope.seq,
    ("client", "index"): lambda scope: scope.index,
    ("client", "id"): lambda scope: scope.client_id,
    ("client", "group"): lambda scope: scope.group_name,
    ("client", "profile"): lambda scope: scope.profile,
}


def compile_read(path: tuple[str, ...], tools: Tools) -> Evaluate | None:
    """Compile a dotted name; None when it is a function, or a built-in name that has no value by itself.

    The result raises ``MissingVariable``.
    """
    if path in _BUILT_IN:
        return _BUILT_IN[path]
    if path == ("now", "ms"):
        return lambda scope: int(tools.now() * 1000)
    if path == ("now", "iso"):
        return lambda scope: Now(scope, tools).iso
    if path[0] in BUILT_IN:
        return None
    return _variable(path[0]) if len(path) == 1 else _field(path)


def _variable(name: str) -> Evaluate:
    def read(scope: Scope) -> Any:
        try:
            return scope.variables[name]
        except KeyError:
            pass
        try:
            return scope.rows[name]
        except KeyError:
            raise MissingVariable(name) from None

    return read


def _field(path: tuple[str, ...]) -> Evaluate:
    """Read a column of a data row, or a field of a variable."""
    root, first, *rest = path

    def read(scope: Scope) -> Any:
        row = scope.rows.get(root)
        try:
            value = (scope.variables[root] if row is None else row)[first]
            for step in rest:
                value = value[step]
        except (KeyError, TypeError):
            raise MissingVariable(".".join(path)) from None
        return value

    return read
