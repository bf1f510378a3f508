"""Functional tests over real sockets: the same file, once, with the verdict that its steps deserve."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from running import options_in, validate_result

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run
from wsrun.once import once

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FIRST_STEPS = Path(__file__).parents[2] / "docs/getting-started.md"


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


def test_the_first_steps_with_a_login_pass_as_a_functional_test(tmp_path: Path) -> None:
    """The chat that a beginner copies logs in, connects with its token, joins a room and speaks."""
    shown = re.findall(
        r"^```yaml\n(wsrun: 1\n.*?)^```", FIRST_STEPS.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (chat,) = [text for text in shown if "post: /login" in text]
    (tmp_path / "chat.yaml").write_text(chat, encoding="utf-8")
    (tmp_path / "users.csv").write_text("user,password\nann,demo-ann\n", encoding="utf-8")
    result = run_once(tmp_path / "chat.yaml", tmp_path)
    assert [step["step"] for step in result["steps"]] == [
        "send login",
        "connect main",
        "send join",
        "send say",
    ]
    assert (result["verdict"], result["exit_code"]) == ("pass", 0)


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
