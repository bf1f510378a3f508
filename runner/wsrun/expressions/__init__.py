"""``{{ expressions }}`` in a scenario: found in texts, checked, and compiled into closures over a client."""

from wsrun.expressions.compile import compile_text, compile_value
from wsrun.expressions.fakes import FakePool, check_fake
from wsrun.expressions.id_maker import IdMaker, TimeDigits
from wsrun.expressions.ids import MOST_CLIENTS, parse_id
from wsrun.expressions.names import BUILT_IN, Scope, Tools
from wsrun.expressions.templates import Expr, ExpressionError, MissingVariable, Template, parse
from wsrun.expressions.values import text_of

__all__ = [
    "BUILT_IN",
    "MOST_CLIENTS",
    "Expr",
    "ExpressionError",
    "FakePool",
    "IdMaker",
    "MissingVariable",
    "Scope",
    "Template",
    "TimeDigits",
    "Tools",
    "check_fake",
    "compile_text",
    "compile_value",
    "parse",
    "parse_id",
    "text_of",
]
