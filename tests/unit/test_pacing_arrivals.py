"""Arrival schedules: exact totals, the right moments, no drift."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.arrivals import inverse, offsets, total
from wsrun.pacing.levels import Piece, pieces_with_bursts
from wsrun.plan import Bursts, Level

RATES = st.integers(min_value=0, max_value=80).map(float)
TIMES = st.integers(min_value=1, max_value=100).map(lambda tenths: tenths / 10)
LEVELS = st.one_of(
    st.none(),
    st.builds(Level, start=RATES, end=RATES),
    st.builds(Level, start=RATES, end=RATES, step=TIMES, every=TIMES),
)
BURSTS = st.one_of(st.none(), st.builds(Bursts, every=TIMES, length=TIMES, rate=RATES))


def due_by(level: Level | None, bursts: Bursts | None, duration: float, moment: float) -> float:
    """The integral of the rate up to a moment, by summing fine slices: independent of the closed form."""
    result = 0.0
    for piece in pieces_with_bursts(level, bursts, duration):
        if piece.start < moment:
            share = (min(moment, piece.end) - piece.start) / (piece.end - piece.start)
            high = piece.low + (piece.high - piece.low) * share
            result += (piece.low + high) / 2 * (piece.end - piece.start) * share
    return result


def test_a_constant_rate_is_an_even_grid_of_half_steps() -> None:
    """4 a second: at 1/8, 3/8, 5/8 and 7/8 of each second."""
    assert list(offsets(Level(start=4, end=4), None, 1)) == [0.125, 0.375, 0.625, 0.875]


@pytest.mark.parametrize(
    ("level", "duration", "expected"),
    [
        (Level(start=10, end=50), 60, 1800),
        (Level(start=50, end=10), 60, 1800),
        (Level(start=0, end=100), 10, 500),
        (Level(start=100, end=0), 10, 500),
        (Level(start=500, end=500), 60, 30_000),
        (Level(start=1 / 3, end=1 / 3), 60, 20),
        (Level(start=0.1, end=0.1), 600, 60),
        (Level(start=10, end=60, step=10, every=10), 60, 2100),
        (Level(start=0, end=0), 60, 0),
        (None, 60, 0),
    ],
)
def test_the_total_is_exactly_the_integral(level: Level | None, duration: float, expected: int) -> None:
    """10 to 50 a second over a minute are 1 800 messages, not 1 799 or 1 801."""
    assert len(list(offsets(level, None, duration))) == expected
    assert total(level, None, duration) == pytest.approx(expected)


def test_a_ramp_has_the_right_number_in_every_second() -> None:
    """Second s of 10 to 50 over 60 s holds 10 + (s + 1/2) * 2/3, within one."""
    times = list(offsets(Level(start=10, end=50), None, 60))
    for second in range(60):
        count = sum(second <= at < second + 1 for at in times)
        assert abs(count - (10 + (second + 0.5) * 40 / 60)) < 1


def test_a_ramp_follows_its_closed_form() -> None:
    """From 0 to 100 in 10 s the n-th message is due at sqrt((n + 1/2) / 5)."""
    times = list(offsets(Level(start=0, end=100), None, 10))
    assert times == pytest.approx([math.sqrt((n + 0.5) / 5) for n in range(500)])


def test_a_long_constant_rate_does_not_drift() -> None:
    """After a million messages the time is that of a multiplication."""
    last = -1.0
    for at in offsets(Level(start=1000, end=1000), None, 1000):
        last = at
    assert last == pytest.approx(999.9995, abs=1e-9)


def test_bursts_send_in_their_seconds_only() -> None:
    """1 000 a second for two seconds in ten: 12 000 in a minute, none elsewhere."""
    times = list(offsets(None, Bursts(every=10, length=2, rate=1000), 60))
    assert len(times) == 12_000
    assert all(at % 10 < 2 for at in times)


@given(LEVELS, BURSTS, TIMES)
def test_at_every_arrival_the_count_is_the_integral_rounded(
    level: Level | None, bursts: Bursts | None, duration: float
) -> None:
    """Sorted, within the phase, and the n-th one where the integral reaches n + 1/2."""
    times = list(offsets(level, bursts, duration))
    assert times == sorted(times)
    assert all(0 <= at <= duration for at in times)
    assert abs(len(times) - due_by(level, bursts, duration, duration)) <= 0.5 + 1e-9
    for number, at in enumerate(times):
        assert due_by(level, bursts, duration, at) == pytest.approx(number + 0.5, abs=1e-6)


@given(
    st.floats(min_value=0, max_value=1e5),
    st.floats(min_value=0, max_value=1e5),
    st.floats(min_value=0.001, max_value=1e4),
    st.floats(min_value=0.001, max_value=0.999),
)
def test_the_inverse_undoes_the_integral(low: float, high: float, length: float, share: float) -> None:
    """R(u(y)) = y for rising, falling and level rates."""
    piece = Piece(0.0, length, low, high)
    wanted = piece.area * share
    if wanted < 1e-6:
        return
    u = inverse(piece, wanted)
    assert 0 <= u <= length * (1 + 1e-9)
    assert low * u + (high - low) * u * u / (2 * length) == pytest.approx(wanted, rel=1e-6)


def test_the_same_seed_gives_the_same_poisson_times() -> None:
    """And another seed others."""
    level = Level(start=50, end=50)
    one = list(offsets(level, None, 20, poisson=True, seed=1))
    assert one == list(offsets(level, None, 20, poisson=True, seed=1))
    assert one != list(offsets(level, None, 20, poisson=True, seed=2))


@pytest.mark.parametrize("level", [Level(start=200, end=200), Level(start=0, end=400)])
def test_poisson_gaps_are_exponential_in_operational_time(level: Level) -> None:
    """Kolmogorov-Smirnov against the unit exponential at 1 %, on the gaps of the integrated rate."""
    duration = 20.0
    times = list(offsets(level, None, duration, poisson=True, seed="7/steady"))
    reached = [0.0, *(due_by(level, None, duration, at) for at in times)]
    gaps = sorted(later - earlier for earlier, later in pairwise(reached))
    n = len(gaps)
    distance = max(
        max(abs((number + 1) / n - (1 - math.exp(-gap))), abs(number / n - (1 - math.exp(-gap))))
        for number, gap in enumerate(gaps)
    )
    assert distance < 1.63 / math.sqrt(n)
    assert abs(n - 4000) < 4 * math.sqrt(4000)


def test_a_seed_of_another_type_is_refused() -> None:
    """A tuple would be hashed, differently in each process."""
    with pytest.raises(TypeError):
        next(offsets(Level(start=1, end=1), None, 10, poisson=True, seed=(1, 2)))
