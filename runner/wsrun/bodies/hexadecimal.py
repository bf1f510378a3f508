"""Binary bodies written as hexadecimal digits with slots; white space between digits means nothing."""

from __future__ import annotations

import re
from typing import Any

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Expr, MissingVariable, Scope, Tools, parse, text_of
from wsrun.expressions.compile import compile_expr

_NO_DIGIT = re.compile(r"[^0-9a-fA-F\s]")


class HexError(ValueError):
    """A hex body is wrong; ``offset`` is where in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def check_digits(text: str) -> None:
    """Check a hex body: only digits, in pairs between the slots.

    Raises:
        HexError: at the first place that is wrong.
    """
    offset = 0
    for part in parse(text).parts:
        if isinstance(part, Expr):
            offset = part.offset + len(part.source)
            continue
        offset = text.index(part, offset)
        wrong = _NO_DIGIT.search(part)
        if wrong is not None:
            raise HexError(f"{wrong.group()!r} is not a hexadecimal digit", offset + wrong.start())
        if len("".join(part.split())) % 2:
            raise HexError("an odd number of hexadecimal digits: two make a byte", offset)


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile digits and slots; a slot gives hex text, as the filters u8, utf8 … make it."""
    return join_slots(
        [
            bytes.fromhex(part) if isinstance(part, str) else _slot(part, tools)
            for part in parse(str(source)).parts
        ]
    )


def _slot(expr: Expr, tools: Tools) -> Slot:
    evaluate = compile_expr(expr, tools)

    def read(scope: Scope) -> bytes:
        text = text_of(evaluate(scope))
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise MissingVariable(
                f"{expr.source} (its value is not hexadecimal: use a filter, such as utf8)"
            ) from None

    return read
