"""Text bodies, as UTF-8."""

from __future__ import annotations

from typing import Any

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Tools, compile_text, parse


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile a text with templates."""
    text = str(source)
    if parse(text).is_constant:
        return join_slots([text.encode()])
    write = compile_text(text, tools)
    return lambda scope: write(scope).encode("utf-8", "replace")
