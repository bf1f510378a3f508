"""A search of a plan in the spelling of a scenario, with every default written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsrun import units
from wsrun.cli.step_settings import number, without_none
from wsrun.plan import Plan, SearchPlan


def search_settings(plan: Plan, search: SearchPlan, rate: Callable[[float], str]) -> dict[str, Any]:
    """Write a search; ``rate`` writes a rate so that reading it gives the same number again."""
    write: Callable[[float], Any] = rate if search.axis == "rate" else number
    levels: Any = {"from": write(search.first), "to": write(search.last), "step": write(search.step)}
    if len(plan.groups) > 1:
        levels = {plan.groups[search.group].name: levels}
    return without_none(
        {
            search.axis: levels,
            "bisect": search.bisect,
            "hold": units.format_duration(search.hold),
            "settle": units.format_duration(search.settle),
            "such_that": [criterion.text for criterion in search.such_that],
            "degraded": [criterion.text for criterion in search.degraded] or None,
        }
    )
