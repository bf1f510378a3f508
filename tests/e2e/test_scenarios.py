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


RATE = f"{MOST}/s"


def small(path: Path) -> Iterator[str]:
    """The options that make a scenario short and light."""
    changes: dict[str, str] = {"interval": "200ms"}
    phases = load_scenario(path, {}).data["phases"]
    for number, phase in enumerate(phases):
        place = f"phases.{number}"
        if "search" in phase:
            changes |= small_search(f"{place}.search", phase["search"])
        else:
            changes[f"{place}.duration"] = f"{LENGTH // len(phases)}ms"
        if isinstance(phase.get("warm_up"), str):
            changes[f"{place}.warm_up"] = "100ms"
        for key, level in (("clients", MOST), ("rate", RATE), ("arrivals", RATE)):
            if key in phase:
                changes[f"{place}.{key}"] = small_level(phase[key], level)
        if "connect_rate" in phase:
            changes[f"{place}.connect_rate"] = "100/s"
        if "bursts" in phase:
            changes[f"{place}.bursts"] = "{ every: 400ms, length: 100ms, rate: 100/s }"
    for change in changes.items():
        yield from ("--set", "=".join(change))


def small_level(level: Any, most: int | str) -> str:
    """A level of clients, or of a rate, that is no higher than it may be; of each group, if given so."""
    if isinstance(level, int):
        return str(min(level, int(most)))
    if isinstance(level, dict) and "from" not in level:
        return "{ " + ", ".join(f"{group}: {small_level(one, most)}" for group, one in level.items()) + " }"
    return f"{{ from: 0, to: {MOST} }}" if most == MOST else str(most)


def small_search(place: str, search: dict[str, Any]) -> dict[str, str]:
    """Two short levels."""
    axis, unit = ("clients", "") if "clients" in search else ("rate", "/s")
    levels = f"{{ from: 10{unit}, to: 20{unit}, step: 10{unit} }}"
    return {f"{place}.{axis}": levels, f"{place}.hold": "600ms", f"{place}.settle": "200ms"}


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
    # What is refused as the scenario wants it is no error; nothing else may be.
    connections = found["counts"]["connections"]
    assert connections["failed"] == connections["timed_out"] == 0
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
