"""Right scenarios: the smallest for each part of the language, and together every key that is available."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.keys import unused_keys

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan

FOLDER = Path(__file__).parents[1] / "data" / "valid"
CASES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_right_scenario_has_no_mistake_and_compiles(path: Path) -> None:
    """What passes the checks, the compiler turns into a plan without a word."""
    document = load_scenario(path, environ={}, allow_python=True)
    plan = compile_plan(document, seed=1)
    assert plan.phases
    assert plan.duration > 0


def test_the_right_scenarios_use_every_key() -> None:
    """A key that no scenario uses could be refused by mistake, and nobody would notice."""
    assert unused_keys(load_scenario(path, environ={}, allow_python=True).data for path in CASES) == []
