"""Bodies of HTML forms: ``name=value`` pairs, percent-encoded as the URL Standard says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Scope, Tools, compile_text, text_of
from wsrun.expressions.compile import is_constant


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile a mapping from name to value; a list of values is written under one name again and again."""
    assert isinstance(source, Mapping)
    parts: list[bytes | Slot] = []
    for name, value in source.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            parts.append(b"&" if parts else b"")
            parts.append(_quoted(str(name)) + b"=")
            parts.append(_quoted(text_of(one)) if is_constant(one) else _slot(str(one), tools))
    return join_slots(parts)


def _slot(text: str, tools: Tools) -> Slot:
    evaluate = compile_text(text, tools)

    def write(scope: Scope) -> bytes:
        return _quoted(evaluate(scope))

    return write


def _quoted(text: str) -> bytes:
    return quote_plus(text, errors="replace").encode()
