"""The histogram: what it keeps exactly, what it rounds, and by how much."""

from __future__ import annotations

import json
import math
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.histogram import RELATIVE_ERROR, Histogram, bucket_index, bucket_lower

POSITIVE = st.floats(min_value=1e-12, max_value=1e12)
ANY = st.one_of(st.just(0.0), POSITIVE, st.floats(min_value=-1e6, max_value=0.0))
SAMPLES = st.lists(ANY, max_size=60)


def histogram_of(values: list[float]) -> Histogram:
    histogram = Histogram()
    histogram.add_array(array("d", values))
    return histogram


def exact_quantile(values: list[float], q: float) -> float:
    return sorted(values)[max(1, math.ceil(q * len(values) * (1 - 2**-50))) - 1]


@given(st.lists(POSITIVE, min_size=1, max_size=300), st.floats(min_value=0, max_value=1))
def test_every_quantile_is_within_the_declared_error_of_the_exact_one(values: list[float], q: float) -> None:
    """Against sorting: off by 1/256 of the value at most."""
    estimate = histogram_of(values).quantile(q)
    exact = exact_quantile(values, q)
    assert estimate is not None
    assert abs(estimate - exact) <= exact * RELATIVE_ERROR * (1 + 1e-12)


def test_a_million_samples_keep_the_error_and_the_count() -> None:
    """A log-normal latency with a long tail, as in a real run."""
    values = np.random.default_rng(7).lognormal(-4.6, 1.5, 1_000_000)
    histogram = Histogram()
    for chunk in np.array_split(values, 10):
        histogram.add_array(chunk)
    ordered = np.sort(values)
    assert histogram.count == 1_000_000
    assert histogram.total == pytest.approx(values.sum())
    for q in (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0):
        exact = ordered[math.ceil(q * 1_000_000) - 1]
        estimate = histogram.quantile(q)
        assert estimate is not None
        assert abs(estimate - exact) <= exact * RELATIVE_ERROR


@given(SAMPLES, SAMPLES, SAMPLES)
def test_merging_is_associative_and_commutative(a: list[float], b: list[float], c: list[float]) -> None:
    """In any order the same histogram as from all samples at once."""
    parts = [histogram_of(values) for values in (a, b, c)]
    left = Histogram.merged([Histogram.merged(parts[:2]), parts[2]])
    right = Histogram.merged([parts[0], Histogram.merged(parts[1:])])
    backwards = Histogram.merged(reversed(parts))
    assert left == right == backwards == histogram_of(a + b + c)
    assert left.total == pytest.approx(right.total)


@given(SAMPLES)
def test_adding_one_by_one_and_by_array_are_the_same(values: list[float]) -> None:
    """Both ways of recording fill the same buckets."""
    one_by_one = Histogram()
    for value in values:
        one_by_one.add(value)
    assert one_by_one == histogram_of(values)
    assert one_by_one.total == pytest.approx(histogram_of(values).total)


@given(SAMPLES)
def test_nothing_is_ever_dropped(values: list[float]) -> None:
    """Zero, negative, tiny and huge values are all counted, and the ends are exact."""
    histogram = histogram_of(values)
    assert histogram.count == len(values) == sum(histogram.buckets.values())
    assert histogram.minimum == min(values, default=None)
    assert histogram.maximum == max(values, default=None)


def test_extreme_values_are_counted_side_by_side() -> None:
    """So wide a span takes another way of folding, with the same result."""
    values = [0.0, -3.0, 1e-12, 1e12, 5e-324, 1.7e308, 0.25]
    histogram = histogram_of(values)
    assert (histogram.count, histogram.minimum, histogram.maximum) == (7, -3.0, 1.7e308)
    assert histogram.quantile(0) == -3.0
    assert histogram.quantile(1) == 1.7e308
    assert histogram.quantile(0.7) == pytest.approx(0.25, rel=RELATIVE_ERROR)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused_as_a_whole(wrong: float) -> None:
    """They are a mistake of the caller; the array leaves no trace."""
    histogram = Histogram()
    with pytest.raises(ValueError, match="finite"):
        histogram.add_array(array("d", [1.0, wrong, 2.0]))
    with pytest.raises(ValueError, match="finite"):
        histogram.add(wrong)
    assert histogram == Histogram()


