"""JSON bodies: what does not change is serialised once, what does is written into its slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from wsrun.bodies.slots import Slot, id_slot, join_slots
from wsrun.expressions import Expr, Scope, Tools, parse, text_of
from wsrun.expressions.compile import compile_expr, is_constant
from wsrun.expressions.values import dump, dump_key, dump_text


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile a JSON-like value with templates in its strings; keys are taken as they are."""
    return join_slots(list(_parts(source, tools)))


def _parts(value: Any, tools: Tools) -> Iterator[bytes | Slot]:
    if is_constant(value):
        yield dump(value)
    elif isinstance(value, Mapping):
        for number, (key, inner) in enumerate(value.items()):
            yield (b"," if number else b"{") + dump_key(key) + b":"
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
    if template.is_single and not _is_id(template.parts[0]):
        yield _whole(template.parts[0], tools)
        return
    yield b'"'
    for part in template.parts:
        if isinstance(part, str):
            yield dump_text(part)
        elif _is_id(part):
            yield id_slot
        else:
            yield _inner(part, tools)
    yield b'"'


def _is_id(part: str | Expr) -> bool:
    return isinstance(part, Expr) and part.source == "id"


def _whole(part: str | Expr, tools: Tools) -> Slot:
    """Compile an expression that is all of a string: its value keeps its type."""
    assert isinstance(part, Expr)
    evaluate = compile_expr(part, tools)
    dumps = orjson.dumps

    def write(scope: Scope) -> bytes:
        value = evaluate(scope)
        try:
            return dumps(value)
        except TypeError:
            return dump(value)

    return write


def _inner(part: Expr, tools: Tools) -> Slot:
    """Compile an expression within a text."""
    evaluate = compile_expr(part, tools)
    return lambda scope: dump_text(text_of(evaluate(scope)))
