"""Levels of a search, judged: what each came to, whether it met its conditions, and what the search found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wsrun.judge import evaluate
from wsrun.metrics.snapshot import series
from wsrun.metrics.store import Store
from wsrun.pacing.searching import best_of, broken_of
from wsrun.pacing.stages import stages
from wsrun.plan import CriterionPlan, Held, PhasePlan, Plan
from wsrun.result.delivery import level_shortfall
from wsrun.result.distributions import describe
from wsrun.result.generator import level_problem

DEGRADED_FACTOR = 2.0
"""By how much the p95 of round trips may exceed that of the first level, where nothing else is said."""

Rows = Sequence[dict[str, Any]]


@dataclass(slots=True)
class SearchRecord:
    """A search while it goes on, and afterwards.

    ``levels`` are entries of result.json, in the order in which they were held. ``problem`` is why the search
    ended without an answer, None when it did not: then its last level says nothing about the target.
    """

    phase: PhasePlan
    levels: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None
    is_over: bool = False

    @property
    def outcomes(self) -> list[tuple[float, bool]]:
        """The values of the levels that say something, and whether they met the conditions."""
        return [(level["value"], level["met"]) for level in self.levels if level["met"] is not None]

    @property
    def unknown(self) -> int:
        """How many levels say nothing, because the generator was not fit."""
        return sum(level["met"] is None for level in self.levels)

    @property
    def best(self) -> float:
        """The highest level that met the conditions, 0 when none did."""
        return best_of(self.outcomes)

    @property
    def broken(self) -> float | None:
        """The lowest level that missed them, None when none did."""
        return broken_of(self.outcomes)

    @property
    def degraded(self) -> float | None:
        """The lowest level at which the target had degraded, None when it had at none."""
        found = [level["value"] for level in self.levels if level["degraded"] and level["met"] is not None]
        return min(found, default=None)

    def found(self, store: Store) -> None:
        """Let criteria know what the search came to."""
        name = self.phase.name
        answers = {"best": self.best, "degraded": self.degraded, "broken": self.broken}
        for what, value in answers.items():
            if value is not None:
                store.found[series(f"search.{what}", phase=name)] = value

    def to_json(self) -> dict[str, Any]:
        """Return the entry of result.json."""
        search = self.phase.search
        assert search is not None
        return {
            "phase": self.phase.name,
            "over": search.axis,
            "from": search.first,
            "to": search.last,
            "step": search.step,
            "bisect": search.bisect,
            "hold": search.hold,
            "settle": search.settle,
            "such_that": [criterion.text for criterion in search.such_that],
            "degraded_when": [criterion.text for criterion in search.degraded]
            or [f"round_trip.p95 more than {DEGRADED_FACTOR:g} × that of the first level"],
            "finished": self.is_over,
            "problem": self.problem,
            "best": self.best if self.levels else None,
            "degraded": self.degraded,
            "broken": self.broken,
            "levels": self.levels,
        }


def is_settled(store: Store, phase: str, level: int) -> bool:
    """Tell whether every request and connection of a level has come to its end, one way or the other."""

    def count(name: str) -> int:
        return store.counter(name, judged=True, phase=phase, level=str(level))

    replies = sum(count(f"replies.{name}") for name in ("answered", "failed", "timed_out", "lost", "pending"))
    connects = sum(count(f"connect.{name}") for name in ("established", "refused", "timed_out", "failed"))
    return count("replies.expected") <= replies and count("connect.attempted") <= connects


def judge_level(plan: Plan, index: int, held: Held, store: Store, rows: Rows, before: Rows) -> dict[str, Any]:
    """Judge one level.

    Args:
        plan: as it was amended until now.
        index: of the phase that searches.
        held: the level.
        store: of the whole run so far.
        rows: of the timeline so far.
        before: entries of the levels before this one; degradation is measured by the first that is known.

    Returns:
        The entry of result.json. ``met`` is None where the generator was not fit, so that a missed condition
        says nothing about the target; ``note`` then says why, as it does where the load was not there.
    """
    phase = plan.phases[index]
    search = phase.search
    assert search is not None
    stage = next(stage for stage in stages(phase) if stage.search and stage.search.held[0] == held)
    phases = (*plan.phases[:index], stage, *plan.phases[index + 1 :])
    alone = dataclasses.replace(plan, phases=phases)
    part = store.at_level(phase.name, held.number)
    start, end = held.start + search.settle, held.start + search.hold
    inside = [row for row in rows if start <= row["t"] + row["length"] / 2 < end]
    conditions = [_condition(criterion, part, alone) for criterion in search.such_that]
    missed = any(condition["status"] == "missed" for condition in conditions)
    note = None if missed else level_shortfall(alone, part, inside, search.such_that, phase.name)
    is_met: bool | None = not missed and note is None
    problem = None if is_met else level_problem(part, phase.name, inside)
    if problem is not None:
        is_met, note = None, problem

    def count(name: str) -> int:
        return part.counter(name, judged=True, phase=phase.name)

    round_trip = part.distribution("round_trip", judged=True, phase=phase.name)
    described = describe(round_trip)
    length = end - start
    tried = sum(count(n) for n in ("connect.attempted", "messages.sent", "expect.passed", "expect.failed"))
    return {
        "number": held.number,
        "value": held.value,
        "start": held.start,
        "end": end,
        "met": is_met,
        "note": note,
        "degraded": _is_degraded(search.degraded, part, alone, described, before),
        "conditions": conditions,
        "clients": inside[-1]["clients"] if inside else None,
        "sent_per_second": count("messages.sent") / length,
        "answered_per_second": count("replies.answered") / length,
        "errors": count("errors"),
        "success": 1 - min(count("errors") / tried, 1.0) if tried else None,
        "round_trip": described,
        "service_time": describe(part.distribution("service_time", judged=True, phase=phase.name)),
    }


def _condition(criterion: CriterionPlan, store: Store, plan: Plan) -> dict[str, Any]:
    """Judge a condition; one on connections has nothing to miss where a level needs no new ones."""
    row = evaluate(criterion, store, plan)
    status = row["status"]
    if status != "met":
        is_needless = status == "no_data" and row["metric"].startswith("connect.")
        status = "met" if is_needless else "missed"
    return {
        "check": criterion.text,
        "status": status,
        "observed": row["observed"],
        "observed_text": row["observed_text"],
        "required_text": row["required_text"],
        "note": row["note"],
    }


def _is_degraded(
    conditions: Sequence[CriterionPlan],
    store: Store,
    plan: Plan,
    round_trip: Mapping[str, Any],
    before: Rows,
) -> bool | None:
    """Tell whether the target has degraded at a level; None where there is nothing to tell it by."""
    if conditions:
        return any(_condition(criterion, store, plan)["status"] == "missed" for criterion in conditions)
    now = round_trip["p95"]
    known = [level for level in before if level["met"] is not None]
    first = known[0]["round_trip"]["p95"] if known else now
    if now is None or first is None:
        return None
    return bool(now > DEGRADED_FACTOR * first)
