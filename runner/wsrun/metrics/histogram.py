"""A mergeable histogram of non-negative numbers with a bounded relative error.

Buckets are log-linear and come for free from the representation of a float64: its highest 19 bits (sign, 11
bits of exponent, 7 of mantissa) read as an integer are the index of the bucket. So every octave has 128
buckets of equal width, and the middle of a bucket is at most 1/256 of the value away from anything in it.
Only buckets that hold something are stored. numpy is imported when the first array is folded, not with this
module.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from array import array

    import numpy
    from numpy.typing import NDArray

SHIFT = 45
"""Bits of a float64 that a bucket does not tell apart: 52 of mantissa less 7."""

RELATIVE_ERROR = 1 / 256
"""The most by which a quantile is off, as a share of the true value."""

_DENSE_SPAN = 1 << 14
_AS_FLOAT = struct.Struct("<d")
_AS_BITS = struct.Struct("<q")


def bucket_index(value: float) -> int:
    """Return the index of the bucket that holds ``value``; zero and negative values share the lowest."""
    bits: int = _AS_BITS.unpack(_AS_FLOAT.pack(value))[0]
    return max(bits >> SHIFT, 0)


def bucket_lower(index: int) -> float:
    """Return the smallest value of a bucket; its upper edge is the lower one of ``index + 1``."""
    value: float = _AS_FLOAT.unpack(_AS_BITS.pack(index << SHIFT))[0]
    return value


class Histogram:
    """Counts by bucket, with the exact count, minimum, maximum and sum.

    Merging is associative and commutative; only ``total`` is subject to the rounding of float addition.
    ``minimum`` and ``maximum`` are None while the histogram is empty.
    """

    __slots__ = ("buckets", "count", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.minimum: float | None = None
        self.maximum: float | None = None
        self.total = 0.0

    def __eq__(self, other: object) -> bool:
        """Two histograms are equal when every figure but the rounded sum is."""
        if not isinstance(other, Histogram):
            return NotImplemented
        return (
            self.buckets == other.buckets
            and self.count == other.count
            and self.minimum == other.minimum
            and self.maximum == other.maximum
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Histogram of {self.count}, {self.minimum} to {self.maximum}>"

    @property
    def average(self) -> float | None:
        """The mean of all samples, None when there are none."""
        return self.total / self.count if self.count else None

    def add(self, value: float, times: int = 1) -> None:
        """Record one value ``times`` times. Raises ValueError when it is not finite."""
        if not math.isfinite(value):
            raise ValueError(f"not a finite number: {value}")
        if times <= 0:
            return
        index = bucket_index(value)
        self.buckets[index] = self.buckets.get(index, 0) + times
        self._extend(times, value, value, value * times)

    def add_array(self, samples: array[float] | NDArray[numpy.float64]) -> None:
        """Record every number of an array of float64 (``array('d')`` or numpy).

        Raises ValueError when one of them is not finite; nothing is recorded then.
        """
        if not len(samples):
            return
        import numpy as np

        values = np.ascontiguousarray(np.frombuffer(samples, dtype=np.float64))
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("not all samples are finite numbers")
        indexes = values.view(np.int64) >> SHIFT
        if low <= 0:
            np.maximum(indexes, 0, out=indexes)
        first = bucket_index(low)
        span = bucket_index(high) - first + 1
        if span <= _DENSE_SPAN:
            counts = np.bincount(indexes - first, minlength=span)
            used = counts.nonzero()[0]
            pairs = zip((used + first).tolist(), counts[used].tolist(), strict=True)
        else:
            keys, key_counts = np.unique(indexes, return_counts=True)
            pairs = zip(keys.tolist(), key_counts.tolist(), strict=True)
        buckets = self.buckets
        for index, count in pairs:
            buckets[index] = buckets.get(index, 0) + count
        self._extend(len(values), low, high, float(values.sum()))

    def merge(self, other: Histogram) -> None:
        """Add everything that another histogram holds; the other one is left as it is."""
        if other.minimum is None or other.maximum is None:
            return
        buckets = self.buckets
        for index, count in other.buckets.items():
            buckets[index] = buckets.get(index, 0) + count
        self._extend(other.count, other.minimum, other.maximum, other.total)

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        """Return a new histogram of everything that the given ones hold."""
        result = cls()
        for histogram in histograms:
            result.merge(histogram)
        return result

    def quantile(self, q: float) -> float | None:
        """Return the value at rank ``ceil(q * count)`` of the sorted samples, None when there are none.

        This is the inverse of the empirical distribution function (definition 1 of Hyndman and Fan, Sample
        Quantiles in Statistical Packages, 1996): no interpolation, so always within ``RELATIVE_ERROR`` of a
        value that was seen. The first and the last rank are exact.

        Args:
            q: 0 … 1; 0 is the minimum and 1 the maximum.
        """
        return self.quantiles((q,))[0]

    def quantiles(self, qs: Iterable[float]) -> list[float | None]:
        """Return several quantiles (see ``quantile``) in the order asked for, sorting the buckets once."""
        wanted = list(qs)
        if any(not 0 <= q <= 1 for q in wanted):
            raise ValueError("a quantile is between 0 and 1")
        if self.minimum is None or self.maximum is None:
            return [None] * len(wanted)
        indexes = sorted(self.buckets)
        found: dict[float, float] = {}
        position, seen = -1, 0
        for q in sorted(set(wanted)):
            rank = _rank(q, self.count)
            if rank == 1:
                found[q] = self.minimum
                continue
            if rank == self.count:
                found[q] = self.maximum
                continue
            while seen < rank:
                position += 1
                seen += self.buckets[indexes[position]]
            index = indexes[position]
            middle = (bucket_lower(index) + bucket_lower(index + 1)) / 2
            found[q] = min(max(middle, self.minimum), self.maximum)
        return [found[q] for q in wanted]

    def count_above(self, value: float) -> int:
        """Return how many samples lie in buckets above the one that would hold ``value``."""
        limit = bucket_index(value)
        return sum(count for index, count in self.buckets.items() if index > limit)

    def bars(self) -> Iterator[tuple[float, float, int]]:
        """Yield (lower edge, upper edge, count) of each bucket that holds something, lowest first."""
        for index in sorted(self.buckets):
            yield bucket_lower(index), bucket_lower(index + 1), self.buckets[index]

    def to_json(self) -> dict[str, Any]:
        """Return the histogram as plain JSON data; ``from_json`` reads it."""
        indexes = sorted(self.buckets)
        return {
            "count": self.count,
            "min": self.minimum,
            "max": self.maximum,
            "sum": self.total,
            "indexes": indexes,
            "counts": [self.buckets[index] for index in indexes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Histogram:
        """Build a histogram from what ``to_json`` returned."""
        result = cls()
        result.buckets = dict(zip(data["indexes"], data["counts"], strict=True))
        result.count = data["count"]
        result.minimum = data["min"]
        result.maximum = data["max"]
        result.total = data["sum"]
        return result

    def _extend(self, count: int, low: float, high: float, total: float) -> None:
        self.count += count
        self.total += total
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)


def _rank(q: float, count: int) -> int:
    # 0.07 * 100 is 7.000000000000001 in floats: the relative error of q and of the product, 2 * 2**-53, is
    # taken off before rounding up, or p7 of 100 samples would be the eighth.
    return max(1, math.ceil(q * count * (1 - 2**-50)))
