"""The table of deliveries: what came of each message with ``deliver``, and what the service promised else."""

from __future__ import annotations

from typing import Any

from wsrun.catalogue import METRICS
from wsrun.metrics.store import Store
from wsrun.plan import EVERYONE, DeliverPlan, Plan
from wsrun.result.distributions import describe

BROKEN = ("sequence.lost", "sequence.reordered", "sequence.duplicated")
"""Counters that are no errors, and still say that the service did not do what was asked of it."""


def deliveries(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a message with ``deliver``, warm-ups left out but for leaks, which always count."""
    return [
        _delivery(store, message.name, message.deliver)
        for message in plan.messages
        if message.deliver is not None
    ]


def _delivery(store: Store, name: str, rule: DeliverPlan) -> dict[str, Any]:
    def count(metric: str) -> int:
        return store.counter(metric, judged=True, message=name)

    expected, received, late = (count(f"delivery.{one}") for one in ("expected", "received", "late"))
    return {
        "message": name,
        "to": _audience(rule),
        "within": rule.within,
        "expected": expected,
        "received": received,
        "late": late,
        "missed": expected - received - late,
        "duplicates": count("delivery.duplicates"),
        "unsure": count("delivery.unsure"),
        "leaks": store.counter("isolation.leaks", message=name),
        "reach": received / expected if expected else None,
        "time": describe(store.distribution("delivery.time", judged=True, message=name)),
        "spread": describe(store.distribution("delivery.spread", judged=True, message=name)),
    }


def _audience(rule: DeliverPlan) -> str:
    """Return an audience as it is written."""
    return "everyone" if rule.to == EVERYONE else f"{rule.to}: {rule.value}"


def broken(store: Store) -> list[dict[str, Any]]:
    """Return what else was not as it should be, with its count over the whole run; nothing that is zero."""
    return [
        {"metric": name, "text": METRICS[name].text, "count": number}
        for name in BROKEN
        if (number := store.counter(name))
    ]
