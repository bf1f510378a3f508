"""Levels: constant, line and stairs, at a moment and integrated."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.levels import area, cut, level_at, pieces, pieces_with_bursts
from wsrun.plan import Bursts, Level

CONSTANT = Level(start=200, end=200)
LINE = Level(start=10, end=50)
STAIRS = Level(start=10, end=60, step=10, every=10)
DOWN = Level(start=60, end=10, step=20, every=10)

NUMBERS = st.integers(min_value=0, max_value=1000).map(float)
TIMES = st.integers(min_value=1, max_value=600).map(lambda tenths: tenths / 10)
LEVELS = st.one_of(
    st.builds(Level, start=NUMBERS, end=NUMBERS),
    st.builds(Level, start=NUMBERS, end=NUMBERS, step=TIMES, every=TIMES),
)


@pytest.mark.parametrize(
    ("level", "elapsed", "expected"),
    [
        (CONSTANT, 0, 200),
        (CONSTANT, 60, 200),
        (LINE, 0, 10),
        (LINE, 30, 30),
        (LINE, 60, 50),
        (STAIRS, 0, 10),
        (STAIRS, 9.999, 10),
        (STAIRS, 10, 20),
        (STAIRS, 49.9, 50),
        (STAIRS, 50, 60),
        (STAIRS, 60, 60),
        (DOWN, 0, 60),
        (DOWN, 10, 40),
        (DOWN, 20, 20),
        (DOWN, 30, 10),
        (LINE, -1, 10),
        (LINE, 61, 50),
    ],
)
def test_a_level_at_a_moment_of_a_minute(level: Level, elapsed: float, expected: float) -> None:
    """A stair begins exactly at its time, the last one is cut to the end; outside, the nearer end holds."""
    assert level_at(level, elapsed, 60) == expected


def test_stairs_begin_on_time_where_division_is_inexact() -> None:
    """0.3 / 0.1 is below 3 in floats, and yet the third stair begins at 3 times 0.1."""
    stairs = Level(start=0, end=10, step=1, every=0.1)
    assert level_at(stairs, 3 * 0.1, 60) == 3
    assert level_at(stairs, 0.3, 60) == 2  # 0.3 is before 3 * 0.1 = 0.30000000000000004


@pytest.mark.parametrize(
    ("level", "start", "end", "expected"),
    [
        (CONSTANT, 0, 60, 12_000),
        (LINE, 0, 60, 1800),
        (LINE, 0, 30, 600),
        (LINE, 30, 60, 1200),
        (STAIRS, 0, 60, 2100),
        (STAIRS, 5, 15, 150),
        (STAIRS, -5, 5, 50),
        (STAIRS, 55, 99, 300),
        (STAIRS, 70, 80, 0),
    ],
)
def test_the_area_between_two_moments(level: Level, start: float, end: float, expected: float) -> None:
    """10 to 50 over a minute is 1800; times outside the phase count nothing."""
    assert area(level, start, end, 60) == pytest.approx(expected)


@given(LEVELS, TIMES, st.floats(min_value=0, max_value=1))
def test_the_area_is_additive(level: Level, duration: float, share: float) -> None:
    """Any cut gives two parts that make the whole."""
    middle = duration * share
    parts = area(level, 0, middle, duration) + area(level, middle, duration, duration)
    assert parts == pytest.approx(area(level, 0, duration, duration), abs=1e-6)


@given(LEVELS, TIMES)
def test_pieces_cover_the_phase_without_gaps_and_say_what_level_at_says(
    level: Level, duration: float
) -> None:
    """Both ways of reading a level agree."""
    parts = list(pieces(level, duration))
    assert parts[0].start == 0
    assert parts[-1].end == duration
    assert all(one.end == other.start for one, other in itertools.pairwise(parts))
    for piece in parts:
        assert level_at(level, piece.start, duration) == pytest.approx(piece.low)
        middle = (piece.start + piece.end) / 2
        assert level_at(level, middle, duration) == pytest.approx((piece.low + piece.high) / 2)


def test_bursts_take_the_place_of_the_rate() -> None:
    """Two seconds in ten at 1 000, the line in between."""
    bursts = Bursts(every=10, length=2, rate=1000)
    parts = list(pieces_with_bursts(Level(start=0, end=30), bursts, 15))
    assert [(piece.start, piece.end) for piece in parts] == [(0, 2), (2, 10), (10, 12), (12, 15)]
    assert [(piece.low, piece.high) for piece in parts] == [(1000, 1000), (4, 20), (1000, 1000), (24, 30)]


def test_between_bursts_without_a_rate_nothing_is_due() -> None:
    """Idle, as the language says."""
    bursts = Bursts(every=10, length=2, rate=1000)
    assert [piece.low for piece in pieces_with_bursts(None, bursts, 20)] == [1000, 0, 1000, 0]


def test_bursts_longer_than_their_period_are_one() -> None:
    """They never overlap."""
    parts = list(pieces_with_bursts(None, Bursts(every=1, length=5, rate=3), 4))
    assert sum(piece.area for piece in parts) == 12


@given(LEVELS, TIMES, TIMES, TIMES, NUMBERS)
def test_bursts_leave_no_gap_in_a_phase(
    level: Level, duration: float, every: float, length: float, rate: float
) -> None:
    """Whatever the level and the bursts."""
    parts = list(pieces_with_bursts(level, Bursts(every=every, length=length, rate=rate), duration))
    assert parts[0].start == 0
    assert parts[-1].end == pytest.approx(duration)
    assert all(piece.start < piece.end for piece in parts)
    assert all(one.end == other.start for one, other in itertools.pairwise(parts))


def test_a_cut_piece_lies_on_the_same_line() -> None:
    """Its ends have the level of the whole at their times."""
    (whole,) = pieces(LINE, 60)
    assert cut(whole, 15, 45) == (15, 45, 20, 40)
