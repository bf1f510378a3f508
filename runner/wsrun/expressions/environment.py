"""The sandbox in which expressions live: Jinja2 without statements, loops, powers or private attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from wsrun.expressions.templates import ExpressionError

_MOST_TEXT = 1 << 20
_MOST_NUMBER = 1 << 64
_WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


class Sandbox(ImmutableSandboxedEnvironment):
    """Keeps arithmetic small: an expression runs once a message, on the loop."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute, unless the result would be huge."""
        if operator == "**":
            raise SecurityError("powers are not available in expressions")
        if operator == "*":
            sizes = [len(side) for side in (left, right) if isinstance(side, str | bytes | list | tuple)]
            counts = [side for side in (left, right) if isinstance(side, int)]
            if sizes and counts and sizes[0] * abs(counts[0]) > _MOST_TEXT:
                raise SecurityError("the result would be too long")
        if operator == "%" and isinstance(left, str) and re.search(r"%[^a-z%]*\d{4}|%[^a-z%]*\*", left):
            raise SecurityError("the result would be too long")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > _MOST_NUMBER:
            raise SecurityError("the result has more than 64 bits")
        if isinstance(result, str) and len(result) > _MOST_TEXT:
            raise SecurityError("the result is too long")
        return result


def _hex_of(value: int, width: int, order: str) -> str:
    return int(value).to_bytes(width, "little" if order == "le" else "big").hex()


def varint(value: int) -> str:
    """Return a number as hex of a variable-length integer, seven bits a byte, lowest first (LEB128)."""
    number = int(value)
    if number < 0:
        raise ValueError("a varint is not negative")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return out.hex()


def sized(value: str, width: str) -> str:
    """Return hex with its own length in bytes before it; ``width`` is a number filter, such as u16."""
    encode = filters()[width]
    return str(encode(len(bytes.fromhex(value)))) + value


@cache
def filters() -> dict[str, Callable[..., Any]]:
    """Return the filters that make hex, by name."""
    made: dict[str, Callable[..., Any]] = {
        "varint": varint,
        "utf8": lambda value: str(value).encode().hex(),
        "sized": sized,
    }
    for name, width in _WIDTHS.items():
        for order in ("", "le"):
            made[name + order] = lambda value, width=width, order=order: _hex_of(value, width, order)
    return made


@cache
def sandbox() -> Sandbox:
    """Return the environment; making one takes a millisecond."""
    environment = Sandbox(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters.update(filters())
    return environment


def compile_expression(source: str) -> Callable[..., Any]:
    """Compile a checked expression; the result takes its names as keyword arguments."""
    compiled: Callable[..., Any] = sandbox().compile_expression(source, undefined_to_none=False)
    return compiled


def names_of(source: str, offset: int) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
    """Return the names that an expression uses, and those of them that may be missing.

    Raises:
        ExpressionError: it is no expression, or names a filter or test that does not exist.
    """
    try:
        tree = sandbox().parse("{{ " + source + " }}")
        compile_expression(source)
    except TemplateSyntaxError as error:
        raise ExpressionError(_plain(error.message or "this is no expression"), offset) from error
    except TemplateError as error:
        raise ExpressionError(_plain(str(error)), offset) from error
    except RecursionError as error:
        raise ExpressionError("this expression is nested too deeply", offset) from error
    if [type(node) for node in tree.body] != [nodes.Output]:
        raise ExpressionError("this is no expression", offset, "one value stands between {{ and }}")
    found = list(_paths(tree, optional=False))
    needed = frozenset(path for path, optional in found if not optional)
    return frozenset(path for path, _ in found), frozenset(path for path, _ in found) - needed


def _paths(node: nodes.Node, *, optional: bool) -> Iterator[tuple[tuple[str, ...], bool]]:
    path = _path(node)
    if path is not None:
        yield path, optional
        return
    soft = isinstance(node, nodes.Filter) and node.name in ("default", "d")
    soft = soft or (isinstance(node, nodes.Test) and node.name in ("defined", "undefined"))
    for number, child in enumerate(node.iter_child_nodes()):
        yield from _paths(child, optional=optional or (soft and number == 0))


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        above = _path(node.node)
        return None if above is None else (*above, node.attr)
    return None


def _plain(message: str) -> str:
    text = message.rstrip(".")
    return text[:1].lower() + text[1:]
