"""How clients come back, in the spelling of a scenario, with every default written out."""

from __future__ import annotations

from typing import Any

from wsrun import units
from wsrun.cli.step_settings import number
from wsrun.plan import GroupPlan
from wsrun.plan_resilience import ReconnectPlan


def resilience_settings(group: GroupPlan) -> dict[str, Any]:
    """Write what a group says of losses; None for what it leaves out."""
    return {"reconnect": None if group.reconnect is None else _reconnect(group.reconnect)}


def _reconnect(plan: ReconnectPlan) -> dict[str, Any]:
    return {
        "backoff": {
            "from": units.format_duration(plan.first),
            "to": units.format_duration(plan.most),
            "factor": number(plan.factor),
            "jitter": f"{number(plan.jitter * 100)}%",
        },
        "attempts": plan.attempts,
        "not_after": sorted(plan.not_after),
    }
