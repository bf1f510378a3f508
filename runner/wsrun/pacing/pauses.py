"""Pauses: from their plan to a function that draws the next one."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from wsrun.plan_steps import PausePlan

NORMAL_P95 = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution."""


def compile_pause(pause: PausePlan) -> Callable[[Random], float]:
    """Return a function that draws the length of the next pause, in seconds (0 or more).

    ``fixed`` draws nothing from the generator. ``lognormal`` is given by its median m and its 95 % quantile
    p: ln X is normal with mean ln m and standard deviation ln(p / m) / 1.645, since the quantiles of X are
    the exponentials of those of ln X.
    """
    match pause.kind:
        case "fixed":
            (length,) = pause.values
            return lambda rng: length
        case "uniform":
            low, high = pause.values
            return lambda rng: low + (high - low) * rng.random()
        case "exponential":
            (mean,) = pause.values
            return lambda rng: -mean * math.log(1.0 - rng.random())
        case "lognormal":
            median, p95 = pause.values
            mu, sigma = math.log(median), math.log(p95 / median) / NORMAL_P95
            return lambda rng: rng.lognormvariate(mu, sigma)


def limited_pause(pause: PausePlan, limit: float) -> float:
    """Return E[min(X, limit)] of a pause X, in seconds; ``limit`` is 0 or more.

    This is the integral from 0 to ``limit`` of the probability that the pause is longer: for a log-normal
    one m Φ((ln x - mu - sigma²) / sigma) + x (1 - Φ((ln x - mu) / sigma)) with its mean m (Klugman, Panjer,
    Willmot, Loss Models, appendix A).
    """
    match pause.kind:
        case "fixed":
            return min(pause.values[0], limit)
        case "uniform":
            low, high = pause.values
            if limit <= low or low == high:
                return min(low, limit)
            return limit - (limit - low) ** 2 / (2 * (high - low)) if limit < high else (low + high) / 2
        case "exponential":
            mean = pause.values[0]
            return -mean * math.expm1(-limit / mean) if mean else 0.0
        case "lognormal":
            median, p95 = pause.values
            sigma = math.log(p95 / median) / NORMAL_P95
            if not sigma or limit <= 0:
                return min(median, max(limit, 0.0))
            z = math.log(limit / median) / sigma
            return mean_pause(pause) * _normal(z - sigma) + limit * (1.0 - _normal(z))


def _normal(z: float) -> float:
    """Return Φ(z), the probability that a standard normal variable is below ``z``."""
    return math.erfc(-z / math.sqrt(2.0)) / 2.0


def mean_pause(pause: PausePlan) -> float:
    """Return the expected length of a pause in seconds; of a log-normal one, exp(mu + sigma² / 2)."""
    match pause.kind:
        case "fixed" | "exponential":
            return pause.values[0]
        case "uniform":
            return (pause.values[0] + pause.values[1]) / 2
        case "lognormal":
            median, p95 = pause.values
            sigma = math.log(p95 / median) / NORMAL_P95
            return median * math.exp(sigma * sigma / 2)
