"""H9 and H10: histograms against sorted samples, and merged ones against one of all."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np

from tests.honesty.rows import Row
from wsrun.metrics.histogram import Histogram

BOUND = 1 / 256


def check(quick: bool) -> Iterator[Row]:
    """Log-normal times over six decades, with some far beyond any range."""
    number = 1_000_000 if quick else 10_000_000
    values = np.random.default_rng(1).lognormal(-6, 2, number)
    values[:3] = 1e-9, 1e6, 1e9
    histogram = Histogram()
    histogram.add_array(values)
    ordered = np.sort(values)
    shares = (0.5, 0.9, 0.99, 0.999, 0.9999)
    worst = max(_error(histogram, share, ordered[int(np.ceil(share * number)) - 1]) for share in shares)
    yield Row(
        "H9", f"{number:,} samples: worst relative error", f"{worst:.4f}", f"≤ {BOUND:.4f}", worst <= BOUND
    )
    yield Row(
        "H9",
        "none is lost, far ones neither",
        f"{histogram.count:,}",
        f"{number:,}",
        histogram.count == number,
    )
    maximum = histogram.maximum
    yield Row("H9", "the largest is exact", f"{maximum:g} s", "1e+09 s", maximum == 1e9)

    rng, differing = Random(2), 0
    whole = Histogram()
    sample = values[:100_000]
    whole.add_array(sample)
    for shards in range(1, 65):
        parts = [Histogram() for _ in range(shards)]
        for part, chunk in zip(parts, np.array_split(sample, shards), strict=True):
            part.add_array(chunk)
        rng.shuffle(parts)
        merged = Histogram()
        for part in parts:
            merged.merge(part)
        mine, theirs = merged.to_json(), whole.to_json()
        # Sums of floats depend on the order in their last bits.
        mine.pop("sum"), theirs.pop("sum")
        differing += mine != theirs
    yield Row("H10", "1 to 64 shards merged in any order: differing", str(differing), "0", differing == 0)


def _error(histogram: Histogram, share: float, true: float) -> float:
    found = histogram.quantile(share)
    assert found is not None
    return abs(found - true) / true
