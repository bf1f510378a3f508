"""Plain scalars to values by the YAML 1.2 core schema.

``on``, ``yes``, ``1:30`` and dates are text, ``010`` is ten, and what JSON cannot hold (NaN, infinities,
integers over 64 bits) is refused.
"""

from __future__ import annotations

import re

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST = 400
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


class ScalarError(ValueError):
    """A number that no scenario can hold."""


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar.

    Raises:
        ScalarError: the number is not finite, or an integer that 64 bits cannot hold.
    """
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        value = float(text) if len(text) <= _LONGEST else float("inf")
        if value - value != 0:
            raise ScalarError("this number is too large")
        return value
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"{text} is not a number that a scenario can hold")
    return text


def _integer(text: str) -> int:
    if len(text) > _LONGEST:
        raise ScalarError("this number is too large")
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    value = int(text[2:] if base != 10 else text, base)
    if not _LOWEST <= value <= _HIGHEST:
        raise ScalarError("this number is too large")
    return value
