"""One interval of one worker, and merging: the only form in which numbers leave a worker.

A series is a metric name with labels. Counters and distributions are deltas of the interval; gauges are
readings. ``merge`` is associative and commutative, so that workers, intervals and machines combine in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wsrun.metrics.histogram import Histogram

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name."""

Series = tuple[str, Labels]
"""A metric name and its labels."""


def series(name: str, **labels: str | None) -> Series:
    """Build a series key; labels that are None are left out."""
    return name, tuple(sorted((key, value) for key, value in labels.items() if value is not None))


@dataclass(slots=True)
class Gauge:
    """Readings of something that goes up and down; ``last`` is the newest reading."""

    minimum: float
    maximum: float
    total: float
    count: int
    last: float

    def add(self, other: Gauge) -> None:
        """Add another worker's readings of the same interval: levels add up (open connections)."""
        self.minimum += other.minimum
        self.maximum += other.maximum
        self.total = self.total / self.count * 1.0 + other.total / other.count
        self.count = 1
        self.last += other.last


@dataclass(slots=True)
class Snapshot:
    """What one worker saw between ``start`` and ``end`` (seconds since the start of the run)."""

    worker: int
    index: int
    start: float
    end: float
    counters: dict[Series, int] = field(default_factory=dict)
    distributions: dict[Series, Histogram] = field(default_factory=dict)
    gauges: dict[Series, Gauge] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
