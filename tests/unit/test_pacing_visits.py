"""Sessions that arrive at a rate: their times and numbers, and how many are there on average."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.performing import plan_of

from wsrun.pacing.crowd import Crowd
from wsrun.pacing.pauses import compile_pause, limited_pause, mean_pause
from wsrun.pacing.visits import Visitors, all_arrivals, has_arrivals, whole_visitors
from wsrun.plan import Plan
from wsrun.plan_steps import PausePlan

HEAD = "profiles: { p: }\nclients: { a: , b: }\n"
PAUSES = (
    PausePlan(kind="fixed", values=(2.0,)),
    PausePlan(kind="uniform", values=(1.0, 3.0)),
    PausePlan(kind="exponential", values=(2.0,)),
    PausePlan(kind="lognormal", values=(1.5, 6.0)),
)


def plan(phases: str) -> Plan:
    """A plan of two groups, a and b, that only listen."""
    return plan_of(HEAD + f"phases: [ {phases} ]")


def visitors(phases: str) -> Visitors:
    """Those who arrive by a plan; no profile has a flow."""
    return Visitors(plan(phases), lambda profile: 0.0)


def test_arrivals_are_numbered_by_time_over_groups_and_phases() -> None:
    """One number each in the run, one slot each in the group; groups in turn where times are equal."""
    first = "{ duration: 2s, arrivals: { a: 1/s, b: 1/s }, stay: 1s }"
    second = "{ duration: 1s, arrivals: { a: 2/s, b: 0/s }, stay: 1s }"
    found = list(all_arrivals(plan(f"{first}, {second}")))
    assert [arrival.number for arrival in found] == list(range(6))
    assert [(arrival.at, arrival.group, arrival.slot) for arrival in found] == [
        (0.5, 0, 0),
        (0.5, 1, 0),
        (1.5, 0, 1),
        (1.5, 1, 1),
        (2.25, 0, 2),
        (2.75, 0, 3),
    ]


def test_slots_of_clients_come_first() -> None:
    """A group that has clients too numbers those who arrive behind them."""
    found = list(
        all_arrivals(plan("{ duration: 2s, clients: { a: 7 }, arrivals: { a: 1/s, b: 1/s }, stay: 1s }"))
    )
    assert sorted((arrival.group, arrival.slot) for arrival in found) == [(0, 7), (0, 8), (1, 0), (1, 1)]


def test_chance_is_of_the_seed_the_phase_and_the_group() -> None:
    """Two groups with the same random rate do not come together."""
    one = plan("{ duration: 20s, arrivals: { a: 5/s, b: 5/s }, stay: 1s, poisson: true }")
    times: Any = [[arrival.at for arrival in all_arrivals(one) if arrival.group == group] for group in (0, 1)]
    assert not set(times[0]) & set(times[1])
    assert list(all_arrivals(one)) == list(all_arrivals(one)) != list(all_arrivals(replace(one, seed=2)))


def test_a_plan_says_whether_anybody_arrives() -> None:
    """Of any group, or of one."""
    one = plan("{ duration: 2s, clients: { b: 1 }, arrivals: { a: 1/s }, stay: 1s }")
    assert (has_arrivals(one), has_arrivals(one, 0), has_arrivals(one, 1)) == (True, True, False)
    assert not has_arrivals(plan("{ duration: 2s, clients: { a: 1, b: 1 } }"))


@pytest.mark.parametrize("pause", PAUSES, ids=lambda pause: pause.kind)
@given(limit=st.floats(min_value=0.0, max_value=20.0))
def test_a_limited_pause_is_the_mean_of_what_is_drawn(pause: PausePlan, limit: float) -> None:
    """The closed form is that of the pauses that clients make, within five standard errors of 4 000."""
    rng, draw = Random(7), compile_pause(pause)
    values = [min(draw(rng), limit) for _ in range(4000)]
    mean = sum(values) / len(values)
    spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    # What is too rare to be drawn in 4 000 leaves no spread: 1e-5 covers it.
    assert limited_pause(pause, limit) == pytest.approx(mean, abs=5 * spread / len(values) ** 0.5 + 1e-5)


@pytest.mark.parametrize("pause", PAUSES, ids=lambda pause: pause.kind)
def test_a_limit_beyond_every_pause_leaves_its_mean(pause: PausePlan) -> None:
    """And a limit of nothing leaves nothing."""
    assert limited_pause(pause, 1e6) == pytest.approx(mean_pause(pause))
    assert limited_pause(pause, 0.0) == 0.0


@pytest.mark.parametrize(
    "stay", ["2s", "{ uniform: [ 1s, 3s ] }", "{ exponential: 2s }"], ids=["fixed", "uniform", "exponential"]
)
def test_the_steady_number_is_rate_times_stay(stay: str) -> None:
    """Little's law: 10 a second for 2 s each are 20, whatever the distribution."""
    found = visitors(f"{{ duration: 60s, arrivals: {{ a: 10/s }}, stay: {stay} }}")
    assert found.present(0, 59.9) == pytest.approx(20.0, rel=1e-6)
    assert found.present(1, 59.9) == 0.0
    assert found.present(0, 0.0) == 0.0


def test_the_number_grows_and_falls_with_the_rate() -> None:
    """Half of a stay after the start, half of them are there; a stay after the end, nobody."""
    found = visitors("{ duration: 10s, arrivals: { a: 10/s }, stay: 4s }, { duration: 10s }")
    assert [round(found.total(at)) for at in (2, 4, 9, 12, 14, 15)] == [20, 40, 40, 20, 0, 0]
    assert found.client_seconds(0, 0.0, 20.0) == pytest.approx(100 * 4, rel=1e-3)
    assert found.most_present(0, 0.0, 10.0) == pytest.approx(40)


def test_a_slope_is_followed() -> None:
    """On a ramp the number lags behind the rate by half a fixed stay."""
    found = visitors("{ duration: 20s, arrivals: { a: { from: 0/s, to: 20/s } }, stay: 2s }")
    assert found.present(0, 15.0) == pytest.approx(2 * 14, rel=0.01)


def test_the_limit_is_the_most() -> None:
    """``at_most`` is for all groups together, each with its part."""
    found = visitors("{ duration: 60s, arrivals: { a: 10/s, b: 30/s }, stay: 2s, at_most: 40 }")
    assert found.total(50.0) == pytest.approx(40)
    assert found.present(0, 50.0) == pytest.approx(10)


def test_a_crowd_is_those_who_stay_and_those_who_arrive() -> None:
    """Both are in its numbers; those who left by then are not."""
    one = plan("{ duration: 10s, clients: { b: 5 }, arrivals: { a: 10/s }, stay: 2s }")
    crowd = Crowd(one, Visitors(one, lambda profile: 0.0))
    assert crowd.everybody(9.0) == 25 == crowd.most
    assert (crowd.arrived(one.phases[0], 0), crowd.arrived(one.phases[0], 1)) == (100, 0)
    assert crowd.gone(one.phases[0], 0) == 80
    assert len(crowd.times(one.phases[0])) == 100


def test_whole_visitors_are_rounded_up() -> None:
    """So that no estimate is too small; a sum that is whole but for its rounding stays."""
    assert [whole_visitors(number) for number in (0.0, 0.1, 20.000000000001, 20.1)] == [0, 1, 20, 21]
