"""Distributions as result.json shows them."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.histogram import Histogram

PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99")


def describe(
    histogram: Histogram, *, timeouts: int | None = None, timeout: float | None = None
) -> dict[str, Any]:
    """Return count, extremes, mean and percentiles, in seconds; None where there is no sample.

    ``timeouts``: how many of the samples are messages without a reply, which count as their timeout;
    ``timeout``: the shortest of those timeouts, in seconds.
    """
    values = histogram.quantiles(float(name[1:]) / 100 for name in PERCENTILES)
    described: dict[str, Any] = {
        "count": histogram.count,
        "min": histogram.minimum,
        "avg": histogram.average,
        "max": histogram.maximum,
        **dict(zip(PERCENTILES, values, strict=True)),
    }
    if timeouts is not None:
        described["timeouts"] = timeouts
        described["timeout"] = timeout
    return described
