"""Slope and trend: the estimates are right on lines and on noise."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.trend import MOST_READINGS, direction, slope, trend


def line(n: int, steepness: float = 1.0) -> list[tuple[float, float]]:
    return [(float(at), 5 + steepness * at) for at in range(n)]


@given(st.integers(min_value=4, max_value=40), st.integers(min_value=-9, max_value=9))
def test_a_line_has_its_slope(n: int, steepness: int) -> None:
    """Exactly, since every pair has it."""
    assert slope(line(n, steepness)) == pytest.approx(steepness)


def test_an_outlier_does_not_bend_the_slope() -> None:
    """The median of pairs ignores what least squares would follow."""
    readings = line(20)
    readings[19] = (19.0, 1e6)
    assert slope(readings) == pytest.approx(1.0)
    assert direction(readings) == "increasing"


@pytest.mark.parametrize(
    ("steepness", "expected"), [(1.0, "increasing"), (-1.0, "decreasing"), (0.0, "stable")]
)
def test_the_direction_of_a_line(steepness: float, expected: str) -> None:
    """Also of one that does not move at all."""
    assert direction(line(20, steepness)) == expected


def test_three_readings_say_nothing() -> None:
    """A perfect order of three comes about by chance once in six times."""
    assert direction(line(3)) is None
    assert slope(line(3)) is None
    assert slope([]) is None


def test_four_readings_in_order_are_not_yet_a_trend() -> None:
    """One of 24 orders is above 5 % for two sides; five in order are enough."""
    assert direction(line(4)) == "stable"
    assert direction(line(5)) == "increasing"


def test_readings_at_one_moment_have_no_slope() -> None:
    """Nothing to divide by."""
    assert slope([(1.0, float(value)) for value in range(9)]) is None


def test_noise_without_a_trend_is_called_stable_in_19_of_20_cases() -> None:
    """That is what a level of 5 % means: 400 series, at most 8 % called otherwise."""
    rng = Random(11)
    series = [[(float(at), rng.gauss(0, 1)) for at in range(30)] for _ in range(400)]
    wrong = sum(direction(readings) != "stable" for readings in series)
    assert 0 < wrong <= 32


def test_a_leak_in_noise_is_found() -> None:
    """A rise of three standard deviations over the run."""
    rng = Random(5)
    readings = [(float(at), rng.gauss(0, 1) + 3 * at / 60) for at in range(60)]
    assert direction(readings) == "increasing"
    assert slope(readings) == pytest.approx(0.05, abs=0.02)


def test_a_long_series_is_thinned_without_changing_its_slope() -> None:
    """Three days of seconds would be 30 billion pairs."""
    assert slope(line(MOST_READINGS * 7 + 3, 2.0)) == pytest.approx(2.0)
    assert direction(line(MOST_READINGS * 7 + 3, -2.0)) == "decreasing"


def test_readings_may_come_in_any_order() -> None:
    """They are sorted by time."""
    readings = line(30)
    Random(1).shuffle(readings)
    assert slope(readings) == pytest.approx(1.0)
    assert direction(readings) == "increasing"


def test_the_interval_of_a_slope_holds_the_true_one_in_19_of_20_cases() -> None:
    """Independent noise about a line: 300 series, at least 92 % of the intervals."""
    rng = Random(3)
    held = 0
    for _ in range(300):
        found = trend([(float(at), 0.1 * at + rng.gauss(0, 1)) for at in range(30)])
        assert found is not None
        low, value, high = found.slope
        assert low <= value <= high
        held += low <= 0.1 <= high

    assert held >= 276


def test_the_interval_of_a_line_is_its_slope() -> None:
    """Nothing is uncertain about it."""
    found = trend(line(20, 2.0))

    assert found is not None
    assert found.slope == pytest.approx((2.0, 2.0, 2.0))
    assert trend(line(3)) is None


def test_readings_that_stand_for_many_weigh_as_much() -> None:
    """A flat day in few readings, and a rise in the last minutes: the day is most of it."""
    day = [(3600.0 * hour, 5.0 + hour % 2) for hour in range(24)]
    minutes = [(86_400.0 + 60 * minute, 5.0 + minute) for minute in range(60)]

    assert direction(day + minutes) == "increasing"
    assert direction(day + minutes, [60.0] * 24 + [1.0] * 60) == "stable"


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(1, 9)), min_size=4, max_size=60))
def test_weighing_all_alike_changes_nothing(values: list[tuple[float, int]]) -> None:
    """Whatever the weight is."""
    readings = [(float(at), value) for at, (value, _) in enumerate(values)]

    assert direction(readings, [7.0] * len(readings)) == direction(readings)
    assert slope(readings, [7.0] * len(readings)) == slope(readings)


def wandering(rng: Random, n: int, memory: float) -> list[tuple[float, float]]:
    """A series without a trend in which each reading keeps a part of the one before (AR(1))."""
    value, found = 0.0, []
    for at in range(n):
        value = memory * value + rng.gauss(0, 1)
        found.append((float(at), value))
    return found


@pytest.mark.parametrize(
    ("n", "memory", "most"), [(12, 0.0, 8), (60, 0.0, 8), (60, 0.5, 15), (120, 0.5, 12), (120, 0.8, 16)]
)
def test_a_series_without_a_trend_is_called_one_no_more_often_than_stated(
    n: int, memory: float, most: int
) -> None:
    """In per cent of 200. Where readings keep half of the one before, the plain test is wrong in 20 %."""
    rng = Random(n)
    wrong = sum(direction(wandering(rng, n, memory)) != "stable" for _ in range(200))

    assert wrong / 2 <= most


def test_a_trend_in_a_series_that_wanders_is_still_found() -> None:
    """Eight standard deviations over the run."""
    rng = Random(2)
    found = [
        direction([(at, y + 0.08 * at) for at, y in wandering(rng, 100, 0.5)]) == "increasing"
        for _ in range(100)
    ]

    assert sum(found) >= 95


@given(st.lists(st.integers(0, 5), min_size=4, max_size=40))
def test_turning_a_series_upside_down_turns_its_direction(values: list[int]) -> None:
    """And its slope, with the ends of its interval swapped."""
    up = trend([(float(at), float(value)) for at, value in enumerate(values)])
    down = trend([(float(at), -float(value)) for at, value in enumerate(values)])
    opposite = {"increasing": "decreasing", "decreasing": "increasing", "stable": "stable"}

    assert up is not None and down is not None
    assert opposite[up.direction] == down.direction
    assert up.slope.value == pytest.approx(-down.slope.value)
