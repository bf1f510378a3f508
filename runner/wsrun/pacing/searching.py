"""Which level of a search comes next, from how those before it went: step by step, or by bisection.

Pure functions of a search's settings and its outcomes so far; nothing here knows of time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from wsrun.plan import SearchPlan

Outcome = tuple[float, bool]
"""The value of a level that was held, and whether it met every condition."""

_EXACT = 1e-9
"""Share of a step that is rounding and no gap."""


def next_value(search: SearchPlan, outcomes: Sequence[Outcome]) -> float | None:
    """Return the value of the level after those that were held, None when the search is over.

    Step by step: ``step`` more each time, at last exactly ``last``, until a level misses. By bisection: the
    double each time, at last exactly ``last``, until a level misses; then the middle of the gap between the
    highest that met and the lowest that missed, in whole steps above the former, until the gap is at most a
    step. A first level that misses ends either.
    """
    if not outcomes:
        return search.first
    best, broken = best_of(outcomes), broken_of(outcomes)
    if broken is None:
        latest = outcomes[-1][0]
        if latest >= search.last:
            return None
        following = latest * 2 if search.bisect else search.first + len(outcomes) * search.step
        return min(following, search.last)
    gap = (broken - best) / search.step
    if not search.bisect or not best or gap <= 1 + _EXACT:
        return None
    return best + search.step * max(1, math.floor(gap / 2 + _EXACT))


def best_of(outcomes: Sequence[Outcome]) -> float:
    """Return the highest level that met its conditions below any that missed them, 0 without one."""
    broken = broken_of(outcomes)
    met = [value for value, is_met in outcomes if is_met and (broken is None or value < broken)]
    return max(met, default=0.0)


def broken_of(outcomes: Sequence[Outcome]) -> float | None:
    """Return the lowest level that missed its conditions, None when none did."""
    return min((value for value, is_met in outcomes if not is_met), default=None)


def longest_way(search: SearchPlan) -> tuple[float, ...]:
    """Return the levels of the longest way that a search can take.

    Step by step that is all of them. By bisection it depends on where the target breaks: after a gap is
    halved, more of it is left above than below, so that the longest way breaks just below one of the doubled
    levels.
    """
    whole = way(search, lambda value: True)
    if not search.bisect:
        return whole
    return max([whole, *(way(search, limit.__gt__) for limit in whole[1:])], key=len)


def way(search: SearchPlan, is_met: Callable[[float], bool]) -> tuple[float, ...]:
    """Return the levels that a search holds against a target that meets those of which ``is_met`` is true."""
    outcomes: list[Outcome] = []
    while (value := next_value(search, outcomes)) is not None:
        outcomes.append((value, is_met(value)))
    return tuple(value for value, _ in outcomes)
