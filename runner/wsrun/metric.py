"""What is said of a metric: one row of ``wsrun.catalogue``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsrun.criteria import Dimension, percentile

Kind = Literal["distribution", "counter", "ratio", "gauge"]
"""``ratio`` is any single number without statistics: shares, and the levels that a search finds."""

Unit = Literal["seconds", "bytes", "number", "share"]

_STATS: dict[Kind, tuple[str, ...]] = {
    "distribution": ("avg", "min", "max", "p50", "p75", "p90", "p95", "p99", "p99.9", "count"),
    "counter": ("rate",),
    "ratio": (),
    "gauge": ("min", "avg", "max", "last", "slope", "trend"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the catalogue.

    ``text`` is one sentence for people. ``labels`` are those that its series carry. ``available`` is False
    for metrics of the language that this version does not measure. ``has_data_when``: the metrics of which
    one must be more than zero (or, of a gauge, must have been) for a counter of zero to mean "did not
    happen"; empty: a zero always means that. ``part`` and ``whole``: the counters that a ratio divides.
    ``together``: what several workers' readings of a gauge make.
    """

    name: str
    kind: Kind
    unit: Unit
    labels: tuple[str, ...]
    text: str
    available: bool = True
    has_data_when: tuple[str, ...] = ()
    part: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    together: Literal["sum", "most"] = "sum"

    @property
    def stats(self) -> tuple[str, ...]:
        """The statistics to offer; of distributions any other percentile exists as well."""
        return _STATS[self.kind]

    @property
    def needs_stat(self) -> bool:
        """Whether the metric without a statistic says nothing; a counter alone is its count."""
        return self.kind in ("distribution", "gauge")

    def allows_stat(self, stat: str | None) -> bool:
        """Tell whether ``metric.stat`` (or, with None, ``metric`` alone) is a number of this metric."""
        if stat is None:
            return not self.needs_stat
        return stat in self.stats or (self.kind == "distribution" and percentile(stat) is not None)

    def dimension(self, stat: str | None) -> Dimension | Literal["word"]:
        """Return what an allowed statistic is measured in; ``word`` for ``.trend``."""
        match stat:
            case "count":
                return "number"
            case "rate" | "slope":
                return "per_second"
            case "trend":
                return "word"
        return self.unit
