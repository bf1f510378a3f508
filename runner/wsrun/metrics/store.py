"""All snapshots of a run added up, and the questions that judge and result ask of the sums.

Adding is associative and commutative: intervals and workers may come in any order. Series are selected by
containment: a series is meant when its labels contain those asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.readings import EveryReading, Reading, Readings, selection
from wsrun.metrics.snapshot import LEVEL, Labels, Series, Snapshot

WARM_UP = ("part", "warm-up")
"""The label of everything that no criterion sees."""

_T = TypeVar("_T")


class Store:
    """The sums over a run.

    ``counters`` and ``distributions`` are totals by series. ``readings`` are those of gauges, over time.
    ``begin`` and ``end``: seconds since the start of the run that the snapshots cover; both 0 while there are
    none. ``found``: numbers that the run came to by deciding, such as the best level of a search.
    """

    def __init__(self, readings: Readings | None = None) -> None:
        """``readings``: where those of gauges are kept; unsaid, every one of them is, here."""
        self.counters: dict[Series, int] = {}
        self.distributions: dict[Series, Histogram] = {}
        self.readings: Readings = EveryReading() if readings is None else readings
        self.found: dict[Series, float] = {}
        self.begin = 0.0
        self.end = 0.0
        self._names: dict[str, dict[Series, None]] = {}
        self._is_empty = True

    def add(self, snapshot: Snapshot) -> None:
        """Add what one worker saw in one interval; the snapshot is left as it is."""
        self.begin = snapshot.start if self._is_empty else min(self.begin, snapshot.start)
        self.end = max(self.end, snapshot.end)
        self._is_empty = False
        for key, number in snapshot.counters.items():
            self._note(key)
            self.counters[key] = self.counters.get(key, 0) + number
        for key, histogram in snapshot.distributions.items():
            self._note(key)
            self.distributions.setdefault(key, Histogram()).merge(histogram)
        for key in snapshot.gauges:
            self._note(key)
        self.readings.take(snapshot)

    def counter(self, name: str, /, *, judged: bool = False, **labels: str) -> int:
        """Return the sum of the selected series.

        ``judged`` leaves out what belongs to a warm-up and, unless a phase is asked for, to a search.
        """
        return sum(self.counters[key] for key in self._select(self.counters, name, labels, judged))

    def is_counted(self, name: str, /, *, judged: bool = False, **labels: str) -> bool:
        """Tell whether a selected counter was written, if only with zero; ``judged`` as in ``counter``."""
        return any(True for _ in self._select(self.counters, name, labels, judged))

    def distribution(self, name: str, /, *, judged: bool = False, **labels: str) -> Histogram:
        """Return the selected series merged, empty if there are none; ``judged`` as in ``counter``."""
        keys = self._select(self.distributions, name, labels, judged)
        return Histogram.merged(self.distributions[key] for key in keys)

    def gauge_series(self, name: str, /, **labels: str) -> list[Reading]:
        """Return the readings of the selected series, by time; those of one interval are one, as the
        catalogue says: added up, or the most of any."""
        return self.readings.of(selection(name, labels))

    def values(self, name: str, label: str, /, **labels: str) -> list[str]:
        """Return the values that a label has in the selected series of any kind, sorted."""
        keys = self._names.get(name, ())
        return sorted(
            {dict(key[1])[label] for key in keys if _fits(key[1], labels) and label in dict(key[1])}
        )

    def by_label(self, name: str, label: str, /, *, judged: bool = False, **labels: str) -> dict[str, int]:
        """Return a counter by the values of a label, sorted by value; series without it are left out."""
        sums: dict[str, int] = {}
        for key in self._select(self.counters, name, labels, judged):
            value = dict(key[1]).get(label)
            if value is not None:
                sums[value] = sums.get(value, 0) + self.counters[key]
        return dict(sorted(sums.items()))

    def distributions_by_label(
        self, name: str, label: str, /, *, judged: bool = False, **labels: str
    ) -> dict[str, Histogram]:
        """Return a distribution by the values of a label, as ``by_label`` does for counters."""
        sums: dict[str, Histogram] = {}
        for key in self._select(self.distributions, name, labels, judged):
            value = dict(key[1]).get(label)
            if value is not None:
                sums.setdefault(value, Histogram()).merge(self.distributions[key])
        return dict(sorted(sums.items()))

    def _note(self, key: Series) -> None:
        self._names.setdefault(key[0], {})[key] = None

    def _select(
        self, table: dict[Series, _T], name: str, labels: dict[str, str], judged: bool
    ) -> Iterator[Series]:
        for key in self._names.get(name, ()):
            if key in table and _fits(key[1], labels) and not (judged and _is_unjudged(key[1], labels)):
                yield key

    def at_level(self, phase: str, level: int) -> Store:
        """Return what belongs to one level of a search, as if the phase were nothing else.

        What other phases brought is there too, for conditions that name one of them; gauges belong to a level
        by their time. Distributions are shared with this store, which must not be added to meanwhile.
        """
        part = Store(self.readings)
        part.found = self.found
        part.begin, part.end = self.begin, self.end
        for key, number in self.counters.items():
            at = _at_level(key, phase, level)
            if at is not None:
                part.counters[at] = part.counters.get(at, 0) + number
        for key, histogram in self.distributions.items():
            at = _at_level(key, phase, level)
            if at is not None:
                part.distributions[at] = histogram
        for key in (*part.counters, *part.distributions):
            part._note(key)
        return part


def stored(snapshots: Iterable[Snapshot]) -> Store:
    """Return a store of the given snapshots."""
    store = Store()
    for snapshot in snapshots:
        store.add(snapshot)
    return store


def _is_unjudged(labels: Labels, wanted: dict[str, str]) -> bool:
    if WARM_UP in labels:
        return True
    return "phase" not in wanted and any(name == LEVEL for name, _ in labels)


def _at_level(key: Series, phase: str, level: int) -> Series | None:
    """Return a series as it is called within a level: without its number; None when it is of another one."""
    labels = dict(key[1])
    if labels.get("phase") != phase:
        return key
    if labels.pop(LEVEL, None) != str(level):
        return None
    return key[0], tuple(labels.items())


def _fits(labels: Labels, wanted: dict[str, str]) -> bool:
    return all(pair in labels for pair in wanted.items())
