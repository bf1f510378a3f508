"""Text bodies, as UTF-8."""

from __future__ import annotations

from typing import Any

from wsrun.bodies.slots import Slot, id_slot, join_slots
from wsrun.expressions import Expr, Tools, parse, text_of
from wsrun.expressions.compile import compile_expr
from wsrun.expressions.values import encode


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile a text with templates; what is around them passes byte for byte."""
    parts = parse(source).parts
    return join_slots([encode(part) if isinstance(part, str) else _slot(part, tools) for part in parts])


def _slot(expr: Expr, tools: Tools) -> Slot:
    if expr.source == "id":
        return id_slot
    evaluate = compile_expr(expr, tools)
    return lambda scope: encode(text_of(evaluate(scope)))
