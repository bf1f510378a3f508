"""Which level of a search comes next: by steps, by bisection, and how many there can be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.searching import best_of, broken_of, longest_way, next_value, way
from wsrun.plan import SearchPlan


def search(first: float = 10, last: float = 100, step: float = 10, *, bisect: bool = False) -> SearchPlan:
    """A search whose conditions do not matter."""
    return SearchPlan(axis="clients", group=0, first=first, last=last, step=step, bisect=bisect, such_that=())


searches = st.builds(
    lambda first, more, step, bisect: search(first, first + more, step, bisect=bisect),
    st.integers(1, 300),
    st.integers(0, 3000),
    st.integers(1, 200),
    st.booleans(),
)


def test_steps_go_up_until_a_level_misses() -> None:
    """The first miss ends it; the level before is the best."""
    assert way(search(), lambda value: value <= 45) == (10, 20, 30, 40, 50)


def test_steps_end_exactly_at_the_last_level() -> None:
    """Also where the steps would pass it by."""
    assert way(search(10, 35, 10), lambda value: True) == (10, 20, 30, 35)


def test_bisection_doubles_and_then_halves_the_gap() -> None:
    """Between the highest that met and the lowest that missed, in whole steps."""
    assert way(search(10, 200, bisect=True), lambda value: value <= 100) == (
        (10, 20, 40, 80, 160, 120, 100, 110)
    )


@pytest.mark.parametrize("bisect", [False, True])
def test_a_first_level_that_misses_ends_the_search(bisect: bool) -> None:
    """Below ``from`` nothing is looked for."""
    assert way(search(bisect=bisect), lambda value: False) == (10,)


def test_a_target_that_never_breaks_is_searched_to_the_end() -> None:
    """Doubling ends exactly at the last level."""
    assert way(search(10, 100, bisect=True), lambda value: True) == (10, 20, 40, 80, 100)


def test_best_and_broken_are_what_the_outcomes_say() -> None:
    """Nothing is best when the first missed, and a level above one that missed is none."""
    assert (best_of([]), broken_of([])) == (0.0, None)
    assert (best_of([(10, False)]), broken_of([(10, False)])) == (0.0, 10)
    outcomes = [(10, True), (20, True), (40, False), (30, True)]
    assert (best_of(outcomes), broken_of(outcomes)) == (30, 40)


@given(searches, st.floats(0, 4000))
def test_the_answer_is_exact_to_a_step(plan: SearchPlan, limit: float) -> None:
    """Whatever the target's limit: it lies between best and broken, and these are at most a step apart."""
    outcomes: list[tuple[float, bool]] = []
    while (value := next_value(plan, outcomes)) is not None:
        assert plan.first <= value <= plan.last
        outcomes.append((value, value <= limit))
    best, broken = best_of(outcomes), broken_of(outcomes)
    assert best <= limit
    if broken is None:
        assert best == plan.last
    else:
        assert broken > limit
        assert broken == plan.first or broken - best <= plan.step * (1 + 1e-9)


@given(searches, st.floats(0, 4000))
def test_no_way_is_longer_than_the_longest(plan: SearchPlan, limit: float) -> None:
    """The time that a plan allows is enough, wherever the target breaks."""
    assert len(way(plan, lambda value: value <= limit)) <= len(longest_way(plan))


@given(searches)
def test_bisection_needs_few_levels(plan: SearchPlan) -> None:
    """About the logarithm of the span, twice: once up, once down."""
    if plan.bisect:
        doublings = math.log2(plan.last / plan.first) + 2
        halvings = math.log2(max(plan.last / plan.step, 1)) + 2
        assert len(longest_way(plan)) <= doublings + halvings
