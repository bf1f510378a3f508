"""Functional tests over real sockets: the same file, once, with the verdict that its steps deserve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from running import options_in, validate_result

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run
from wsrun.once import once

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def run_once(path: Path, folder: Path, *changes: tuple[str, str]) -> dict[str, Any]:
    """Run a scenario as a functional test."""
    plan = once(compile_plan(load_scenario(path, {}, changes), seed=1))
    return run(plan, options_in(folder), lambda progress: None)


@pytest.mark.parametrize("name", ["login", "http", "flow", "spike"])
def test_a_shipped_scenario_passes_as_a_functional_test(name: str, tmp_path: Path) -> None:
    """Every step is done and good, in seconds, whatever the load of the scenario."""
    result = run_once(SCENARIOS / f"{name}.yaml", tmp_path)
    validate_result(result)
    assert [step["problems"] for step in result["steps"] if not step["ok"]] == []
    assert (result["verdict"], result["exit_code"]) == ("pass", 0)
    assert len(result["steps"]) >= 2
    assert result["run"]["planned"] < 60
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}


def test_a_wrong_password_fails_it_and_is_told_with_its_answer(tmp_path: Path) -> None:
    """The step, the status and the body; the run ends at once."""
    result = run_once(
        SCENARIOS / "login.yaml", tmp_path, ("messages.login.http.json.password", "wrong-password")
    )
    validate_result(result)
    (step,) = [step for step in result["steps"] if not step["ok"]]
    assert (step["step"], step["ok"]) == ("send login", False)
    assert "401" in step["problems"][0]
    assert "wrong user or password" in step["problems"][0]
    assert (result["verdict"], result["exit_code"]) == ("fail", 1)
    assert "wrong-password" not in str(result)


def test_a_target_that_is_not_there_is_invalid_as_ever(tmp_path: Path) -> None:
    """Nothing was tested."""
    result = run_once(SCENARIOS / "flow.yaml", tmp_path, ("target.url", "ws://127.0.0.1:9/"))
    assert (result["verdict"], result["exit_code"]) == ("invalid", 3)
