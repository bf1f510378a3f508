"""The pools, as result.json tells of them: how long messages waited, and how many connections there were."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.readings import Selection, selection
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.distributions import describe


def watched(plan: Plan) -> list[Selection]:
    """Return the gauges of which readings are needed."""
    return [selection("pool.size", {"group": group.name}) for group in plan.groups if group.pool is not None]


def pools(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a pool: counts over the whole run, the wait without warm-ups."""
    return [
        {
            "group": group.name,
            "min": group.pool.least,
            "max": group.pool.most,
            "largest": _largest(store, group.name),
            "wait": describe(store.distribution("pool.wait", judged=True, group=group.name)),
            "timeouts": store.counter("pool.timeouts", group=group.name),
        }
        for group in plan.groups
        if group.pool is not None
    ]


def _largest(store: Store, group: str) -> int:
    """Return the most connections that a pool had at the end of an interval, in all workers together."""
    readings = store.gauge_series("pool.size", group=group)
    return round(max((gauge.maximum for _, gauge in readings), default=0.0))
