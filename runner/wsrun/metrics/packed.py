"""Histograms, gauges and rows made small, for the many that are kept and seldom looked at."""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.readings import Selection, following
from wsrun.metrics.small import compressed
from wsrun.metrics.snapshot import Gauge

_HEAD = struct.Struct("<qqddd2s")
"""Count, lowest bucket in use, minimum and maximum (NaN: none), sum, and the codes of both arrays."""

_CODES = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))
"""Codes of arrays by what their numbers are less than; for larger ones it is Q."""

_GAUGE = struct.Struct("<dddqd")
"""Minimum, maximum, total, count (0: there is no such gauge) and last."""


@dataclass(frozen=True, slots=True)
class PackedHistogram:
    """A histogram in about 1.2 bytes for each bucket in use, where a dictionary takes about 100.

    Indexes are kept as the differences between neighbours, which are small and mostly 1. Differences and
    counts take as many bytes each as the largest of them needs, before they are compressed.
    """

    data: bytes

    @classmethod
    def of(cls, histogram: Histogram) -> PackedHistogram:
        """Pack a histogram."""
        indexes = sorted(histogram.buckets)
        steps = _smallest([after - before for before, after in pairwise(indexes)])
        counts = _smallest([histogram.buckets[index] for index in indexes])
        head = _HEAD.pack(
            histogram.count,
            indexes[0] if indexes else 0,
            math.nan if histogram.minimum is None else histogram.minimum,
            math.nan if histogram.maximum is None else histogram.maximum,
            histogram.total,
            (steps.typecode + counts.typecode).encode(),
        )
        return cls(compressed(head + counts.tobytes() + steps.tobytes()))

    def unpacked(self) -> Histogram:
        """Return the histogram again, a new one."""
        data = zlib.decompress(self.data)
        count, first, minimum, maximum, total, codes = _HEAD.unpack_from(data)
        counts, steps = (array(code) for code in reversed(codes.decode()))
        rest = memoryview(data)[_HEAD.size :]
        # There is one count more than there are steps between buckets.
        used = (len(rest) + steps.itemsize) // (counts.itemsize + steps.itemsize) if rest else 0
        counts.frombytes(rest[: used * counts.itemsize])
        steps.frombytes(rest[used * counts.itemsize :])
        made = Histogram()
        made.buckets = dict(zip(accumulate(steps, initial=first), counts, strict=True)) if used else {}
        made.count, made.total = count, total
        made.minimum = None if math.isnan(minimum) else minimum
        made.maximum = None if math.isnan(maximum) else maximum
        return made


def _smallest(values: Sequence[int]) -> array[int]:
    most = max(values, default=0)
    return array(next((code for code, limit in _CODES if most < limit), "Q"), values)


@dataclass(frozen=True, slots=True)
class PackedGauges:
    """Gauges by what selects them, in 40 bytes each, where objects take 200.

    ``selected`` is the same tuple for all that were made of it; ``data`` has its gauges one after the other.
    """

    selected: tuple[Selection, ...]
    data: bytes

    @classmethod
    def of(cls, selected: tuple[Selection, ...], gauges: Mapping[Selection, Gauge]) -> PackedGauges:
        """Pack those of the gauges that are selected; not all of them need be there."""
        return cls(selected, b"".join(_packed_gauge(gauges.get(one)) for one in selected))

    def get(self, selected: Selection) -> Gauge | None:
        """Return a gauge, a new one; None where there is none."""
        try:
            place = self.selected.index(selected)
        except ValueError:
            return None
        minimum, maximum, total, count, last = _GAUGE.unpack_from(self.data, place * _GAUGE.size)
        return Gauge(minimum, maximum, total, count, last) if count else None

    def followed_by(self, other: PackedGauges) -> PackedGauges:
        """Return these and the gauges of a later stretch together."""
        selected = self.selected
        if other.selected != selected:
            selected = tuple(dict.fromkeys((*selected, *other.selected)))
        together: dict[Selection, Gauge] = {}
        for one in selected:
            before, after = self.get(one), other.get(one)
            found = following(before, after) if before and after else before or after
            if found is not None:
                together[one] = found
        return PackedGauges.of(selected, together)


def _packed_gauge(gauge: Gauge | None) -> bytes:
    if gauge is None:
        return _GAUGE.pack(0.0, 0.0, 0.0, 0, 0.0)
    return _GAUGE.pack(gauge.minimum, gauge.maximum, gauge.total, gauge.count, gauge.last)
