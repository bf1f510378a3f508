"""What recording and folding latencies costs, and how far the quantiles are off.

Run it with ``python benchmarks/histogram.py [samples]``. Each cost is the median of several rounds, with the
fastest and the slowest beside it.
"""

from __future__ import annotations

import math
import platform
import statistics
import sys
import time
from array import array
from collections.abc import Callable
from functools import partial

import numpy as np

from wsrun.metrics.histogram import RELATIVE_ERROR, Histogram

ROUNDS = 9
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999)


def measure(name: str, work: Callable[[], object], per: int, unit: str) -> None:
    """Print the CPU time of ``work`` divided by ``per``, in microseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) / per * 1e6)
    middle, fastest, slowest = statistics.median(times), min(times), max(times)
    print(f"{name:<42} {middle:10.4f} us/{unit:<10} ({fastest:.4f} to {slowest:.4f})")


def append_all(values: list[float]) -> array[float]:
    """Record samples as a worker does between two intervals."""
    recorded: array[float] = array("d")
    append = recorded.append
    for value in values:
        append(value)
    return recorded


def fold(recorded: array[float], chunk: int) -> Histogram:
    """Fold samples in chunks, as intervals do."""
    histogram = Histogram()
    for start in range(0, len(recorded), chunk):
        histogram.add_array(recorded[start : start + chunk])
    return histogram


def add_all(values: list[float]) -> Histogram:
    """Record one by one without numpy."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def main() -> None:
    """Print costs and errors for log-normal latencies around 10 ms with a long tail."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    samples = np.random.default_rng(1).lognormal(math.log(0.01), 1.2, n)
    values: list[float] = samples.tolist()
    recorded = array("d", values)
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, n = {n}")

    measure("append to array('d')", lambda: append_all(values), n, "sample")
    for chunk in (100, 1_000, 10_000, 100_000):
        measure(f"fold {chunk} at a time", partial(fold, recorded, chunk), n, "sample")
    measure("add one by one", lambda: add_all(values[:100_000]), min(n, 100_000), "sample")

    whole = fold(recorded, 100_000)
    measure("merge a whole run", lambda: Histogram.merged([whole] * 100), 100, "merge")
    measure("seven quantiles", lambda: [whole.quantiles(QUANTILES) for _ in range(100)], 100, "call")
    print(f"{len(whole.buckets)} buckets in use")

    ordered = np.sort(samples)
    for q, estimate in zip(QUANTILES, whole.quantiles(QUANTILES), strict=True):
        exact = float(ordered[math.ceil(q * n) - 1])
        off = abs((estimate or 0.0) - exact) / exact
        print(f"p{q * 100:<8g} exact {exact:.6f} s, off by {off:.3%} (bound {RELATIVE_ERROR:.3%})")


if __name__ == "__main__":
    main()