def test_an_empty_histogram_has_no_quantile() -> None:
    """No data is None, never 0."""
    histogram = histogram_of([])
    assert histogram.quantiles([0.0, 0.5, 1.0]) == [None, None, None]
    assert (histogram.average, histogram.minimum, histogram.maximum) == (None, None, None)
    assert histogram.count_above(0.0) == 0


@pytest.mark.parametrize(
    ("q", "expected"),
    [(0, 1), (0.001, 1), (0.01, 1), (0.07, 7), (0.5, 50), (0.501, 51), (0.95, 95), (1, 100)],
)
def test_a_quantile_is_the_value_at_the_rank_rounded_up(q: float, expected: int) -> None:
    """Of 1…100 the p95 is 95; also where q times 100 is a hair above a whole number."""
    assert histogram_of([float(value) for value in range(1, 101)]).quantile(q) == pytest.approx(
        expected, rel=RELATIVE_ERROR
    )


def test_a_single_value_is_every_quantile_exactly() -> None:
    """The middle of the bucket is cut to what was seen."""
    assert histogram_of([0.123, 0.123, 0.123]).quantiles([0.1, 0.5, 0.9]) == [0.123, 0.123, 0.123]


def test_quantiles_outside_0_to_1_are_refused() -> None:
    """95 instead of 0.95 is a mistake to hear about."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        histogram_of([1.0]).quantile(95)


def test_quantiles_come_in_the_order_asked_for() -> None:
    """Also unsorted and twice."""
    histogram = histogram_of([1.0, 2.0, 3.0])
    assert histogram.quantiles([1, 0, 1]) == [3.0, 1.0, 3.0]


@given(st.lists(POSITIVE, min_size=1, max_size=100), POSITIVE)
def test_count_above_leaves_out_only_the_bucket_of_the_limit(values: list[float], limit: float) -> None:
    """Nothing that is clearly above is missed, nothing below is counted."""
    above = histogram_of(values).count_above(limit)
    assert sum(value > limit * (1 + 2 * RELATIVE_ERROR) for value in values) <= above
    assert above <= sum(value > limit for value in values)


@given(POSITIVE)
def test_a_value_lies_in_its_bucket(value: float) -> None:
    """Lower edge included, upper edge not; 128 buckets an octave."""
    index = bucket_index(value)
    assert bucket_lower(index) <= value < bucket_lower(index + 1)
    assert bucket_lower(index + 128) == 2 * bucket_lower(index)


def test_bars_are_the_buckets_in_order() -> None:
    """What a heat map draws."""
    bars = list(histogram_of([2.0, 1.0, 2.001]).bars())
    assert [count for _, _, count in bars] == [1, 2]
    assert bars[0][:2] == (1.0, 1.0 + 1 / 128)


@given(SAMPLES)
def test_json_and_back_is_the_same_histogram(values: list[float]) -> None:
    """Through text, as in the journal."""
    histogram = histogram_of(values)
    copy = Histogram.from_json(json.loads(json.dumps(histogram.to_json(), allow_nan=False)))
    assert copy == histogram
    assert copy.total == histogram.total


def test_adding_many_of_one_value_counts_them_all() -> None:
    """And zero of them changes nothing."""
    histogram = Histogram()
    histogram.add(5.0, 1000)
    histogram.add(9.0, 0)
    assert (histogram.count, histogram.total, histogram.maximum) == (1000, 5000.0, 5.0)


def test_histograms_compare_only_with_their_like() -> None:
    """And print what they hold."""
    histogram = histogram_of([1.0, 2.0])
    assert histogram != 2
    assert repr(histogram) == "<Histogram of 2, 1.0 to 2.0>"
