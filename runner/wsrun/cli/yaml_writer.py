"""Writes data as YAML: blocks, and in one line whatever fits there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from wsrun.source.scalars import ScalarError, resolve

_PLAIN = re.compile(r"[A-Za-z0-9_$/](?:[A-Za-z0-9_$./%()<=>+-]|:(?=[^ ])| (?=[^ #]))*")
"""Texts that need no quotes, also in flow style: no comma, bracket or brace, no ": " and no " #"."""
_WIDTH = 100


def as_yaml(data: Mapping[str, Any]) -> str:
    """Write data as YAML: blocks, and in one line whatever fits there."""
    return "".join(line + "\n" for key, value in data.items() for line in _entry(key, value, 0))


def _entry(key: str, value: Any, depth: int) -> list[str]:
    """Write a key and its value at a depth of indentation."""
    lead = "  " * depth + _scalar(key) + ":"
    in_line = f"{lead} {_flow(value)}"
    if not isinstance(value, Mapping | list | tuple) or not value:
        return [in_line]
    if depth > 0 and len(in_line) <= _WIDTH:
        return [in_line]
    if isinstance(value, Mapping):
        return [lead, *(line for inner, item in value.items() for line in _entry(inner, item, depth + 1))]
    return [lead, *(line for item in value for line in _item(item, depth + 1))]


def _item(item: Any, depth: int) -> list[str]:
    """Write an item of a list at a depth of indentation."""
    lead = "  " * depth + "- "
    in_line = lead + _flow(item)
    if len(in_line) <= _WIDTH or not isinstance(item, Mapping) or not item:
        return [in_line]
    lines = [line for key, value in item.items() for line in _entry(key, value, depth + 1)]
    return [lead + lines[0].lstrip(), *lines[1:]]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        inner = ", ".join(map(_flow, value))
        return f"[ {inner} ]" if inner else "[]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Write a scalar: plain where it reads back as it is, else in double quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value):
        try:
            if resolve(value) == value:
                return value
        except ScalarError:
            pass
    return f'"{"".join(map(_character, value))}"'


def _character(character: str) -> str:
    """Write a character between double quotes; YAML escapes are JSON's, but for those beyond U+FFFF."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
