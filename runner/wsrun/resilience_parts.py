"""Connections that come and go, from as written to as planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsrun import units
from wsrun.parts import duration, pause
from wsrun.plan_resilience import (
    LIFECYCLES,
    BreakerPlan,
    HeartbeatPlan,
    LifecyclePlan,
    PoolPlan,
    ReadPlan,
    ReconnectPlan,
)


def reconnect(spec: Mapping[str, Any] | None) -> ReconnectPlan | None:
    """Return how a lost client comes back; None: it does not."""
    if spec is None:
        return None
    backoff = spec.get("backoff", {})
    return ReconnectPlan(
        first=duration(backoff.get("from"), 0.1),
        most=duration(backoff.get("to"), 10.0),
        factor=float(backoff.get("factor", 2)),
        jitter=units.parse_share(backoff.get("jitter", "50%")),
        attempts=spec.get("attempts", 8),
        not_after=frozenset(spec.get("not_after", ())),
    )


def heartbeat(spec: Mapping[str, Any] | None, message: Callable[[Any], int]) -> HeartbeatPlan | None:
    """Return the heartbeats of a group, None where there are none; ``message`` gives the index of one."""
    if spec is None:
        return None
    return HeartbeatPlan(
        every=units.parse_duration(spec["every"]),
        timeout=duration(spec.get("timeout"), 5.0),
        message=message(spec["message"]) if "message" in spec else None,
        misses=spec.get("misses"),
    )


def pool(spec: Mapping[str, Any] | None, message: Callable[[Any], int]) -> PoolPlan | None:
    """Return the connections that a group shares; None: each client has its own."""
    if spec is None:
        return None
    return PoolPlan(
        least=spec.get("min", 0),
        most=spec["max"],
        acquire_timeout=duration(spec.get("acquire_timeout"), 5.0),
        idle=duration(spec.get("idle"), 60.0),
        check=message(spec["check"]) if "check" in spec else None,
        every=duration(spec.get("every"), 30.0),
    )


def breaker(spec: Mapping[str, Any] | None) -> BreakerPlan | None:
    """Return when the clients of a group stop attempting anything, None where they never do."""
    if spec is None:
        return None
    return BreakerPlan(
        failures=spec.get("failures", 5),
        within=duration(spec.get("within"), 10.0),
        cool_down=duration(spec.get("cool_down"), 30.0),
    )


def lifecycle(spec: Mapping[str, Any] | None) -> LifecyclePlan | None:
    """Return when a client is there, or busy; None: always."""
    if spec is None:
        return None
    if spec["kind"] not in LIFECYCLES:
        return LifecyclePlan(kind=spec["kind"])
    on, off = LIFECYCLES[spec["kind"]]
    return LifecyclePlan(kind=spec["kind"], on=pause(spec[on]), off=pause(spec[off]))


def read(spec: str | None) -> ReadPlan | None:
    """Return how fast a client reads, None for as fast as messages come."""
    if spec is None:
        return None
    a_second, is_bytes = units.parse_pace(spec)
    return ReadPlan(a_second=a_second, unit="bytes" if is_bytes else "messages")
