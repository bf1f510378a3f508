"""What each client of a functional test did, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from wsrun.view.reading import Reading
from wsrun.view.words import counted

SHOWN = 1_000
"""Steps that are listed; result.json has more of them."""

BETWEEN = "between steps"
"""What is said of what went wrong while no step was done."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: what it was, how long it took (empty for what is no step), and what went wrong."""

    is_good: bool
    name: str
    time: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """The steps of one client, by their time; ``profile`` is empty where it is not known."""

    client: str
    profile: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Visits:
    """All visits of a functional test; ``told`` counts their steps, ``rest`` those that are not listed."""

    told: str
    visits: tuple[Visit, ...]
    rest: str


def build(reading: Reading) -> Visits | None:
    """Return the visits of a functional test, None for any other run."""
    return list_visits(reading.result.get("steps", ()))


def list_visits(steps: Sequence[Mapping[str, Any]]) -> Visits | None:
    """Return steps by their clients, None when there are none."""
    if not steps:
        return None
    ordered = sorted(steps, key=lambda step: (step["client"], step["at"]))
    visits = []
    for client, own in groupby(ordered[:SHOWN], key=lambda step: step["client"]):
        done = list(own)
        profile = next((step["profile"] for step in done if step["profile"]), "")
        visits.append(Visit(client, profile, tuple(map(_step, done))))
    left = len(ordered) - SHOWN
    rest = f"and {counted(left, 'more step')}, which result.json has" if left > 0 else ""
    failed = sum(not step["ok"] for step in steps)
    return Visits(f"{counted(len(steps), 'step')}, {failed} failed", tuple(visits), rest)


def _step(step: Mapping[str, Any]) -> Step:
    time = f"{step['seconds'] * 1000:.1f} ms" if step["step"] else ""
    return Step(step["ok"], step["step"] or BETWEEN, time, tuple(step["problems"]))
