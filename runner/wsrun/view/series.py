"""Values over time, made few enough to draw: intervals merged, and no percentile without samples.

Counters are summed and gauges averaged (with their lowest and highest). A result holds only a few percentiles
of each interval, so a percentile of merged intervals is read off the mixture of their distributions, as far
as these are known.
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
_PIECES = 6
_FEW = 50
"""So many atoms stand for the replies between two that are known; two will do where many intervals merge."""

Atom = tuple[float, float]
"""A value in seconds, and how many replies it stands for."""


def atoms(known: Mapping[str, Any], pieces: int = _PIECES) -> list[Atom]:
    """Return replies that fit what is known of a distribution, lowest first; none when it is empty.

    A percentile is the reply of a certain rank, so a few replies are known exactly. Those between are taken
    as straight in log(value) over -log(share beyond), which a tail nearly is. The fastest reply is not known
    and is taken as half the median.
    """
    count = known.get("count") or 0
    found: list[Atom] = []
    last_rank, last_value = 0, 0.0
    for name, share in _KNOWN:
        value = known.get(name)
        rank = max(1, math.ceil(share * count * (1 - 1e-12)))
        if not count or value is None or rank <= last_rank:
            continue
        value = max(float(value), last_value, 1e-9)
        low = last_value or value / 2
        between = rank - last_rank - 1
        number = min(between, pieces)
        start, end = _beyond(last_rank, count), _beyond(rank, count)
        for index in range(number):
            at = _beyond(last_rank + between * (index + 0.5) / number + 0.5, count)
            part = (at - start) / (end - start)
            # Where both ends are nearly the same, rounding could lead beyond the upper one.
            found.append((min(low * (value / low) ** part, value), between / number))
        found.append((value, 1.0))
        last_rank, last_value = rank, value
    if found and last_rank < count:
        found.append((last_value, float(count - last_rank)))
    return found


def _beyond(rank: float, count: int) -> float:
    return -math.log(1 + 0.5 / count - rank / count)


def mixture(distributions: Sequence[Mapping[str, Any]], q: float) -> float | None:
    """Return the ``q`` quantile (0 … 1) of several distributions together, None when all are empty.

    It is exact for a single one whose ``q`` quantile is known, and never below the lowest or above the
    highest such quantile of several.
    """
    pieces = _PIECES if len(distributions) <= _FEW else 2
    found = sorted(atom for known in distributions for atom in atoms(known, pieces))
    wanted = q * sum(weight for _, weight in found) * (1 - 1e-9)
    seen = 0.0
    for value, weight in found:
        seen += weight
        if seen >= wanted:
            return value
    return found[-1][0] if found else None


@dataclass(frozen=True, slots=True)
class Point:
    """One or more intervals: counters summed, clients averaged, CPU and lag the highest.

    ``rated``: the seconds that its rates are over. Of a moment that the end of the run cut off it is a whole
    interval, as what was counted in it is all that came in the interval that it begins.
    """

    t: float
    length: float
    rated: float
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
    breakers: float | None
    lag: float | None
    round_trip: tuple[Mapping[str, Any], ...]
    service_time: tuple[Mapping[str, Any], ...]
    is_merged: bool

    @property
    def middle(self) -> float:
        """The moment at which the point is drawn."""
        return self.t + self.length / 2

    def a_second(self, count: float) -> float | None:
        """Return a count of the point as a rate; None where it has no length at all."""
        return count / self.rated if self.rated else None


def merge(
    rows: Sequence[Mapping[str, Any]],
    most: int = MOST,
    *,
    interval: float = 0.0,
    borders: Sequence[float] = (),
) -> list[Point]:
    """Turn the rows of a timeline into at most ``most`` points.

    Of more rows, neighbours are put together until each point stands for about the same time: old rows of a
    long run stand for several intervals already. A last interval that was cut to less than half of its length
    has no CPU, and no rate of its own: over a moment these say nothing. It goes with the one before, unless
    that is of another phase.

    Args:
        rows: of the timeline.
        most: how many points there may be.
        interval: how long an interval is meant to be, in seconds; 0: as the rows are.
        borders: moments at which phases begin, ascending.
    """
    parts = grouped(rows, most)
    if len(parts) > 1 and sum(row["length"] for row in parts[-1]) < interval / 2:
        before, last = (part[0]["t"] + part[0]["length"] / 2 for part in parts[-2:])
        if bisect_right(borders, before) == bisect_right(borders, last):
            parts[-2:] = [[*parts[-2], *parts[-1]]]
    return [_point(part, interval) for part in parts]


def grouped(rows: Sequence[Mapping[str, Any]], most: int) -> list[Sequence[Mapping[str, Any]]]:
    """Divide what has a ``length`` in seconds into at most ``most`` groups of neighbours that are about as
    long as each other; one of its own for each where there are few enough."""
    if len(rows) <= most:
        return [rows[number : number + 1] for number in range(len(rows))]
    unit = max(min(row["length"] for row in rows[:-1]), 1e-3)
    # Whole intervals, so that points do not differ by one; and none shorter than the longest must be.
    whole = math.ceil(sum(row["length"] for row in rows) / most / unit - 1e-6) * unit
    size = max(whole, *(row["length"] for row in rows))
    groups: dict[int, list[Mapping[str, Any]]] = {}
    before = 0.0
    for row in rows:
        middle = before + row["length"] / 2
        groups.setdefault(min(int(middle / size), most - 1), []).append(row)
        before += row["length"]
    return list(groups.values())


def _point(rows: Sequence[Mapping[str, Any]], interval: float) -> Point:
    failures: dict[str, int] = {}
    for row in rows:
        for cause, number in row["failures"].items():
            failures[cause] = failures.get(cause, 0) + number
    length = sum(row["length"] for row in rows)

    def mean(key: str) -> float:
        return float(sum((row[key] or 0) * row["length"] for row in rows) / length) if length else 0.0

    def total(key: str) -> int:
        return sum(row[key] or 0 for row in rows)

    return Point(
        t=rows[0]["t"],
        length=length,
        rated=length if length >= interval / 2 else interval,
        clients=mean("clients"),
        clients_low=min(row.get("clients_low", row["clients"] or 0) for row in rows),
        clients_high=max(row.get("clients_high", row["clients"] or 0) for row in rows),
        planned=mean("planned"),
        sent=total("sent"),
        received=total("received"),
        answered=total("answered"),
        no_reply=total("no_reply"),
        failures=failures,
        cpu=_highest([row for row in rows if row["length"] >= interval / 2], "cpu"),
        breakers=_highest(rows, "breakers_open"),
        lag=_highest(rows, "lag_p99"),
        round_trip=tuple(row["round_trip"] for row in rows),
        service_time=tuple(row["service_time"] for row in rows),
        is_merged=sum(row.get("intervals", 1) for row in rows) > 1,
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
    return mixture(known, q)


def has_values(line: Line) -> bool:
    """Whether a line has enough points to be one."""
    return sum(1 for _, value in line if value is not None) >= 2
