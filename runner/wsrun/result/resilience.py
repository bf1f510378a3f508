"""What became of losses, as result.json tells it; a part that the scenario does not use is None."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.distributions import describe


def resilience(plan: Plan, store: Store) -> dict[str, Any]:
    """Return the counts over the whole run, and the times without warm-ups."""
    groups = plan.groups
    return {
        "reconnects": _reconnects(store) if any(group.reconnect for group in groups) else None,
        "heartbeats": _heartbeats(store) if any(group.heartbeat for group in groups) else None,
    }


def _reconnects(store: Store) -> dict[str, Any]:
    return {
        **{name: store.counter(f"reconnect.{name}") for name in ("done", "failed", "missed")},
        "time": describe(store.distribution("reconnect.time", judged=True)),
    }


def _heartbeats(store: Store) -> dict[str, Any]:
    return {
        "missed": store.counter("heartbeat.missed"),
        "latency": describe(store.distribution("heartbeat.latency", judged=True)),
    }
