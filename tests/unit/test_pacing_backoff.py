"""How long a client waits before it tries again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.backoff import backoff
from wsrun.plan_resilience import ReconnectPlan


def test_the_wait_grows_by_the_factor_up_to_the_longest() -> None:
    """100, 200, 400 ms … and never more than ``most``."""
    plan = ReconnectPlan(jitter=0.0)
    waits = [backoff(plan, tries, Random(1)) for tries in range(9)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])


def test_a_power_beyond_all_numbers_is_the_longest_wait() -> None:
    """A million tries with a factor of a thousand overflow a float."""
    assert backoff(ReconnectPlan(factor=1000.0, jitter=0.0), 1_000_000, Random(1)) == 10.0


@given(tries=st.integers(0, 100), jitter=st.floats(0, 1), seed=st.integers())
def test_jitter_takes_away_its_part_at_most(tries: int, jitter: float, seed: int) -> None:
    """Between the whole wait and what jitter leaves of it; the same stream gives the same wait."""
    plan = ReconnectPlan(jitter=jitter)
    whole = backoff(ReconnectPlan(jitter=0.0), tries, Random(seed))
    wait = backoff(plan, tries, Random(seed))
    assert whole * (1 - jitter) - 1e-9 <= wait <= whole
    assert wait == backoff(plan, tries, Random(seed))
