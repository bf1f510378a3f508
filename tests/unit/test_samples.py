"""The numbers of one interval, as they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.samples import Samples

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200)


def of(numbers: list[float]) -> Samples:
    made = Samples()
    for number in numbers:
        made.add(number)
    return made


@given(NUMBERS, NUMBERS)
def test_numbers_are_kept_to_the_bit_and_in_their_order(first: list[float], more: list[float]) -> None:
    """One by one or several at once."""
    made = of(first)
    made.extend(of(more))

    assert list(made) == first + more
    assert len(made) == len(first) + len(more)
    assert bool(made) == bool(first or more)


def test_they_are_found_by_their_place() -> None:
    """From either end; beyond is an error."""
    made = of([1.0, 2.0, 3.0])

    assert (made[0], made[-1], made[2]) == (1.0, 3.0, 3.0)
    for place in (3, -4):
        with pytest.raises(IndexError):
            made[place]


def test_the_last_one_can_be_taken_back() -> None:
    """As where a wait was not for wsrun itself."""
    made = of([1.0, 2.0])

    assert (made.pop(), list(made), made.pop(), list(made)) == (2.0, [1.0], 1.0, [])
    with pytest.raises(IndexError):
        made.pop()


def test_a_histogram_reads_their_memory() -> None:
    """As many as were added, and nothing of the room behind them."""
    histogram = Histogram()
    histogram.add_array(Samples())
    histogram.add_array(of([0.001 * number for number in range(1, 38)]))

    assert (histogram.count, histogram.minimum, histogram.maximum) == (37, 0.001, 0.037)


def test_who_looks_at_them_never_sees_freed_memory() -> None:
    """While there is a view, room is not made elsewhere; afterwards it is."""
    made = of([1.0] * 16)
    with memoryview(made) as view:
        with pytest.raises(BufferError):
            for _ in range(1000):
                made.add(2.0)
        with pytest.raises(BufferError):
            made.pop()
        assert bytes(view[:1])

    made.add(3.0)
    assert (made[0], made[-1]) == (1.0, 3.0)
