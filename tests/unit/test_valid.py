"""Right scenarios: the smallest for each part of the language, and together every key that is available."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsrun import validate
from wsrun.check import load_scenario
from wsrun.compiler import compile_plan

FOLDER = Path(__file__).parents[1] / "data" / "valid"
CASES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_right_scenario_has_no_mistake_and_compiles(path: Path) -> None:
    """What passes the checks, the compiler turns into a plan without a word."""
    document = load_scenario(path, environ={})
    plan = compile_plan(document, seed=1)
    assert plan.phases
    assert plan.duration > 0


def test_the_right_scenarios_use_every_key() -> None:
    """A key that no scenario uses could be refused by mistake, and nobody would notice."""
    shape = validate.schema()
    used: set[int] = set()
    for path in CASES:
        _visit(shape, load_scenario(path, environ={}).data, shape["$defs"], used)
    parts = {"": shape, **shape["$defs"]}
    unused = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, member in part.get("properties", {}).items()
        if not member.get("x-not-yet") and id(member) not in used
    ]
    assert unused == []


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
