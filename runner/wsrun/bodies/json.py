"""JSON bodies: what does not change is serialised once, what does is written into its slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Expr, Scope, Tools, compile_text, parse
from wsrun.expressions.compile import compile_expr, is_constant

_ID = "id"


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile a JSON-like value with templates in its strings."""
    return join_slots(list(_parts(source, tools)))


def _parts(value: Any, tools: Tools) -> Iterator[bytes | Slot]:
    if is_constant(value):
        yield orjson.dumps(value)
    elif isinstance(value, Mapping):
        for number, (key, inner) in enumerate(value.items()):
            yield (b"," if number else b"{") + orjson.dumps(str(key)) + b":"
            yield from _parts(inner, tools)
        yield b"}"
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield b"," if number else b"["
            yield from _parts(inner, tools)
        yield b"]"
    else:
        yield from _string(value, tools)


def _string(text: str, tools: Tools) -> Iterator[bytes | Slot]:
    template = parse(text)
    if not template.is_single:
        write = compile_text(text, tools)
        yield lambda scope: _dump(write(scope))
        return
    expr = template.parts[0]
    assert isinstance(expr, Expr)
    if expr.source == _ID:
        # An id has nothing to escape.
        yield b'"'
        yield _id_bytes
        yield b'"'
        return
    evaluate = compile_expr(expr, tools)
    yield lambda scope: _dump(evaluate(scope))


def _id_bytes(scope: Scope) -> bytes:
    return scope.message_id.encode()


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        # Lone surrogates and integers beyond 64 bits: as text, with what cannot be written replaced.
        return orjson.dumps(str(value).encode("utf-8", "replace").decode())
