"""Values over time, made few enough to draw: intervals merged, and no percentile without samples.

Counters are summed and gauges averaged (with their lowest and highest). A result holds only a few percentiles
of each interval, so a percentile of merged intervals is read off the mixture of their distributions, each
taken as straight between the percentiles known of it. A quantile of a mixture always lies between the
lowest and the highest quantile of its parts, and so does this one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST = 600
"""The most points that one line is drawn with."""

BEYOND = 2
"""A point of a percentile over time needs so many replies beyond it."""

LONGEST = 10.0
"""Seconds over which neighbouring intervals are merged, at most, to have enough replies for a point."""

_KNOWN = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of a distribution: its count, and values at rising shares of it."""

    count: int
    shares: tuple[float, ...]
    values: tuple[float, ...]

    def share_below(self, value: float) -> float:
        """Return about how large a share lies at or below ``value``."""
        values = self.values
        if value < values[0]:
            return 0.0
        right = bisect_right(values, value)
        if right == len(values):
            return 1.0
        low, high = values[right - 1], values[right]
        part = (value - low) / (high - low)
        return self.shares[right - 1] + (self.shares[right] - self.shares[right - 1]) * part


def spread(known: Mapping[str, Any]) -> Spread | None:
    """Read a distribution of one interval; None when it is empty.

    The fastest reply is not known; the half below the median is taken as reaching down to half of it.
    """
    points = [(share, float(known[name])) for name, share in _KNOWN if known.get(name) is not None]
    if not known.get("count") or not points:
        return None
    shares, values = [0.0], [points[0][1] / 2 if points[-1][1] > points[0][1] else points[0][1]]
    for share, value in points:
        shares.append(share)
        values.append(max(value, values[-1]))
    shares[-1] = 1.0
    return Spread(int(known["count"]), tuple(shares), tuple(values))


def mixture(spreads: Sequence[Spread], q: float) -> float:
    """Return the ``q`` quantile (0 … 1) of several distributions together; one alone answers exactly."""
    total = sum(part.count for part in spreads)
    candidates = sorted({value for part in spreads for value in part.values})

    def below(value: float) -> float:
        return sum(part.count * part.share_below(value) for part in spreads) / total

    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if below(candidates[middle]) >= q - 1e-12:
            high = middle
        else:
            low = middle + 1
    if low == 0:
        return candidates[0]
    left, right = candidates[low - 1], candidates[low]
    at_left, at_right = below(left), below(right)
    if at_right <= at_left:
        return right
    return left + (right - left) * min(max((q - at_left) / (at_right - at_left), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Point:
    """One or more intervals: counters summed, clients averaged, CPU and lag the highest."""

    t: float
    length: float
    clients: float
    clients_low: float
    clients_high: float
    planned: float
    sent: int
    received: int
    answered: int
    no_reply: int
    failures: Mapping[str, int]
    cpu: float | None
    lag: float | None
    round_trip: tuple[Mapping[str, Any], ...]
    service_time: tuple[Mapping[str, Any], ...]

    @property
    def middle(self) -> float:
        """The moment at which the point is drawn."""
        return self.t + self.length / 2


def merge(rows: Sequence[Mapping[str, Any]], most: int = MOST) -> list[Point]:
    """Turn the rows of a timeline into at most ``most`` points of equally many rows each."""
    size = max(1, math.ceil(len(rows) / most))
    return [_point(rows[start : start + size]) for start in range(0, len(rows), size)]


def _point(rows: Sequence[Mapping[str, Any]]) -> Point:
    failures: dict[str, int] = {}
    for row in rows:
        for cause, number in row["failures"].items():
            failures[cause] = failures.get(cause, 0) + number
    length = sum(row["length"] for row in rows)
    clients = [row["clients"] or 0 for row in rows]

    def mean(key: str) -> float:
        return float(sum((row[key] or 0) * row["length"] for row in rows) / length) if length else 0.0

    def total(key: str) -> int:
        return sum(row[key] or 0 for row in rows)

    return Point(
        t=rows[0]["t"],
        length=length,
        clients=mean("clients"),
        clients_low=min(clients),
        clients_high=max(clients),
        planned=mean("planned"),
        sent=total("sent"),
        received=total("received"),
        answered=total("answered"),
        no_reply=total("no_reply"),
        failures=failures,
        cpu=_highest(rows, "cpu"),
        lag=_highest(rows, "lag_p99"),
        round_trip=tuple(row["round_trip"] for row in rows),
        service_time=tuple(row["service_time"] for row in rows),
    )


def _highest(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    return max((float(row[key]) for row in rows if row.get(key) is not None), default=None)


Line = list[tuple[float, float | None]]
"""Moments and values; None is a gap."""


def percentile_line(
    points: Sequence[Point], clock: str, stat: str, q: float, borders: Sequence[float]
) -> Line:
    """Return a percentile over time, in seconds.

    A point stands for as many neighbouring intervals as it takes to have ``BEYOND`` replies beyond the
    percentile, up to ``LONGEST`` seconds and never over a border (a change of phase). Where that does not
    suffice there is a gap.

    Args:
        points: as ``merge`` returned them.
        clock: ``round_trip`` or ``service_time``.
        stat: the name of the percentile in an interval; used as it is where one interval suffices.
        q: the share that it stands for.
        borders: moments that no point may span, ascending.
    """
    line: Line = []
    held: list[Point] = []
    for point in points:
        if held and (
            _over_border(held[0], point, borders) or point.t + point.length - held[0].t > LONGEST + 1e-9
        ):
            line.append((_middle(held), None))
            held = []
        held.append(point)
        value = _value(held, clock, stat, q)
        if value is not None:
            line.append((_middle(held), value))
            held = []
    if held:
        line.append((_middle(held), None))
    return line


def _over_border(first: Point, point: Point, borders: Sequence[float]) -> bool:
    return bisect_right(borders, first.middle) != bisect_right(borders, point.middle)


def _middle(points: Sequence[Point]) -> float:
    return (points[0].t + points[-1].t + points[-1].length) / 2


def _value(points: Sequence[Point], clock: str, stat: str, q: float) -> float | None:
    known = [interval for point in points for interval in getattr(point, clock)]
    count = sum(interval["count"] or 0 for interval in known)
    if count * (1 - q) < BEYOND - 1e-9:
        return None
    if len(known) == 1:
        value = known[0].get(stat)
        return None if value is None else float(value)
    if not any(stat in interval for interval in known):
        return None
    spreads = [part for interval in known if (part := spread(interval)) is not None]
    return mixture(spreads, q) if spreads else None


def has_values(line: Line) -> bool:
    """Whether a line has enough points to be one."""
    return sum(1 for _, value in line if value is not None) >= 2
