"""Binary bodies written as hexadecimal digits with slots; white space between digits means nothing."""

from __future__ import annotations

import re
from typing import Any, Final

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Expr, MissingVariable, Scope, Tools, parse
from wsrun.expressions.compile import compile_expr

_NO_DIGIT: Final = re.compile(r"[^0-9a-fA-F\s]")
_NEVER_HEX: Final = frozenset({"id", "seq", "client", "now"})


class HexError(ValueError):
    """A hex body is wrong; ``offset`` is where in the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def check_digits(text: str) -> None:
    """Check a hex body: only digits, in pairs between the slots, and slots that can be hex.

    Raises:
        HexError: at the first place that is wrong.
        ExpressionError: a template in it cannot be read.
    """
    offset = 0
    for part in parse(text).parts:
        if isinstance(part, Expr):
            if part.path is not None and part.path[0] in _NEVER_HEX:
                raise HexError(f"the value of '{part.source}' is not hexadecimal", part.offset)
            offset = text.index("}}", part.offset + len(part.source)) + 2
            continue
        wrong = _NO_DIGIT.search(part)
        if wrong is not None:
            raise HexError(f"{wrong.group()!r} is not a hexadecimal digit", offset + wrong.start())
        if len("".join(part.split())) % 2:
            start = offset + len(part) - len(part.lstrip())
            raise HexError("an odd number of hexadecimal digits: two make a byte", start)
        offset += len(part)


def compile_source(source: Any, tools: Tools) -> Slot:
    """Compile digits and slots; a slot gives hex text, as the filters u8, utf8 … make it.

    Raises:
        HexError: as ``check_digits``.
    """
    check_digits(source)
    parts = parse(source).parts
    return join_slots([_digits(part) if isinstance(part, str) else _slot(part, tools) for part in parts])


def _digits(text: str) -> bytes:
    return bytes.fromhex("".join(text.split()))


def _slot(expr: Expr, tools: Tools) -> Slot:
    evaluate = compile_expr(expr, tools)

    def read(scope: Scope) -> bytes:
        value = evaluate(scope)
        try:
            return _digits(value)
        except (ValueError, AttributeError):
            reason = "its value is not hexadecimal; a filter makes it so, such as u16 or utf8"
            raise MissingVariable(expr.source, reason) from None

    return read
