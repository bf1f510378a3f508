"""A latency distribution in the text format of HdrHistogram (``.hgrm``), which its plotter reads.

The format is that of ``AbstractHistogram.outputPercentileDistribution`` of HdrHistogram 2.1: a head, a line
for each value with its percentile, the samples up to it and ``1 / (1 - percentile)`` (nothing at 1), and
three lines of sums. The values are milliseconds. There is a line for each bucket that holds anything, so
nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from wsrun.metrics.histogram import Histogram, bucket_lower

HEAD = f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} 1/(1-Percentile)\n\n"

SUB_BUCKETS = 128
"""Parts of each octave that are told apart."""


def render_hgrm(result: Mapping[str, Any], name: str) -> str:
    """Write the distribution of ``round_trip`` or ``service_time`` over the whole run, warm-ups left out."""
    whole = next((curve for curve in result["curves"] if curve["phase"] is None), None)
    histogram = Histogram.from_json(whole[name]) if whole is not None else Histogram()
    lines = [
        f"{value:12.6f} {share:14.12f} {seen:10d} {_inverse(share)}".rstrip() + "\n"
        for value, share, seen in _steps(histogram)
    ]
    octaves = len({index // SUB_BUCKETS for index in histogram.buckets})
    mean = (histogram.average or 0.0) * 1e3
    return (
        HEAD
        + "".join(lines)
        + f"#[Mean    = {mean:12.6f}, StdDeviation   = {_deviation(histogram):12.6f}]\n"
        + f"#[Max     = {(histogram.maximum or 0.0) * 1e3:12.6f}, Total count    = {histogram.count:12d}]\n"
        + f"#[Buckets = {octaves:12d}, SubBuckets     = {SUB_BUCKETS:12d}]\n"
    )


def _steps(histogram: Histogram) -> Iterator[tuple[float, float, int]]:
    """Yield value in milliseconds, share at or below it, and samples at or below it."""
    seen = 0
    for index in sorted(histogram.buckets):
        seen += histogram.buckets[index]
        value = histogram.maximum if seen == histogram.count else _middle(index)
        assert value is not None
        yield value * 1e3, seen / histogram.count, seen


def _middle(index: int) -> float:
    return (bucket_lower(index) + bucket_lower(index + 1)) / 2


def _inverse(share: float) -> str:
    return "" if share >= 1.0 else f"{1 / (1 - share):.2f}"


def _deviation(histogram: Histogram) -> float:
    """Return the standard deviation in milliseconds, each sample taken as the middle of its bucket."""
    if not histogram.count:
        return 0.0
    middles = [(_middle(index) * 1e3, count) for index, count in histogram.buckets.items()]
    mean = sum(value * count for value, count in middles) / histogram.count
    return math.sqrt(sum((value - mean) ** 2 * count for value, count in middles) / histogram.count)
