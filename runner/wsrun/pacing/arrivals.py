"""Arrival schedules: the times at which messages are due, whatever the replies do.

Let r(t) be the rate at t seconds into the phase and R(t) its integral from 0, the number of arrivals due by
then. The n-th arrival (n from 0) is due when R reaches n + 1/2, so that the number sent by any moment is R
rounded to the nearest whole number, in total and at every moment. With ``poisson`` it is due when R reaches
the sum of the first n + 1 draws of a unit exponential distribution: a Poisson process of rate r by change
of time (Çinlar, Introduction to Stochastic Processes, 1975, theorem 4.7.1).

On a piece of length L where the rate goes straight from a to b, the integral from its start is
R(u) = a u + (b - a) u² / 2L, and its inverse u(y) = 2 y / (a + √(a² + 2 y (b - a) / L)), a form without
division by b - a and without cancellation. Every time is computed from its own count, so nothing drifts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from random import Random

from wsrun.pacing.levels import Piece, pieces_with_bursts
from wsrun.plan import Bursts, Level


def offsets(
    level: Level | None,
    bursts: Bursts | None = None,
    duration: float = 0.0,
    *,
    poisson: bool = False,
    seed: object = None,
) -> Iterator[float]:
    """Yield when arrivals are due: seconds from the phase's start, never falling, all below ``duration``.

    Args:
        level: the rate a second; None is none but in bursts.
        bursts: what overrides it, or None.
        duration: of the phase, in seconds.
        poisson: exponential gaps in place of equal ones.
        seed: int, float, str or bytes; for ``poisson`` only. The same seed gives the same times.
    """
    due = _poisson_targets(seed) if poisson else count(0.5)
    target = next(due)
    reached = 0.0
    for piece in pieces_with_bursts(level, bursts, duration):
        area, start, end, rate = piece.area, piece.start, piece.end, piece.low
        if rate == piece.high:
            # As inverse() has it, to the last bit, where the rate does not change.
            while target - reached < area:
                yield min(start + (target - reached) / rate, end)
                target = next(due)
        while target - reached < area:
            yield min(start + inverse(piece, target - reached), end)
            target = next(due)
        reached += area


def total(level: Level | None, bursts: Bursts | None, duration: float) -> float:
    """Return how many arrivals a phase schedules, before rounding (with ``poisson``: expects)."""
    return math.fsum(piece.area for piece in pieces_with_bursts(level, bursts, duration))


def inverse(piece: Piece, area: float) -> float:
    """Return after how many seconds of a piece the integral of its rate reaches ``area`` (more than 0)."""
    bend = 2 * area * (piece.high - piece.low) / (piece.end - piece.start)
    return 2 * area / (piece.low + math.sqrt(max(piece.low * piece.low + bend, 0.0)))


def _poisson_targets(seed: object) -> Iterator[float]:
    if seed is not None and not isinstance(seed, int | float | str | bytes):
        raise TypeError("a seed is an int, a float, a str or bytes")
    rng = Random(seed)
    target = 0.0
    while True:
        target += rng.expovariate(1.0)
        yield target
