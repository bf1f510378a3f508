"""Readings of gauges over time: one an interval for what is selected, whoever keeps them.

Readings of several series and workers are put together interval by interval, and only then over time: the
most connections that were ever open is the highest sum of one interval, and not the sum of the highest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, Protocol

from wsrun.catalogue import METRICS
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Gauge, Labels, Series, Snapshot, labels_of


class Selection(NamedTuple):
    """A gauge, and the labels that its series must contain, sorted by name."""

    name: str
    labels: Labels


def selection(name: str, labels: Mapping[str, str]) -> Selection:
    """Build a selection."""
    return Selection(name, labels_of(labels))


Reading = tuple[float, Gauge]
"""Seconds since the start of the run, and a gauge whose ``count`` is how many intervals it stands for, and
whose ``total`` adds up their averages. The time is the mean of the starts of these intervals."""


class Readings(Protocol):
    """Where readings are kept."""

    def take(self, snapshot: Snapshot) -> None:
        """Take the readings of one worker in one interval, unless they come another way."""

    def of(self, selected: Selection) -> list[Reading]:
        """Return the readings of what is selected, by time."""


class EveryReading:
    """Keeps every reading of every series: for a stretch of time that has an end."""

    def __init__(self) -> None:
        self._series: dict[Series, list[tuple[float, Gauge]]] = {}
        self._starts: dict[int, float] = {}

    def take(self, snapshot: Snapshot) -> None:
        """Keep the readings of a snapshot."""
        # Workers read their clocks for themselves: the first to report an interval gives it its time.
        start = self._starts.setdefault(snapshot.index, snapshot.start)
        for key, gauge in readings_of(snapshot):
            self._series.setdefault(key, []).append((start, gauge))

    def of(self, selected: Selection) -> list[Reading]:
        """Return one reading an interval over the selected series, by time."""
        together: dict[float, list[Gauge]] = {}
        for key, readings in self._series.items():
            if fits(key, selected):
                for at, gauge in readings:
                    together.setdefault(at, []).append(gauge)
        return [(at, combined(gauges, selected.name)) for at, gauges in sorted(together.items())]


def fits(key: Series, selected: Selection) -> bool:
    """Tell whether a series is meant by a selection."""
    return key[0] == selected.name and all(pair in key[1] for pair in selected.labels)


def readings_of(snapshot: Snapshot) -> Iterator[tuple[Series, Gauge]]:
    """Yield the readings of one worker in one interval.

    What is read too often to be kept reading by reading comes as a distribution: its summary is the reading.
    """
    yield from snapshot.gauges.items()
    for key, histogram in snapshot.distributions.items():
        metric = METRICS.get(key[0])
        if metric is not None and metric.kind == "gauge":
            yield key, _summary(histogram)


def combined(gauges: Iterable[Gauge], name: str) -> Gauge:
    """Put the readings of at least one series over the same interval together, as the catalogue says.

    They are added up (open connections), or the most of any is taken (CPU of the busiest worker). Their
    averages count, not their number.
    """
    metric = METRICS.get(name)
    rule: Literal["sum", "most"] = metric.together if metric is not None else "sum"
    together = sum if rule == "sum" else max
    every = list(gauges)
    return Gauge(
        minimum=together(gauge.minimum for gauge in every),
        maximum=together(gauge.maximum for gauge in every),
        total=together(gauge.average for gauge in every),
        count=1,
        last=together(gauge.last for gauge in every),
    )


def following(one: Gauge, other: Gauge) -> Gauge:
    """Put the readings of the same selection over two stretches together, the later one second."""
    return Gauge(
        minimum=min(one.minimum, other.minimum),
        maximum=max(one.maximum, other.maximum),
        total=one.total + other.total,
        count=one.count + other.count,
        last=other.last,
    )


def _summary(histogram: Histogram) -> Gauge:
    minimum, maximum = histogram.minimum or 0.0, histogram.maximum or 0.0
    return Gauge(minimum, maximum, histogram.total, max(histogram.count, 1), maximum)
