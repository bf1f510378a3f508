"""The parts of a scenario that stand alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun import parts
from wsrun.plan import Bursts, Level, ReplyPlan
from wsrun.plan_steps import PausePlan
from wsrun.units import UnitError


def test_a_duration_that_is_not_written_has_its_default() -> None:
    """None is the default, which is not a text; zero is written."""
    assert parts.duration(None, 3.5) == 3.5
    assert parts.duration("0s", 3.5) == 0.0
    assert parts.duration("1m30s", 3.5) == 90.0


@pytest.mark.parametrize(
    ("spec", "plan"),
    [
        ("0s", PausePlan(kind="fixed", values=(0.0,))),
        ({"uniform": ["10ms", "20ms"]}, PausePlan(kind="uniform", values=(0.01, 0.02))),
        ({"exponential": "1s"}, PausePlan(kind="exponential", values=(1.0,))),
        ({"lognormal": {"p95": "4s", "median": "1s"}}, PausePlan(kind="lognormal", values=(1.0, 4.0))),
    ],
)
def test_a_pause(spec: Any, plan: PausePlan) -> None:
    """Values stand in the order that the plan documents, whatever the order of the keys."""
    assert parts.pause(spec) == plan


def test_a_reply() -> None:
    """None is no reply; a list of alternatives stays one."""
    assert parts.reply(None) is None
    assert parts.reply({"match": [{"$.a": 1}, {"$.b": 1}]}) == ReplyPlan(match=[{"$.a": 1}, {"$.b": 1}])


def test_bare_numbers_are_clients_and_no_rates() -> None:
    """A rate needs its unit, a number of clients has none."""
    assert parts.level(7) == Level(start=7.0, end=7.0)
    assert parts.level("7/m", rate=True) == Level(start=7 / 60, end=7 / 60)
    with pytest.raises(UnitError):
        parts.level("7", rate=True)


def test_stairs_may_go_down() -> None:
    """The step stays positive; the direction is that of the level."""
    level = parts.level({"from": 50, "to": 10, "step": 20, "every": "1s"})

    assert level == Level(start=50.0, end=10.0, step=20.0, every=1.0)


def test_bursts() -> None:
    """All three are given."""
    spec = {"every": "10s", "length": "500ms", "rate": "100/s"}

    assert parts.bursts(spec) == Bursts(every=10.0, length=0.5, rate=100.0)


@given(
    length=st.floats(min_value=0.001, max_value=1e6), spec=st.sampled_from([True, False, "1ms", "5s", "1h"])
)
def test_a_warm_up_lies_within_its_phase(length: float, spec: bool | str) -> None:
    """Whatever is written, it is between nothing and all of the phase."""
    seconds = parts.warm_up(spec, length)

    assert 0 <= seconds <= length
    assert math.isclose(seconds, length) or spec is not True


def test_an_abort() -> None:
    """At once, over the last 5 s, unless said."""
    assert parts.abort(None) is None
    assert parts.abort({}) == (0.0, 5.0, 0.0)
    assert parts.abort({"after": "1s", "over": "2s", "for": "3s"}) == (1.0, 2.0, 3.0)
