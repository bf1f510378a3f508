"""Scripted delays: a text such as ``lognormal:20ms:80ms`` to a distribution that can be drawn from.

A distribution is its quantile function; a draw is that function at a uniform random number. So the
percentiles that a run should find are known exactly beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import NormalDist

from wsrun.units import UnitError, parse_duration, parse_share

NORMAL = NormalDist()
"""The standard normal distribution."""

Z95 = NORMAL.inv_cdf(0.95)
"""How many standard deviations the 95th percentile lies above the mean."""

SMALLEST_SHARE = 2.0**-54
"""The share taken for 0, where a distribution has no finite quantile."""


class LatencyError(ValueError):
    """A text is not a latency; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of delays. ``quantile`` maps a share in [0, 1) to seconds and never falls."""

    text: str
    quantile: Callable[[float], float]

    def sample(self, rng: Random) -> float:
        """Draw a delay in seconds."""
        return self.quantile(rng.random())


def constant(delay: float) -> Callable[[float], float]:
    """Always ``delay``."""
    return lambda share: delay


def uniform(least: float, most: float) -> Callable[[float], float]:
    """Every delay between the two equally often: ``least + share · (most - least)``."""
    if most < least:
        raise LatencyError("the second delay of uniform is the longer one")
    return lambda share: least + share * (most - least)


def exponential(mean: float) -> Callable[[float], float]:
    """Exponential with this mean: ``-mean · ln(1 - share)``."""
    return lambda share: -mean * math.log1p(-share)


def lognormal(median: float, p95: float) -> Callable[[float], float]:
    """Log-normal through two percentiles: ``exp(μ + σ·z(share))``.

    ``μ = ln median``, ``σ = ln(p95 / median) / z(0.95)``; ``z`` is the quantile function of the standard
    normal distribution.
    """
    if not 0 < median <= p95:
        raise LatencyError("lognormal has a median above zero, and a 95th percentile not below it")
    mu, sigma = math.log(median), math.log(p95 / median) / Z95
    return lambda share: math.exp(mu + sigma * NORMAL.inv_cdf(max(share, SMALLEST_SHARE)))


def bimodal(usual: float, other: float, share_of_other: float) -> Callable[[float], float]:
    """``other`` in this share of the cases, ``usual`` in the rest."""
    if other < usual:
        raise LatencyError("the second delay of bimodal is the longer one")
    return lambda share: usual if share < 1 - share_of_other else other


def pareto(least: float, shape: float) -> Callable[[float], float]:
    """Pareto, heavy in its tail: ``least / (1 - share)^(1/shape)``."""
    if shape <= 0:
        raise LatencyError("the shape of pareto is above zero")
    return lambda share: least / (1 - share) ** (1 / shape)


def parse_fraction(text: str) -> float:
    """Read a share, as ``5%`` or ``0.05``."""
    share = parse_share(text) if text.endswith("%") else parse_positive(text)
    if share > 1:
        raise LatencyError(f"{text} is more than everything")
    return share


def parse_positive(text: str) -> float:
    """Read a number that is finite and not negative."""
    try:
        number = float(text)
    except ValueError:
        raise LatencyError(f"{text!r} is not a number") from None
    if not 0 <= number < math.inf:
        raise LatencyError(f"{text!r} is not a number of zero or more")
    return number


Reader = Callable[[str], float]

KINDS: dict[str, tuple[str, tuple[Reader, ...], Callable[..., Callable[[float], float]]]] = {
    "constant": ("constant:10ms", (parse_duration,), constant),
    "uniform": ("uniform:0ms:100ms", (parse_duration, parse_duration), uniform),
    "exponential": ("exponential:20ms", (parse_duration,), exponential),
    "lognormal": ("lognormal:20ms:80ms", (parse_duration, parse_duration), lognormal),
    "bimodal": ("bimodal:1ms:200ms:0.05", (parse_duration, parse_duration, parse_fraction), bimodal),
    "pareto": ("pareto:1ms:2.5", (parse_duration, parse_positive), pareto),
}
"""The kinds by name: an example, how each parameter is read, and what makes the quantile function."""


def parse_latency(text: str) -> Latency:
    """Read a latency such as ``uniform:0ms:100ms``.

    Raises:
        LatencyError: for anything else; the message names what is wrong and shows an example.
    """
    name, *parameters = text.split(":")
    if name not in KINDS:
        raise LatencyError(f"{name!r} is no kind of latency; there are {', '.join(KINDS)}")
    example, readers, make = KINDS[name]
    if len(parameters) != len(readers):
        raise LatencyError(f"{text!r} has {len(parameters)} parameters, not {len(readers)}; write {example}")
    try:
        values = [read(parameter) for read, parameter in zip(readers, parameters, strict=True)]
    except UnitError as error:
        raise LatencyError(f"{error.message}; write {example}") from None
    return Latency(text, make(*values))
