"""The calls in an expression whose arguments are constants, so that they can be prepared before the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from wsrun.expressions.syntax import path_of


@dataclass(frozen=True, slots=True)
class ConstantCall:
    """A call of ``path``; ``is_whole`` says that the expression is this call and nothing else."""

    path: tuple[str, ...]
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    is_whole: bool


def constant_calls(tree: nodes.Expr) -> list[ConstantCall]:
    """Return the calls of an expression that have constant arguments."""
    found: list[ConstantCall] = []
    calls = [tree] if isinstance(tree, nodes.Call) else []
    for node in (*calls, *tree.find_all(nodes.Call)):
        path = path_of(node.node)
        if path is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            continue
        try:
            arguments = tuple(argument.as_const() for argument in node.args)
            named = {keyword.key: keyword.value.as_const() for keyword in node.kwargs}
        except nodes.Impossible:
            continue
        found.append(ConstantCall(path, arguments, named, node is tree))
    return found
