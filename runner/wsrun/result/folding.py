"""The timeline of a run of any length in a bounded number of rows: intervals are merged as they age.

The newest are kept one by one. Older ones are merged with their neighbours, so that all of the old ones stand
for about as many: two, then four, and so on, each time as soon as there are too many of them. Nothing is
merged over a border, such as that between two phases, and what lies between two borders keeps some rows,
however short it is beside the whole. Merging adds up counts, keeps extremes, and takes percentiles from the
distributions of all replies, so that it does not matter in which steps it was done.
"""

from __future__ import annotations

import pickle
import struct
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import Any

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.packed import PackedGauges, PackedHistogram
from wsrun.metrics.readings import Reading, Selection
from wsrun.metrics.snapshot import Snapshot
from wsrun.pacing.stages import all_stages
from wsrun.plan import Plan
from wsrun.result.shelf import Place, Shelf
from wsrun.result.timeline import Interval, packed, service_points, trip_points
from wsrun.result.workers import together

NEWEST = 120
"""Intervals that are kept one by one."""

FOLDED = 400
"""Rows that older intervals are merged into, beside those that the stretches between borders keep."""

LEAST = 30
"""Rows that are left of a stretch between two borders, if it had so many: it may be asked for its trend."""

_AT_BORDER = 3
"""Rows more that a border may cost: one that spans it, and one cut short on either side."""

_ROOM = 1 << 21
"""Bytes that are claimed for older intervals at once: about twice what they usually take."""

_HEAD = struct.Struct("<qqdddIIIII")
"""``index`` to ``at`` of an interval, which gauges there are, and how long these, both distributions and the
errors are."""

_HIGHEST = ("breakers_open", "cpu", "memory", "lag_p99", "backlog", "gc_longest")


class Timeline:
    """The intervals of a run, the older ones merged; ``readings`` of it are those that a store asks for."""

    def __init__(self, plan: Plan) -> None:
        self._newest: list[Interval] = []
        self._old: list[Place] = []
        self._shelf = Shelf(_ROOM)
        self._selected: list[tuple[Selection, ...]] = []
        self._width = 1
        self._extra: tuple[float, ...] = ()
        self._borders: list[float] = []
        self.follow(plan)

    def __iter__(self) -> Iterator[Interval]:
        """Yield all that is kept, by time."""
        for old in self._old:
            yield self._interval(self._shelf.read(old))
        yield from self._newest

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._old) + len(self._newest)

    @property
    def last(self) -> Interval | None:
        """The newest interval."""
        return self._newest[-1] if self._newest else None

    @property
    def newest(self) -> Sequence[Interval]:
        """The intervals that are kept one by one, by time."""
        return self._newest

    def follow(self, plan: Plan) -> None:
        """Keep to the borders of this plan: of its phases, their warm-ups, and the levels of searches."""
        found = {plan.duration, *self._extra}
        for stage in all_stages(plan.phases):
            found |= {stage.start, stage.start + stage.warm_up, stage.end}
        self._borders = sorted(found)

    def divide(self, at: float, plan: Plan) -> None:
        """Keep apart what lies before and after a moment."""
        self._extra += (at,)
        self.follow(plan)

    def add(self, interval: Interval) -> None:
        """Add an interval; each is added about when it ended."""
        insort(self._newest, interval, key=attrgetter("index"))

    def age(self, until: float) -> Iterator[Interval]:
        """Merge the oldest of the newest, those that ended by ``until``, and yield each as it was."""
        while len(self._newest) > NEWEST and self._newest[0].end <= until:
            interval = self._newest.pop(0)
            yield interval
            self._fold(interval)

    def count_error(self, at: float, cause: str, number: int) -> None:
        """Count errors of the interval that began at ``at``, or of the one before it."""
        for interval in reversed(self._newest):
            if interval.start <= at:
                interval.errors[cause] += number
                return
        if self._old:
            first = self._interval(self._shelf.take(self._old[0]))
            first.errors[cause] += number
            self._old[0] = self._put(first)
        elif self._newest:
            self._newest[0].errors[cause] += number

    def errors(self, cause: str) -> list[tuple[float, int]]:
        """Return (start in seconds since the start of the run, count) of the rows with such errors."""
        return [(row.start, row.errors[cause]) for row in self if row.errors[cause]]

    def readings(self, selected: Selection) -> list[Reading]:
        """Return the readings of what is watched, by time."""
        found = ((one.at, one.gauges.get(selected)) for one in self)
        return [(at, gauge) for at, gauge in found if gauge is not None]

    @property
    def most(self) -> int:
        """How many rows there are at most, when no interval has to be kept one by one."""
        return NEWEST + self._most_old

    @property
    def _most_old(self) -> int:
        return FOLDED + (len(self._borders) + 1) * (LEAST + _AT_BORDER)

    @property
    def room(self) -> int:
        """Bytes that have been claimed for what is merged."""
        return self._shelf.room

    def _fold(self, interval: Interval) -> None:
        self._push(interval)
        while len(self._old) > self._most_old:
            self._width *= 2
            before, self._old = self._old, []
            for old in before:
                self._push(self._interval(self._shelf.take(old)))

    def _push(self, interval: Interval) -> None:
        if self._old:
            last = self._interval(self._shelf.read(self._old[-1]))
            if self._may_merge(last, interval):
                self._shelf.take(self._old.pop())
                interval = merged(last, interval)
        self._old.append(self._put(interval))

    def _put(self, interval: Interval) -> Place:
        """Put an interval on the shelf, but for who was there, which is asked of the newest alone."""
        selected = interval.gauges.selected
        if selected not in self._selected:
            self._selected.append(selected)
        parts = (
            interval.gauges.data,
            interval.trips.data,
            interval.services.data,
            pickle.dumps(dict(interval.errors)) if interval.errors else b"",
        )
        head = _HEAD.pack(
            interval.index,
            interval.number,
            interval.start,
            interval.end,
            interval.at,
            self._selected.index(selected),
            *map(len, parts),
        )
        return self._shelf.put(b"".join((head, *parts, interval.data)))

    def _interval(self, data: bytes) -> Interval:
        """Return an interval as it was put on the shelf."""
        index, number, start, end, at, which, *lengths = _HEAD.unpack_from(data)
        edges = list(accumulate(lengths, initial=_HEAD.size))
        gauges, trips, services, errors = (data[one:other] for one, other in pairwise(edges))
        return Interval(
            index=index,
            number=number,
            start=start,
            end=end,
            at=at,
            data=data[edges[-1] :],
            trips=PackedHistogram(trips),
            services=PackedHistogram(services),
            gauges=PackedGauges(self._selected[which], gauges),
            errors=Counter(pickle.loads(errors) if errors else ()),
        )

    def _may_merge(self, one: Interval, other: Interval) -> bool:
        """Tell whether two neighbours may be one row: no border lies within, and they are short enough.

        One that spans a border by itself is merged with nothing: some count it by its start, some by its
        middle.
        """
        if one.number + other.number > self._width:
            return False
        borders = self._borders
        place = bisect_right(borders, one.start)
        if place < bisect_left(borders, other.end):
            return False
        is_between = 0 < place < len(borders)
        longest = (borders[place] - borders[place - 1]) / LEAST if is_between else float("inf")
        return other.end - one.start <= longest


