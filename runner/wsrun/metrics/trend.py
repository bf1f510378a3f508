"""Whether a series of readings rises or falls, and how fast; both robust against outliers and gaps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import Literal, NamedTuple

Direction = Literal["increasing", "decreasing", "stable"]

LEAST_READINGS = 4
"""With fewer readings nothing can be said: even three in perfect order come about by chance too often."""

MOST_READINGS = 300
"""Longer series are averaged down to this many, since both tests look at every pair."""

_Z_95 = 1.959963984540054


class Slope(NamedTuple):
    """A change of value a second, and between which two it lies with a confidence of 95 %."""

    low: float
    value: float
    high: float


def slope(readings: Sequence[tuple[float, float]], weights: Sequence[float] | None = None) -> float | None:
    """Return the slope of (seconds, value) readings: a change of value a second; None with too few readings.

    It is the Theil-Sen estimator, the median of the slopes of all pairs (Theil, A rank-invariant method of
    linear and polynomial regression analysis, 1950; Sen, Estimates of the regression coefficient based on
    Kendall's tau, Journal of the American Statistical Association 63, 1968).

    ``weights``: how many readings of one length each reading stands for; unsaid, one each.
    """
    found = slope_between(readings, weights)
    return None if found is None else found.value


def slope_between(
    readings: Sequence[tuple[float, float]], weights: Sequence[float] | None = None
) -> Slope | None:
    """Return the slope of ``slope`` with its confidence interval of 95 %; None with too few readings.

    The interval is Sen's (1968, as above): of the N slopes of pairs in their order, those of rank (N - C) / 2
    and (N + C) / 2 + 1, where C is 1.96 standard deviations of the score of Kendall's test. It holds for
    readings that do not depend on those before them; for others it is too narrow.
    """
    points = _thinned(readings, weights)
    if len(points) < LEAST_READINGS:
        return None
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)
    if not slopes:
        return None
    spread = _Z_95 * math.sqrt(_variance([value for _, value in points]))
    low = max(int((len(slopes) - spread) / 2) - 1, 0)
    high = min(math.ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return Slope(slopes[low], median(slopes), slopes[high])


def direction(
    readings: Sequence[tuple[float, float]], weights: Sequence[float] | None = None
) -> Direction | None:
    """Tell where (seconds, value) readings go, at a level of significance of 5 %; None with too few readings.

    It is the Mann-Kendall test (Mann, Nonparametric tests against trend, Econometrica 13, 1945; Kendall, Rank
    Correlation Methods, 1975): S is the number of pairs that rise less that of those that fall. Without a
    trend its mean is 0 and its variance (n (n-1) (2n+5) - sum over ties t (t-1) (2t+5)) / 18; the distance
    of S from 0, less 1 for continuity, over the standard deviation is compared with 1.96. ``weights`` as in
    ``slope``.
    """
    values = [value for _, value in _thinned(readings, weights)]
    n = len(values)
    if n < LEAST_READINGS:
        return None
    score = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    if abs(score) <= 1 or (abs(score) - 1) / math.sqrt(_variance(values)) <= _Z_95:
        return "stable"
    return "increasing" if score > 0 else "decreasing"


def _variance(values: Sequence[float]) -> float:
    """Return the variance of the score of Kendall's test, ties taken into account."""
    n = len(values)
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - ties) / 18


def _thinned(
    readings: Sequence[tuple[float, float]], weights: Sequence[float] | None
) -> list[tuple[float, float]]:
    """Sort by time, and average neighbours until there are few enough and all weigh about the same.

    Both tests count every pair alike: without it a few hours that were folded into few readings would count
    for less than the last minutes, which have many.
    """
    by_time = sorted(zip(readings, weights or [1.0] * len(readings), strict=True))
    heaviest = max((weight for _, weight in by_time), default=1.0)
    whole = sum(weight for _, weight in by_time)
    if len(by_time) <= MOST_READINGS and all(weight == heaviest for _, weight in by_time):
        return [point for point, _ in by_time]
    size = max(whole / MOST_READINGS, heaviest)
    groups: dict[int, list[tuple[float, float, float]]] = {}
    before = 0.0
    for (x, y), weight in by_time:
        groups.setdefault(int((before + weight / 2) / size), []).append((x, y, weight))
        before += weight
    return [_mean(group) for group in groups.values()]


def _mean(group: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return the mean time and value of (seconds, value, weight)."""
    whole = sum(weight for *_, weight in group)
    return sum(x * weight for x, _, weight in group) / whole, sum(
        y * weight for _, y, weight in group
    ) / whole
