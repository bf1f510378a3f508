"""The sandbox in which expressions run: no statements, loops, methods, powers or large results.

An expression runs on the loop, once a message: one that takes long would hold up every client. Jinja2's own
sandbox keeps code away from Python's insides; this one also keeps it small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from wsrun.expressions.filters import MOST_TEXT, TooLargeError, filters
from wsrun.expressions.names import Function, Members

_LARGEST: Final = 1 << 64
_WIDE_FORMAT: Final = re.compile(r"%[^a-zA-Z%]*(?:\d{4}|\*)")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2 for expressions."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read a field of a mapping, or a member of a built-in name; nothing else has attributes."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, Members) and obj.has(attribute):
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Read a field of a mapping, or an item of a list or text."""
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only the built-in functions can be called."""
        return isinstance(obj, Function)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute, unless the result would be huge."""
        if operator == "**":
            raise SecurityError("there are no powers")
        if operator == "*":
            _check_product(left, right)
            _check_product(right, left)
        if operator == "+" and isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
            _check(len(left) + len(right))
        if operator == "%" and isinstance(left, str):
            _check_format(left, right)
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > _LARGEST:
            raise SecurityError("the result has more than 64 bits")
        return result


def _check(length: int) -> None:
    if length > MOST_TEXT:
        raise TooLargeError


def _check_product(whole: Any, times: Any) -> None:
    if isinstance(whole, list | tuple):
        # A list of lists of lists would share its items: small in memory, and endless to write down.
        raise SecurityError("a list cannot be multiplied")
    if isinstance(whole, str) and isinstance(times, int):
        _check(len(whole) * times)


def _check_format(layout: str, values: Any) -> None:
    items = values if isinstance(values, tuple) else (values,)
    if not all(isinstance(item, str | int | float) for item in items):
        raise SecurityError("% takes texts and numbers")
    if _WIDE_FORMAT.search(layout):
        raise TooLargeError
    _check(len(layout) + sum(len(item) for item in items if isinstance(item, str)))


@cache
def sandbox() -> Sandbox:
    """Return the environment; making one takes a millisecond."""
    environment = Sandbox(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    known = filters(environment.filters)
    environment.filters.clear()
    environment.filters.update(known)
    return environment


def parse_expression(source: str) -> nodes.Expr:
    """Parse one expression.

    Raises:
        TemplateSyntaxError, RecursionError: it is none, or is nested too deeply.
    """
    parser = Parser(sandbox(), source, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError(f"unexpected {parser.stream.current.value!r}", 1)
    joined: nodes.Expr = _Join().visit(tree)
    joined.set_environment(sandbox())
    return joined


def compile_tree(tree: nodes.Expr) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a parsed expression; the result takes the names, and gives ``Undefined`` for what is missing.

    Raises:
        TemplateError, SyntaxError, RecursionError: it is nested too deeply.
    """
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)]
    template = sandbox().from_string(nodes.Template(body, lineno=1))
    return TemplateExpression(template, undefined_to_none=False)


class _Join(NodeTransformer):
    """Writes ``a ~ b`` as a join, so that it makes text as templates do (true, not True) and stays small."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  (Jinja2 calls it so)
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), "join", [], [], None, None)