class Watched:
    """The readings of a timeline as a store asks for them; what is not watched cannot be asked for."""

    def __init__(self, timeline: Timeline, watched: Iterable[Selection]) -> None:
        self._timeline = timeline
        self._watched = frozenset(watched)

    def take(self, snapshot: Snapshot) -> None:
        """Do nothing: readings come with whole intervals."""

    def of(self, selected: Selection) -> list[Reading]:
        """Return the readings of what is selected, by time; LookupError when nobody said that they would be
        asked for."""
        if selected not in self._watched:
            raise LookupError(f"no readings are kept of {selected}")
        return self._timeline.readings(selected)


def merged(one: Interval, other: Interval) -> Interval:
    """Return what two intervals are together, the later one second."""
    trips, services = _both(one.trips, other.trips), _both(one.services, other.services)
    number = one.number + other.number
    row, column, workers = one.parts
    other_row, other_column, other_workers = other.parts
    return Interval(
        index=one.index,
        start=one.start,
        end=other.end,
        at=(one.at * one.number + other.at * other.number) / number,
        data=packed(
            _row(row, other_row, trips, services, number),
            _column(column, other_column),
            together(workers, other_workers),
        ),
        trips=PackedHistogram.of(trips),
        services=PackedHistogram.of(services),
        gauges=one.gauges.followed_by(other.gauges),
        errors=one.errors + other.errors,
        number=number,
    )


def _both(one: PackedHistogram, other: PackedHistogram) -> Histogram:
    together = one.unpacked()
    together.merge(other.unpacked())
    return together


def _row(
    one: dict[str, Any], other: dict[str, Any], trips: Histogram, services: Histogram, number: int
) -> dict[str, Any]:
    """Add two rows up: counts are summed, clients and planned are means over time with their extremes, CPU,
    memory, lag and breakers the highest."""
    length = other["t"] + other["length"] - one["t"]
    weights = one["length"] + other["length"]

    def mean(key: str) -> float:
        whole: float = one[key] * one["length"] + other[key] * other["length"]
        return whole / weights if weights else 0.0

    def most(key: str) -> Any:
        return max((row[key] for row in (one, other) if row[key] is not None), default=None)

    counted = ("sent", "received", "answered", "bytes_sent", "bytes_received", "dropped", "late", "scheduled")
    lows = (row.get("clients_low", row["clients"]) for row in (one, other))
    highs = (row.get("clients_high", row["clients"]) for row in (one, other))
    return {
        **one,
        "length": length,
        "intervals": number,
        "clients": mean("clients"),
        "clients_low": min(lows),
        "clients_high": max(highs),
        "planned": mean("planned"),
        **{key: one[key] + other[key] for key in (*counted, "no_reply")},
        "round_trip": trip_points(trips),
        "service_time": service_points(services),
        "failures": dict(Counter(one["failures"]) + Counter(other["failures"])),
        **{key: most(key) for key in _HIGHEST},
    }


def _column(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        "t": one["t"],
        "length": other["t"] + other["length"] - one["t"],
        "counts": [a + b for a, b in zip(one["counts"], other["counts"], strict=True)],
        "no_reply": one["no_reply"] + other["no_reply"],
    }
