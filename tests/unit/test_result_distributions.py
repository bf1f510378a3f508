"""Distributions as results show them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.histogram import RELATIVE_ERROR, Histogram
from wsrun.result.distributions import PERCENTILES, describe

STATS = {"count", "min", "avg", "max", *PERCENTILES}


def histogram_of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_without_samples_there_is_no_number_at_all() -> None:
    """Nothing is ever zero for lack of data."""
    described = describe(Histogram())

    assert described.pop("count") == 0
    assert set(described.values()) == {None}


def test_timeouts_are_told_only_where_they_can_be() -> None:
    """Of connects and service times there are none."""
    assert describe(Histogram()).keys() == STATS
    assert describe(Histogram(), timeouts=0).keys() == STATS | {"timeouts", "timeout"}
    assert describe(histogram_of([2.0]), timeouts=1, timeout=2.0)["timeout"] == 2.0


@given(st.lists(st.floats(min_value=1e-6, max_value=1e4), min_size=1, max_size=200))
def test_numbers_are_in_order_and_near_the_truth(values: list[float]) -> None:
    """Percentiles rise from the minimum to the maximum; the median is a sample's, within the known error."""
    described = describe(histogram_of(values))
    rising = [described["min"], *(described[name] for name in PERCENTILES), described["max"]]
    median = sorted(values)[(len(values) + 1) // 2 - 1]

    assert rising == sorted(rising)
    assert described["count"] == len(values)
    assert (described["min"], described["max"]) == (min(values), max(values))
    assert abs(described["p50"] - median) <= median * RELATIVE_ERROR
    assert min(values) * (1 - 1e-9) <= described["avg"] <= max(values) * (1 + 1e-9)
