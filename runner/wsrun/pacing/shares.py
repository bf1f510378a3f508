"""Dividing clients by weight so that the first n, for any n, keep the shares."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm


def shares(weights: Sequence[float], n: int) -> list[int]:
    """Return which of the weights each of ``n`` clients falls to, as indexes.

    Among the first m clients, for every m, each weight has its exact share of m, off by less than one
    client; so any m clients in a row are off by less than two. The order is that of Tijdeman, The chairman
    assignment problem, Discrete Mathematics 32 (1980): of those that lag by at least 1/(2k - 2) (k weights
    above 0), the one that has to come soonest. Plain smooth weighted round robin, which takes the one that
    lags most, lets a small weight among many fall behind by more than one.

    Args:
        weights: relative, 0 or more; a zero never comes.
        n: how many clients.

    Raises:
        ValueError: a weight is negative, or none is positive.
    """
    if any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("weights must not be negative, and not all zero")
    whole = _as_integers(weights)
    # After sum(whole) clients every lag is zero again: the order repeats.
    period = _order(whole, min(n, sum(whole)))
    return (period * (n // max(len(period), 1) + 1))[:n]


def cycle(weights: Sequence[float]) -> int:
    """Return after how many clients the order of ``shares`` begins again."""
    return sum(_as_integers(weights))


def _order(weights: list[int], n: int) -> list[int]:
    used = [index for index, weight in enumerate(weights) if weight]
    if len(used) == 1:
        return used * n
    total = sum(weights)
    scale = 2 * len(used) - 2
    lags = dict.fromkeys(used, 0)
    order = []
    for _ in range(n):
        best, soonest = -1, 0.0
        for index in used:
            lags[index] += weights[index]
            scaled = lags[index] * scale
            if scaled >= total:
                deadline = (total * (scale - 1) - scaled) / weights[index]
                if best < 0 or deadline < soonest:
                    best, soonest = index, deadline
        lags[best] -= total
        order.append(best)
    return order


def _as_integers(weights: Sequence[float]) -> list[int]:
    # Through the decimal text: 0.7 is meant, not the binary fraction nearest to it.
    exact = [Fraction(str(weight)) for weight in weights]
    common = lcm(*(fraction.denominator for fraction in exact))
    whole = [int(fraction * common) for fraction in exact]
    divisor = gcd(*whole)
    return [value // divisor for value in whole]
