"""Histograms made small, for the many that are kept and seldom looked at."""

from __future__ import annotations

import zlib
from array import array
from itertools import accumulate, pairwise

from wsrun.metrics.histogram import Histogram

_LEVEL = 1


class PackedHistogram:
    """A histogram in about 1.5 bytes for each bucket in use, where a dictionary takes about 100.

    Indexes are kept as the differences between neighbours, which are small and mostly 1.
    """

    __slots__ = ("_data", "_rest")

    def __init__(self, histogram: Histogram) -> None:
        indexes = sorted(histogram.buckets)
        steps = array("i", [after - before for before, after in pairwise([0, *indexes])])
        counts = array("q", [histogram.buckets[index] for index in indexes])
        self._data = tuple(zlib.compress(part.tobytes(), _LEVEL) for part in (steps, counts))
        self._rest = (histogram.count, histogram.minimum, histogram.maximum, histogram.total)

    def unpacked(self) -> Histogram:
        """Return the histogram again, a new one."""
        steps, counts = array("i"), array("q")
        for values, data in zip((steps, counts), self._data, strict=True):
            values.frombytes(zlib.decompress(data))
        made = Histogram()
        made.buckets = dict(zip(accumulate(steps), counts, strict=True))
        made.count, made.minimum, made.maximum, made.total = self._rest
        return made
