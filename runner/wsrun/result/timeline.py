"""The run over time: one row an interval, and the heat map's column of the same interval."""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from wsrun.http_parts import sends_http
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.packed import PackedGauges, PackedHistogram
from wsrun.metrics.readings import Selection, combined, fits, readings_of
from wsrun.metrics.small import compressed
from wsrun.metrics.snapshot import CLIENTS, Gauge, Snapshot
from wsrun.pacing.levels import level_at
from wsrun.pacing.presence import Presence
from wsrun.plan import Level, PhasePlan, Plan
from wsrun.result.workers import Doing, highest, workers_of
from wsrun.workload import visitors

BANDS = 9
"""Bands of the heat map in a decade."""

_LOWEST, _HIGHEST = -5, 3
"""The heat map spans 10 µs to 1 000 s; what lies outside is counted in the first and last band."""

_COUNTS = {
    "messages.sent": "sent",
    "messages.received": "received",
    "replies.answered": "answered",
    "bytes.sent": "bytes_sent",
    "bytes.received": "bytes_received",
    "messages.dropped": "dropped",
    "messages.late": "late",
}


def heat_edges() -> list[float]:
    """Return the lower edges of the bands, in seconds."""
    return [10 ** (_LOWEST + step / BANDS) for step in range((_HIGHEST - _LOWEST) * BANDS + 1)]


