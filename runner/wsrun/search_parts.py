"""A search, from as written to as planned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from wsrun import criteria, units
from wsrun.criteria import Criterion, MetricRef
from wsrun.diagnostics import Location
from wsrun.pacing.stages import begun, search_end, spanned
from wsrun.parts import duration
from wsrun.plan import CriterionPlan, MessagePlan, PhasePlan, SearchPlan

ByGroup = Callable[[Any], dict[int, Any]]
"""Splits what may stand per group."""


def settling(messages: Iterable[MessagePlan]) -> float:
    """Return after how many seconds it is known of the last message of a level whom it has reached."""
    return 2 * max((message.deliver.within for message in messages if message.deliver), default=0.0)


def searching(
    phase: PhasePlan,
    spec: Mapping[str, Any],
    by_group: ByGroup,
    pause: float,
    locate: Callable[..., Location],
) -> PhasePlan:
    """Return a phase that searches, as long as its longest way.

    Args:
        phase: all of it but the search.
        spec: the search as written.
        by_group: splits what may stand per group.
        pause: seconds that judging a level may take, by plan.
        locate: gives the place of one of the search's values by its path within it.
    """
    is_rate = "rate" in spec
    levels = by_group(spec["rate" if is_rate else "clients"])
    (group,) = levels

    def number(key: str) -> float:
        value = levels[group][key]
        return units.parse_rate(value) if is_rate else float(value)

    def conditions(key: str) -> tuple[CriterionPlan, ...]:
        return tuple(
            _condition(text, phase.name, locate(key, index)) for index, text in enumerate(spec.get(key, ()))
        )

    plan = SearchPlan(
        axis="rate" if is_rate else "clients",
        group=group,
        first=number("from"),
        last=number("to"),
        step=number("step"),
        bisect=spec.get("bisect", False),
        hold=duration(spec.get("hold"), 30.0),
        settle=duration(spec.get("settle"), 5.0),
        pause=pause,
        such_that=conditions("such_that"),
        degraded=conditions("degraded"),
    )
    plan = begun(plan, phase.start)
    return dataclasses.replace(spanned(phase, plan), duration=search_end(plan) - phase.start)


def default_criteria(phases: Sequence[PhasePlan]) -> tuple[str, ...]:
    """Return what is judged where a scenario names no criteria and does nothing but search."""
    if len(phases) == 1:
        return ("search.best > 0",)
    return tuple(f"search.best(phase={phase.name}) > 0" for phase in phases)


def _condition(text: str, phase: str, location: Location) -> CriterionPlan:
    """A condition is judged on its own phase, unless it names another."""
    parsed = criteria.parse(text)
    bound = parsed.bound
    if bound.metric is not None:
        bound = dataclasses.replace(bound, metric=_within(bound.metric, phase))
    criterion = Criterion(_within(parsed.metric, phase), parsed.operator, bound)
    return CriterionPlan(text=text, criterion=criterion, location=location)


def _within(reference: MetricRef, phase: str) -> MetricRef:
    if any(name == "phase" for name, _ in reference.labels):
        return reference
    return dataclasses.replace(reference, labels=(*reference.labels, ("phase", phase)))
