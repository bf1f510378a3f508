"""Which keys of the language a scenario uses, so that tests can tell which ones nothing uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsrun import validate


def unused_keys(scenarios: Iterable[dict[str, Any]]) -> list[str]:
    """Return the available keys that none of the scenarios has, as ``definition.key``."""
    shape = validate.schema()
    used: set[int] = set()
    for scenario in scenarios:
        _visit(shape, scenario, shape["$defs"], used)
    parts = {"scenario": shape, **shape["$defs"]}
    return [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, member in part.get("properties", {}).items()
        if not member.get("x-not-yet") and id(member) not in used
    ]


def _visit(part: dict[str, Any], value: Any, definitions: dict[str, Any], used: set[int]) -> None:
    """Note every property of a schema that a value has."""
    if "$ref" in part:
        _visit(definitions[part["$ref"].rpartition("/")[2]], value, definitions, used)
    for branch in ("then", "else"):
        if branch in part and isinstance(value, dict):
            _visit(part[branch], value, definitions, used)
    if isinstance(value, dict):
        for key, item in value.items():
            member = part.get("properties", {}).get(key)
            if member is not None:
                used.add(id(member))
                _visit(member, item, definitions, used)
            elif isinstance(part.get("additionalProperties"), dict):
                _visit(part["additionalProperties"], item, definitions, used)
    elif isinstance(value, list) and isinstance(part.get("items"), dict):
        for item in value:
            _visit(part["items"], item, definitions, used)
