"""The snapshots of the last seconds, for those who judge a run while it goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from wsrun.metrics.packed import PackedHistogram
from wsrun.metrics.snapshot import Gauge, Series, Snapshot


@dataclass(frozen=True, slots=True)
class _Part:
    """What a store takes of a snapshot, in a tenth of its memory."""

    worker: int
    index: int
    start: float
    end: float
    counters: dict[Series, int]
    distributions: dict[Series, PackedHistogram]
    gauges: dict[Series, Gauge]

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Part:
        packed = {key: PackedHistogram.of(histogram) for key, histogram in snapshot.distributions.items()}
        return cls(
            snapshot.worker,
            snapshot.index,
            snapshot.start,
            snapshot.end,
            snapshot.counters,
            packed,
            snapshot.gauges,
        )

    def snapshot(self) -> Snapshot:
        unpacked = {key: packed.unpacked() for key, packed in self.distributions.items()}
        return Snapshot(self.worker, self.index, self.start, self.end, self.counters, unpacked, self.gauges)


class Recent:
    """Keeps the snapshots of ``span`` seconds; with a span of 0 none."""

    def __init__(self, span: float) -> None:
        self._span = span
        self._parts: deque[_Part] = deque()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._parts)

    def add(self, snapshot: Snapshot) -> None:
        """Add the newest, and drop what is too old beside it."""
        if self._span:
            self._parts.append(_Part.of(snapshot))
            while self._parts[0].end <= snapshot.end - self._span:
                self._parts.popleft()

    def after(self, start: float) -> Iterator[Snapshot]:
        """Yield counters, distributions and gauges of those that ended after ``start``, in their order."""
        return (part.snapshot() for part in self._parts if part.end > start)
