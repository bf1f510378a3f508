"""Shares: any first n clients are divided by weight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.shares import shares

WEIGHTS = st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=9).filter(any)


@given(WEIGHTS, st.integers(min_value=0, max_value=400))
def test_every_first_m_clients_keep_the_shares_within_one(weights: list[int], n: int) -> None:
    """For each weight and each m: |count - m * share| < 1, across the end of a period too."""
    order = shares(weights, n)
    assert len(order) == n
    counts = [0] * len(weights)
    for m, index in enumerate(order, start=1):
        counts[index] += 1
        for count, weight in zip(counts, weights, strict=True):
            assert abs(count - m * weight / sum(weights)) < 1


@given(WEIGHTS, st.integers(min_value=1, max_value=60), st.integers(min_value=0, max_value=60))
def test_any_clients_in_a_row_keep_the_shares_within_two(weights: list[int], n: int, start: int) -> None:
    """A window is the difference of two beginnings."""
    window = shares(weights, start + n)[start:]
    for index, weight in enumerate(weights):
        assert abs(window.count(index) - n * weight / sum(weights)) < 2


@given(WEIGHTS, st.integers(min_value=0, max_value=100))
def test_more_clients_change_nobody(weights: list[int], n: int) -> None:
    """Client i has its profile however many come after it."""
    assert shares(weights, 150)[:n] == shares(weights, n)


def test_one_large_weight_does_not_starve_the_small_ones() -> None:
    """The case in which taking the one that lags most is off by more than one."""
    weights = [37, *[1] * 12]
    counts = [0] * len(weights)
    for m, index in enumerate(shares(weights, 490), start=1):
        counts[index] += 1
        assert all(abs(c - m * w / 49) < 1 for c, w in zip(counts, weights, strict=True))


@pytest.mark.parametrize(
    ("weights", "n", "counts"),
    [
        ([0.2, 0.5, 0.3], 10, [2, 5, 3]),
        ([0.7, 0.3], 1000, [700, 300]),
        ([8, 2], 5, [4, 1]),
        ([1], 3, [3]),
        ([0, 2, 0], 4, [0, 4, 0]),
        ([1e-3, 0.999], 1000, [1, 999]),
    ],
)
def test_whole_shares_are_exact(weights: list[float], n: int, counts: list[int]) -> None:
    """Decimal weights are taken as written."""
    order = shares(weights, n)
    assert [order.count(index) for index in range(len(weights))] == counts


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_divide_nothing_are_refused(weights: list[float]) -> None:
    """None, all zero, or negative."""
    with pytest.raises(ValueError, match="weights"):
        shares(weights, 3)
