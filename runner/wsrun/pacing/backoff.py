"""Exponential backoff: how long a client waits before it tries to connect again."""

from __future__ import annotations

from random import Random

from wsrun.plan_resilience import ReconnectPlan


def backoff(plan: ReconnectPlan, tries: int, rng: Random) -> float:
    """Return the seconds to wait after ``tries`` tries in a row that failed (0: right after the loss).

    The wait grows by ``factor`` up to ``most``; a random part of at most ``jitter`` is then taken away, so
    that clients that were lost together do not come back together. A jitter of 50 % is the "equal jitter",
    one of 100 % the "full jitter" of M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
    """
    try:
        longest = min(plan.first * plan.factor**tries, plan.most)
    except OverflowError:
        longest = plan.most
    return longest * (1 - plan.jitter * rng.random())
