"""docs/coverage.md: what wsrun does, row by row; each row names a scenario and a test that are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([CML]\d+) \|(.*)\|$", re.MULTILINE)
SCENARIO = re.compile(r"`(scenarios/[\w./-]+\.yaml)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
WANTED = [
    f"{letter}{number}" for letter, last in (("C", 13), ("M", 12), ("L", 12)) for number in range(1, last + 1)
]


@cache
def rows() -> dict[str, str]:
    """The text of each row by its id."""
    return dict(ROW.findall((ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")))


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests that a file defines."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_is_there_once() -> None:
    """Connections, messages and load, in their order."""
    assert list(rows()) == WANTED


@pytest.mark.parametrize("row", WANTED)
def test_a_row_names_a_scenario_and_a_test_that_exist(row: str) -> None:
    """Scenarios are all compiled by the tests, and the small ones run; so what is named is what runs."""
    scenarios, named = SCENARIO.findall(rows()[row]), TEST.findall(rows()[row])

    assert scenarios and named
    assert [path for path in scenarios if not (ROOT / path).is_file()] == []
    assert [name for file, name in named if name not in names_in(file)] == []
