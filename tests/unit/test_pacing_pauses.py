"""Pauses: the distributions are those that their names promise."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from wsrun.pacing.pauses import compile_pause, mean_pause
from wsrun.plan_steps import PausePlan

DRAWS = 20_000


def draws(pause: PausePlan) -> list[float]:
    draw = compile_pause(pause)
    rng = Random(3)
    return sorted(draw(rng) for _ in range(DRAWS))


PAUSES = [
    PausePlan(kind="fixed", values=(2.0,)),
    PausePlan(kind="uniform", values=(20.0, 60.0)),
    PausePlan(kind="exponential", values=(1.0,)),
    PausePlan(kind="lognormal", values=(2.0, 5.0)),
]


def test_a_fixed_pause_is_always_the_same_and_draws_nothing() -> None:
    """The random stream of a client does not depend on its fixed pauses."""
    rng = Random(1)
    state = rng.getstate()
    assert compile_pause(PausePlan(kind="fixed", values=(2.0,)))(rng) == 2.0
    assert rng.getstate() == state


def test_a_uniform_pause_fills_its_range() -> None:
    """From its first number to its second, evenly."""
    values = draws(PausePlan(kind="uniform", values=(20.0, 60.0)))
    assert values[0] >= 20.0
    assert values[-1] <= 60.0
    assert values[DRAWS // 4] == pytest.approx(30.0, rel=0.03)
    assert values[DRAWS * 3 // 4] == pytest.approx(50.0, rel=0.03)


def test_an_exponential_pause_has_its_median_at_ln_2_of_the_mean() -> None:
    """And p95 at ln 20 of it."""
    values = draws(PausePlan(kind="exponential", values=(4.0,)))
    assert values[DRAWS // 2] == pytest.approx(4.0 * 0.6931, rel=0.03)
    assert values[DRAWS * 95 // 100] == pytest.approx(4.0 * 2.9957, rel=0.05)


def test_a_log_normal_pause_meets_both_of_its_quantiles() -> None:
    """Half below the median, 5 % above the p95."""
    values = draws(PausePlan(kind="lognormal", values=(2.0, 5.0)))
    assert values[DRAWS // 2] == pytest.approx(2.0, rel=0.03)
    assert values[DRAWS * 95 // 100] == pytest.approx(5.0, rel=0.05)


@pytest.mark.parametrize("pause", PAUSES, ids=lambda pause: pause.kind)
def test_the_mean_is_that_of_many_draws(pause: PausePlan) -> None:
    """What `wsrun plan` computes message rates from."""
    assert fmean(draws(pause)) == pytest.approx(mean_pause(pause), rel=0.03)


@pytest.mark.parametrize("pause", PAUSES, ids=lambda pause: pause.kind)
def test_the_same_seed_gives_the_same_pauses(pause: PausePlan) -> None:
    """And none of them is negative."""
    assert draws(pause) == draws(pause)
    assert draws(pause)[0] >= 0


def test_pauses_of_no_length_are_zero() -> None:
    """A mean of 0 means no pause."""
    assert compile_pause(PausePlan(kind="exponential", values=(0.0,)))(Random(1)) == 0.0
    assert compile_pause(PausePlan(kind="uniform", values=(0.0, 0.0)))(Random(1)) == 0.0
