"""Every scenario that is shipped runs against the embedded server, at a small scale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from installed import results, wsrun

from wsrun.check import load_scenario

FOLDER = Path(__file__).parents[2] / "scenarios"
PATHS = sorted(FOLDER.glob("*.yaml"))
LENGTH = 2400
"""Milliseconds that the phases of a scenario take together."""

MOST = 20
"""Clients, or messages a second, that a phase has at most here."""


def small(path: Path) -> Iterator[str]:
    """The options that make a scenario short and light."""
    changes: dict[str, str] = {"interval": "200ms"}
    phases = load_scenario(path, {}).data["phases"]
    for number, phase in enumerate(phases):
        place = f"phases.{number}"
        changes[f"{place}.duration"] = f"{LENGTH // len(phases)}ms"
        if isinstance(phase.get("warm_up"), str):
            changes[f"{place}.warm_up"] = "100ms"
        if isinstance(phase.get("clients"), int):
            changes[f"{place}.clients"] = str(min(phase["clients"], MOST))
        elif "clients" in phase:
            changes[f"{place}.clients"] = f"{{ from: 0, to: {MOST} }}"
        if "connect_rate" in phase:
            changes[f"{place}.connect_rate"] = "100/s"
        if "arrivals" in phase:
            changes[f"{place}.arrivals"] = f"{MOST}/s"
        if "rate" in phase:
            changes[f"{place}.rate"] = f"{MOST}/s"
        if "bursts" in phase:
            changes[f"{place}.bursts"] = "{ every: 400ms, length: 100ms, rate: 100/s }"
    for change in changes.items():
        yield from ("--set", "=".join(change))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[tuple[Path, Any]]]]:
    """All runs, two at a time, by the name of the scenario."""

    def carry_out(path: Path) -> tuple[Path, CompletedProcess[str]]:
        folder = tmp_path_factory.mktemp(path.stem)
        return folder, wsrun(path, *small(path), "--workers", "1", cwd=folder)

    with ThreadPoolExecutor(2) as pool:
        yield {path.stem: pool.submit(carry_out, path) for path in PATHS}


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_a_shipped_scenario_runs(name: str, runs: dict[str, Future[tuple[Path, Any]]]) -> None:
    """It comes to its end, every message is answered, and the counts add up; speed is not judged here."""
    folder, ran = runs[name].result()
    (directory,) = results(folder)
    found = json.loads((directory / "result.json").read_text())

    assert ran.returncode == found["exit_code"], ran.stderr
    assert found["state"] == "completed"
    assert found["connection_metrics"]["success_rate"] == 100
    messages = found["counts"]["messages"]
    assert messages["sent"] == messages["answered"] + messages["without_reply"]
    assert messages["answered"] > 0
    assert found["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert found["errors"] == []


def test_all_kinds_of_load_are_there() -> None:
    """A scenario for each of them."""
    expected = {"baseline", "burst", "flow", "ramp", "realistic", "smoke", "spike", "steady", "stress"}
    assert expected <= {path.stem for path in PATHS}


def test_the_smallest_scenario_has_five_lines() -> None:
    """Five lines run, as the README says."""
    assert len((FOLDER / "smoke.yaml").read_text().splitlines()) == 5
