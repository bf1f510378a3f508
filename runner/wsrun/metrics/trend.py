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

_LEAST_CORRELATED = 10
"""Fewer readings do not show whether they depend on those before them."""

_Z_95 = 1.959963984540054

Readings = Sequence[tuple[float, float]]
"""Seconds, and a value."""


class Slope(NamedTuple):
    """A change of value a second, and between which two it lies with a confidence of 95 %."""

    low: float
    value: float
    high: float


class Trend(NamedTuple):
    """Where a series goes, and how fast."""

    direction: Direction
    slope: Slope


def slope(readings: Readings, weights: Sequence[float] | None = None) -> float | None:
    """Return the slope of readings, as ``trend`` does; None with too few readings."""
    found = trend(readings, weights)
    return None if found is None else found.slope.value


def direction(readings: Readings, weights: Sequence[float] | None = None) -> Direction | None:
    """Tell where readings go, as ``trend`` does; None with too few readings."""
    # Without the slope: readings of one moment have an order.
    points = _thinned(readings, weights, MOST_READINGS)
    return None if len(points) < LEAST_READINGS else _direction(points, _slopes(points))


def trend(
    readings: Readings, weights: Sequence[float] | None = None, most: int = MOST_READINGS
) -> Trend | None:
    """Return where readings go and how fast; None with too few of them.

    The direction is that of the Mann-Kendall test at a level of significance of 5 % (Mann, Nonparametric
    tests against trend, Econometrica 13, 1945; Kendall, Rank Correlation Methods, 1975): S is the number of
    pairs that rise less that of those that fall. Without a trend its mean is 0 and its variance (n (n-1)
    (2n+5) - sum over ties t (t-1) (2t+5)) / 18; the distance of S from 0, less 1 for continuity, over the
    standard deviation is compared with 1.96.

    That holds for readings that do not depend on those before them. Others, such as those of memory, wander,
    and would be called a trend far too often: the variance is multiplied by the factor of Hamed and Rao (A
    modified Mann-Kendall trend test for autocorrelated data, Journal of Hydrology 204, 1998), which follows
    from the autocorrelation of the ranks of what is left without the slope. Lags count up to the first that
    is not significant, so that the noise of the many others does not.

    The slope is the Theil-Sen estimator, the median of the slopes of all pairs (Theil, A rank-invariant
    method of linear and polynomial regression analysis, 1950; Sen, Estimates of the regression coefficient
    based on Kendall's tau, Journal of the American Statistical Association 63, 1968). Its confidence interval
    is Sen's: of the N slopes in their order, those of rank (N - C) / 2 and (N + C) / 2 + 1, where C is 1.96
    of the standard deviations above.

    Args:
        readings: in any order.
        weights: how many readings of one length each reading stands for; unsaid, one each.
        most: to how many readings a longer series is averaged down.
    """
    points = _thinned(readings, weights, most)
    slopes = _slopes(points)
    if len(points) < LEAST_READINGS or not slopes:
        return None
    spread = _Z_95 * _deviation(points, slopes)
    low = max(int((len(slopes) - spread) / 2) - 1, 0)
    high = min(math.ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return Trend(_direction(points, slopes), Slope(slopes[low], median(slopes), slopes[high]))


def _slopes(points: Readings) -> list[float]:
    return sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)


def _direction(points: Readings, slopes: Sequence[float]) -> Direction:
    score = sum((later > earlier) - (later < earlier) for (_, earlier), (_, later) in combinations(points, 2))
    if abs(score) <= 1 or (abs(score) - 1) / _deviation(points, slopes) <= _Z_95:
        return "stable"
    return "increasing" if score > 0 else "decreasing"


def _deviation(points: Readings, slopes: Sequence[float]) -> float:
    """Return the standard deviation of the score of Kendall's test if there were no trend."""
    n = len(points)
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(value for _, value in points).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if n < _LEAST_CORRELATED or not slopes:
        return math.sqrt(variance)
    steepness = median(slopes)
    return math.sqrt(variance * _factor(_ranks([y - steepness * x for x, y in points])))


def _factor(ranks: Sequence[float]) -> float:
    """Return by how much the variance is larger than that of independent readings: at least 1."""
    n = len(ranks)
    middle = (n + 1) / 2
    away = [rank - middle for rank in ranks]
    whole = sum(one * one for one in away)
    if not whole:
        return 1.0
    total = 0.0
    for lag in range(1, n - 2):
        correlation = sum(one * other for one, other in zip(away, away[lag:], strict=False)) / whole
        if correlation <= (_Z_95 * math.sqrt(n - lag - 1) - 1) / (n - lag):
            break
        total += (n - lag) * (n - lag - 1) * (n - lag - 2) * correlation
    return 1 + 2 / (n * (n - 1) * (n - 2)) * total


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the ranks of values from 1; equal ones have the mean of theirs."""
    first: dict[float, int] = {}
    for rank, value in enumerate(sorted(values), 1):
        first.setdefault(value, rank)
    times = Counter(values)
    return [first[value] + (times[value] - 1) / 2 for value in values]


def _thinned(readings: Readings, weights: Sequence[float] | None, most: int) -> list[tuple[float, float]]:
    """Sort by time, and average neighbours until there are few enough and all weigh about the same.

    Both tests count every pair alike: without it a few hours that were folded into few readings would count
    for less than the last minutes, which have many.
    """
    by_time = sorted(zip(readings, weights or [1.0] * len(readings), strict=True))
    heaviest = max((weight for _, weight in by_time), default=1.0)
    whole = sum(weight for _, weight in by_time)
    if len(by_time) <= most and all(weight == heaviest for _, weight in by_time):
        return [point for point, _ in by_time]
    size = max(whole / most, heaviest)
    groups: dict[int, list[tuple[float, float, float]]] = {}
    before = 0.0
    for (x, y), weight in by_time:
        groups.setdefault(int((before + weight / 2) / size), []).append((x, y, weight))
        before += weight
    return [_mean(group) for group in groups.values()]


def _mean(group: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return the mean time and value of (seconds, value, weight)."""
    whole = sum(weight for *_, weight in group)
    at = sum(x * weight for x, _, weight in group) / whole
    return at, sum(y * weight for _, y, weight in group) / whole
