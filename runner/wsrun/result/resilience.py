"""What became of losses, as result.json tells it; a part that the scenario does not use is None."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.distributions import describe


def resilience(plan: Plan, store: Store) -> dict[str, Any]:
    """Return the counts over the whole run, and the times without warm-ups."""
    has_reconnect = any(group.reconnect is not None for group in plan.groups)
    return {"reconnects": _reconnects(store) if has_reconnect else None}


def _reconnects(store: Store) -> dict[str, Any]:
    return {
        **{name: store.counter(f"reconnect.{name}") for name in ("done", "failed", "missed")},
        "time": describe(store.distribution("reconnect.time", judged=True)),
    }
