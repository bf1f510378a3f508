"""How a run goes, for whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wsrun.metrics.histogram import Histogram
from wsrun.plan import PhasePlan, Plan
from wsrun.result.collector import Collector


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    ``elapsed`` is seconds since its start; ``phase`` is None in the drain. ``row`` is the newest whole row
    of the timeline, empty before the first. ``totals`` are counts so far, ``round_trip`` and ``service_time``
    percentiles so far in seconds (None without data): of what is measured, and of the warm-up as long as
    there is nothing else (``is_warm_up``).
    """

    plan: Plan
    elapsed: float
    phase: PhasePlan | None
    row: dict[str, Any]
    totals: dict[str, int]
    round_trip: dict[str, float | None]
    service_time: dict[str, float | None] = field(default_factory=dict)
    is_warm_up: bool = False
    notice: str | None = None


def progress(plan: Plan, collector: Collector, elapsed: float) -> Progress:
    """Return how a run stands ``elapsed`` seconds after its start."""
    store = collector.store
    histogram = store.distribution("round_trip", judged=True)
    is_warm_up = not histogram.count
    if is_warm_up:
        histogram = store.distribution("round_trip")
    services = store.distribution("service_time", judged=not is_warm_up)
    last = collector.timeline.last
    row = {} if last is None else last.row
    return Progress(
        plan=plan,
        elapsed=elapsed,
        phase=next((phase for phase in plan.phases if elapsed < phase.end), None),
        row=row,
        totals={
            "sent": store.counter("messages.sent"),
            "answered": store.counter("replies.answered"),
            "received": store.counter("messages.received"),
            "timed_out": store.counter("replies.timed_out"),
            "errors": store.counter("errors"),
            "open": row.get("clients", 0),
        },
        round_trip=_points(histogram),
        service_time=_points(services),
        is_warm_up=is_warm_up and histogram.count > 0,
    )


def _points(histogram: Histogram) -> dict[str, float | None]:
    return {name: histogram.quantile(q) for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
