"""How each worker was doing in an interval: what its own numbers say, before they are put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Snapshot

Doing = dict[str, Any]
"""One worker, the number ``worker``: ``cpu`` (share of a core), ``memory``, ``descriptors``, ``backlog``
(bytes unsent), ``lag_p99`` and ``late_p99`` (seconds that callbacks and scheduled messages were late),
``gc_count``, ``gc_seconds`` and ``gc_longest`` of its pauses; None where it was not read."""

_GAUGES = {
    "generator.cpu": "cpu",
    "generator.memory": "memory",
    "generator.descriptors": "descriptors",
    "generator.backlog": "backlog",
}
_SUMMED = ("gc_count", "gc_seconds")


def workers_of(snapshots: Iterable[Snapshot]) -> list[Doing]:
    """Return what the snapshots of one interval say of each worker, by their numbers."""
    return [_doing(one) for one in sorted(snapshots, key=lambda one: one.worker)]


def _doing(snapshot: Snapshot) -> Doing:
    made: Doing = dict.fromkeys(_GAUGES.values())
    for (name, _), gauge in snapshot.gauges.items():
        if name in _GAUGES:
            made[_GAUGES[name]] = gauge.maximum
    gc = _all(snapshot, "generator.gc")
    return {
        "worker": snapshot.worker,
        **made,
        "lag_p99": _all(snapshot, "generator.lag").quantile(0.99),
        "late_p99": _all(snapshot, "generator.lateness").quantile(0.99),
        "gc_count": gc.count,
        "gc_seconds": gc.total,
        "gc_longest": gc.maximum,
    }


def _all(snapshot: Snapshot, name: str) -> Histogram:
    found = [histogram for (key, _), histogram in snapshot.distributions.items() if key == name]
    return Histogram.merged(found)


def together(one: Iterable[Doing], other: Iterable[Doing]) -> list[Doing]:
    """Return what two intervals say together: pauses are added up, of all else the highest is taken."""
    made = {doing["worker"]: doing for doing in one}
    for doing in other:
        before = made.get(doing["worker"])
        made[doing["worker"]] = doing if before is None else {key: _both(key, before, doing) for key in doing}
    return [doing for _, doing in sorted(made.items())]


def _both(key: str, one: Doing, other: Doing) -> Any:
    if key in _SUMMED:
        return one[key] + other[key]
    return highest((one[key], other[key]))


def highest(values: Iterable[Any]) -> Any:
    """Return the highest of what was read, None where nothing was."""
    return max((value for value in values if value is not None), default=None)