@dataclass(slots=True)
class Interval:
    """What is kept of one interval of the run, or of several after one another.

    ``index`` is the number of the first, ``number`` how many there are; ``start``, ``end`` and ``at``, the
    mean of their starts, are seconds since the start of the run. ``trips`` and ``services`` are the
    distributions behind the percentiles of the row. ``gauges`` has the readings of what is watched,
    ``errors`` counts them by cause. ``present`` are the clients with a connection by the index of their
    group at its end, None where clients may have several connections, or none.

    The rest is read seldom, and kept small: ``data``, half a kilobyte where the values would take five.
    """

    index: int
    start: float
    end: float
    at: float
    data: bytes
    trips: PackedHistogram
    services: PackedHistogram
    gauges: PackedGauges
    errors: Counter[str] = field(default_factory=Counter)
    number: int = 1
    present: dict[int, int] | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The row of the timeline, a new one each time."""
        row: dict[str, Any] = self.parts[0]
        return row

    @property
    def column(self) -> dict[str, Any]:
        """The column of the heat map, a new one each time."""
        column: dict[str, Any] = self.parts[1]
        return column

    @property
    def workers(self) -> list[Doing]:
        """What each worker was doing, by their numbers."""
        workers: list[Doing] = self.parts[2]
        return workers

    @property
    def parts(self) -> Any:
        """Row, column and workers."""
        return orjson.loads(zlib.decompress(self.data))


def packed(row: dict[str, Any], column: dict[str, Any], workers: Sequence[Doing]) -> bytes:
    """Return the ``data`` of an interval."""
    return compressed(orjson.dumps((row, column, workers)))


class IntervalReader:
    """Turns all workers' snapshots of an interval into its row and column.

    ``watched`` are the gauges of which readings are kept.
    """

    def __init__(self, plan: Plan, watched: Iterable[Selection] = ()) -> None:
        self._plan = plan
        self._watched = tuple(watched)
        self._edges = heat_edges()
        self._presence = Presence(plan)
        self._visitors = visitors(plan)
        self._groups = {group.name: group.index for group in plan.groups}
        # Clients may have several connections, or none.
        self._counted = CLIENTS if plan.sockets or sends_http(plan.messages) else "open"

    def read(self, snapshots: Sequence[Snapshot]) -> Interval:
        """Read one interval; snapshots of at least one worker."""
        start = min(snapshot.start for snapshot in snapshots)
        end = max(snapshot.end for snapshot in snapshots)
        counts: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        for snapshot in snapshots:
            for (name, labels), value in snapshot.counters.items():
                field = _COUNTS.get(name)
                if field is not None:
                    counts[field] += value
                elif name in ("replies.timed_out", "replies.lost"):
                    counts["no_reply"] += value
                elif name == "errors":
                    failures[dict(labels)["cause"]] += value
        round_trip = _merged(snapshots, "round_trip")
        service_time = _merged(snapshots, "service_time")
        lag = _merged(snapshots, "generator.lag")
        workers = workers_of(snapshots)
        row = {
            "t": start,
            "length": end - start,
            "clients": self._clients(snapshots),
            "planned": self._planned(end) if start < self._plan.duration else 0,
            **{field: counts[field] for field in _COUNTS.values()},
            "scheduled": counts["sent"] + counts["dropped"],
            "round_trip": trip_points(round_trip),
            "service_time": service_points(service_time),
            "no_reply": counts["no_reply"],
            "failures": dict(failures),
            # The last, cut interval may be a few milliseconds of closing: a share of those says little.
            "breakers_open": _breakers_open(snapshots),
            "cpu": _highest(snapshots, "generator.cpu") if end - start >= self._plan.interval / 2 else None,
            "memory": _highest(snapshots, "generator.memory"),
            "lag_p99": lag.quantile(0.99),
            "backlog": highest(doing["backlog"] for doing in workers),
            "gc_longest": highest(doing["gc_longest"] for doing in workers),
        }
        column = {
            "t": start,
            "length": end - start,
            "counts": self._bands(snapshots),
            "no_reply": counts["no_reply"],
        }
        return Interval(
            index=min(snapshot.index for snapshot in snapshots),
            start=start,
            end=end,
            at=start,
            data=packed(row, column, workers),
            trips=PackedHistogram.of(round_trip),
            services=PackedHistogram.of(service_time),
            gauges=PackedGauges.of(self._watched, dict(self._gauges(snapshots))),
            present=self._present(snapshots),
        )

    def _present(self, snapshots: Iterable[Snapshot]) -> dict[int, int] | None:
        """Return the clients with a connection by group; None where they are not counted so."""
        if self._counted != "open":
            return None
        found = dict.fromkeys(self._groups.values(), 0.0)
        for snapshot in snapshots:
            for (name, labels), gauge in snapshot.gauges.items():
                if name == "open":
                    group = self._groups.get(dict(labels).get("group", ""))
                    if group is None:
                        return None
                    found[group] += gauge.last
        return {group: round(number) for group, number in found.items()}

    def _gauges(self, snapshots: Sequence[Snapshot]) -> Iterator[tuple[Selection, Gauge]]:
        """Yield what is watched, the series and workers of the interval put together."""
        for selected in self._watched:
            found = [gauge for one in snapshots for key, gauge in readings_of(one) if fits(key, selected)]
            if found:
                yield selected, combined(found, selected.name)

    def _planned(self, at: float) -> float:
        """Return the connections that are planned, and for those who arrive how many are expected.

        Those of pools come as they are needed.
        """
        settled = self._presence.connected(at)
        return settled if self._visitors.is_empty else settled + self._visitors.connected(at)

    def _clients(self, snapshots: Iterable[Snapshot]) -> int:
        total = 0.0
        for snapshot in snapshots:
            total += sum(gauge.last for (name, _), gauge in snapshot.gauges.items() if name == self._counted)
        return round(total)

    def _bands(self, snapshots: Iterable[Snapshot]) -> list[int]:
        counts = [0] * len(self._edges)
        for snapshot in snapshots:
            for (name, labels), histogram in snapshot.distributions.items():
                if name == "round_trip":
                    unanswered = snapshot.counters.get(("replies.timed_out", labels), 0)
                    for middle, count in _answered(histogram, unanswered):
                        band = bisect_right(self._edges, middle) - 1
                        counts[max(band, 0)] += count
        return counts


def _breakers_open(snapshots: Iterable[Snapshot]) -> int | None:
    """Return how many breakers were open, the most of each worker added up; None where there are none."""
    readings = [
        gauge.maximum
        for snapshot in snapshots
        for (name, _), gauge in snapshot.gauges.items()
        if name == "breaker.open"
    ]
    return round(sum(readings)) if readings else None


def _answered(histogram: Histogram, unanswered: int) -> Iterator[tuple[float, int]]:
    """Yield (middle, count) of the buckets of a message's round trips, less those that stand for timeouts.

    Those are the longest: a reply that comes after the timeout is late, and is no round trip.
    """
    for low, high, count in sorted(histogram.bars(), reverse=True):
        left = max(count - unanswered, 0)
        unanswered -= count - left
        if left:
            yield (low + high) / 2, left


def levels(plan: Plan) -> Iterator[tuple[PhasePlan, dict[int, Level]]]:
    """Yield each phase with the levels of clients in it by group, those that go on from before included."""
    level: dict[int, Level] = {}
    for phase in plan.phases:
        level = {**level, **phase.clients}
        yield phase, level
        ends = {group: level_at(one, phase.duration, phase.duration) for group, one in level.items()}
        level = {group: Level(start=end, end=end) for group, end in ends.items()}


def _merged(snapshots: Iterable[Snapshot], name: str) -> Histogram:
    return Histogram.merged(
        histogram
        for snapshot in snapshots
        for (series_name, _), histogram in snapshot.distributions.items()
        if series_name == name
    )


def trip_points(histogram: Histogram) -> dict[str, Any]:
    """Return what a row has of round trips, in seconds."""
    return _points(histogram, ("p50", "p95", "p99", "max"))


def service_points(histogram: Histogram) -> dict[str, Any]:
    """Return what a row has of service times, in seconds."""
    return _points(histogram, ("p50", "p99"))


def _points(histogram: Histogram, stats: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"count": histogram.count}
    for stat in stats:
        if stat == "max":
            values[stat] = histogram.maximum
        else:
            values[stat] = histogram.quantile(float(stat[1:]) / 100)
    return values


def _highest(snapshots: Iterable[Snapshot], name: str) -> float | None:
    readings = [
        gauge.maximum
        for s in snapshots
        for (series_name, _), gauge in s.gauges.items()
        if series_name == name
    ]
    highest = max(readings, default=math.nan)
    return None if math.isnan(highest) else highest
