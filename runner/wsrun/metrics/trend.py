"""Whether a series of readings rises or falls, and how fast; both robust against outliers and gaps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import fmean, median
from typing import Literal

Direction = Literal["increasing", "decreasing", "stable"]

LEAST_READINGS = 4
"""With fewer readings nothing can be said: even three in perfect order come about by chance too often."""

MOST_READINGS = 300
"""Longer series are averaged down to this many, since both tests look at every pair."""

_Z_95 = 1.959963984540054


def slope(readings: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of (seconds, value) readings: a change of value a second; None with too few readings.

    It is the Theil-Sen estimator, the median of the slopes of all pairs (Theil, A rank-invariant method of
    linear and polynomial regression analysis, 1950; Sen, Estimates of the regression coefficient based on
    Kendall's tau, Journal of the American Statistical Association 63, 1968).
    """
    points = _thinned(readings)
    if len(points) < LEAST_READINGS:
        return None
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return median(slopes) if slopes else None


def direction(readings: Sequence[tuple[float, float]]) -> Direction | None:
    """Tell where (seconds, value) readings go, at a level of significance of 5 %; None with too few readings.

    It is the Mann-Kendall test (Mann, Nonparametric tests against trend, Econometrica 13, 1945; Kendall, Rank
    Correlation Methods, 1975): S is the number of pairs that rise less that of those that fall. Without a
    trend its mean is 0 and its variance (n (n-1) (2n+5) - sum over ties t (t-1) (2t+5)) / 18; the distance
    of S from 0, less 1 for continuity, over the standard deviation is compared with 1.96.
    """
    values = [value for _, value in _thinned(readings)]
    n = len(values)
    if n < LEAST_READINGS:
        return None
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if abs(score) <= 1 or (abs(score) - 1) / math.sqrt(variance) <= _Z_95:
        return "stable"
    return "increasing" if score > 0 else "decreasing"


def _thinned(readings: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sort by time, and average neighbours until there are few enough."""
    points = sorted(readings)
    if len(points) <= MOST_READINGS:
        return points
    edges = [len(points) * number // MOST_READINGS for number in range(MOST_READINGS + 1)]
    groups = (points[low:high] for low, high in pairwise(edges))
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]
