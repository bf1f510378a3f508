"""Expressions of names, constants, filters and arithmetic as closures, ten times as fast as Jinja2's code.

They mean the same: the filters, and the operators with their bounds, are those of the sandbox. What else
there is in Jinja2 (calls, comparisons, choices, items) is left to it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2 import nodes

from wsrun.expressions.names import Evaluate, Scope, Tools
from wsrun.expressions.reads import compile_read
from wsrun.expressions.sandbox import sandbox
from wsrun.expressions.syntax import path_of
from wsrun.expressions.templates import MissingVariable

_BOUNDED: Final[Mapping[type[nodes.Node], str]] = {nodes.Add: "+", nodes.Mul: "*", nodes.Mod: "%"}
_PLAIN: Final[Mapping[type[nodes.Node], Callable[[Any, Any], Any]]] = {
    nodes.Sub: operator.sub,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
}


class _NotDirectError(Exception):
    """A part of an expression has no closure."""


def compile_direct(tree: nodes.Expr, tools: Tools) -> Evaluate | None:
    """Compile a parsed expression to closures; None when a part of it needs Jinja2.

    The result raises ``MissingVariable`` for a name without a value, and what operators and filters raise.
    """
    try:
        return _compile(tree, tools)
    except _NotDirectError:
        return None


def _compile(node: nodes.Node, tools: Tools) -> Evaluate:
    path = path_of(node)
    if path is not None:
        read = compile_read(path, tools)
        if read is None:
            raise _NotDirectError
        return read
    match node:
        case nodes.Const(value=constant):
            return lambda scope: constant
        case nodes.List(items=items):
            inner = [_compile(item, tools) for item in items]
            return lambda scope: [evaluate(scope) for evaluate in inner]
        case nodes.Neg(node=operand):
            value = _compile(operand, tools)
            return lambda scope: -value(scope)
        case nodes.BinExpr(left=left, right=right):
            return _operation(type(node), _compile(left, tools), _compile(right, tools))
        case nodes.Filter(node=subject) if subject is not None:
            return _filter(node, _compile(subject, tools), tools)
    raise _NotDirectError


def _operation(kind: type[nodes.Node], left: Evaluate, right: Evaluate) -> Evaluate:
    if kind in _PLAIN:
        compute = _PLAIN[kind]
        return lambda scope: compute(left(scope), right(scope))
    if kind in _BOUNDED:
        sign, bounded = _BOUNDED[kind], sandbox().call_binop
        return lambda scope: bounded(None, sign, left(scope), right(scope))
    raise _NotDirectError


def _filter(node: nodes.Filter, subject: Evaluate, tools: Tools) -> Evaluate:
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _NotDirectError
    arguments = [_compile(argument, tools) for argument in node.args]
    if node.name in ("default", "d"):
        return _default(subject, *arguments)
    work = sandbox().filters[node.name]
    if hasattr(work, "jinja_pass_arg"):
        raise _NotDirectError
    if not arguments:
        return lambda scope: work(subject(scope))
    return lambda scope: work(subject(scope), *[argument(scope) for argument in arguments])


def _default(subject: Evaluate, *arguments: Evaluate) -> Evaluate:
    if len(arguments) != 1:
        raise _NotDirectError
    (fallback,) = arguments

    def read(scope: Scope) -> Any:
        try:
            return subject(scope)
        except MissingVariable:
            return fallback(scope)

    return read
