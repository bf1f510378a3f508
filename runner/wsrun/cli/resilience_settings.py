"""Heartbeats, reconnects and breakers in the spelling of a scenario, with every default written out."""

from __future__ import annotations

from typing import Any

from wsrun import units
from wsrun.cli.step_settings import number, pause_settings, without_none
from wsrun.plan import GroupPlan, Plan, ProfilePlan
from wsrun.plan_resilience import LIFECYCLES, BreakerPlan, HeartbeatPlan, ReconnectPlan


def resilience_settings(plan: Plan, group: GroupPlan) -> dict[str, Any]:
    """Write what a group says of losses; None for what it leaves out."""
    return {
        "breaker": None if group.breaker is None else _breaker(group.breaker),
        "heartbeat": None if group.heartbeat is None else _heartbeat(plan, group.heartbeat),
        "reconnect": None if group.reconnect is None else _reconnect(group.reconnect),
    }


def _breaker(breaker: BreakerPlan) -> dict[str, Any]:
    return {
        "failures": breaker.failures,
        "within": units.format_duration(breaker.within),
        "cool_down": units.format_duration(breaker.cool_down),
    }


def _heartbeat(plan: Plan, heartbeat: HeartbeatPlan) -> dict[str, Any]:
    return without_none(
        {
            "every": units.format_duration(heartbeat.every),
            "timeout": units.format_duration(heartbeat.timeout),
            "message": None if heartbeat.message is None else plan.messages[heartbeat.message].name,
            "misses": heartbeat.misses,
        }
    )


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


def lifecycle_settings(profile: ProfilePlan) -> dict[str, Any] | None:
    """Write when clients of a profile are there, or busy; None: always."""
    plan = profile.lifecycle
    if plan is None:
        return None
    if plan.on is None or plan.off is None:
        return {"kind": plan.kind}
    on, off = LIFECYCLES[plan.kind]
    return {"kind": plan.kind, on: pause_settings(plan.on), off: pause_settings(plan.off)}


def read_settings(profile: ProfilePlan) -> str | None:
    """Write how fast clients of a profile read; None: as fast as messages come."""
    plan = profile.read
    if plan is None:
        return None
    if plan.unit == "messages":
        return units.format_rate(plan.a_second)
    return f"{units.format_size(plan.a_second)}/s"
