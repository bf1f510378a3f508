"""The models of load: what was planned and achieved, and what a closed model hides of a stall."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import plan_of

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Snapshot, series
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.result.load import load, models_of, wait_at_any_moment
from wsrun.result.timeline import levels

TEXT = """\
wsrun: 1
target: {{ url: ws://127.0.0.1:1/ }}
messages: {{ ask: {{ text: x, reply: {{ match: {{}}, timeout: 5s }} }} }}
clients: {{ people: }}
profiles: {{ user: {{ {profile} }} }}
phases:
{phases}
criteria: [ errors == 0 ]
"""
MIX = "mix: { ask: 1 }, think: 1s"
STEADY = "  - { name: work, duration: 20s, clients: 10 }"


def scenario(profile: str = MIX, phases: str = STEADY) -> Plan:
    return plan_of(TEXT.format(profile=profile, phases=phases))


def held(waits: list[tuple[float, int]], expired: int = 0, phase: str = "work", **more: int) -> Store:
    """A store in which clients waited so long, so many times, and timed out besides."""
    labels = {"group": "people", "phase": phase, "message": "ask"}
    found = Snapshot(worker=0, index=0, start=0.0, end=20.0)
    services, trips = Histogram(), Histogram()
    for length, count in waits:
        services.add(length, count)
        trips.add(length, count)
    trips.add(5.0, expired)
    found.distributions = {series("service_time", **labels): services, series("round_trip", **labels): trips}
    sent = sum(count for _, count in waits) + expired
    found.counters = {
        series("messages.sent", **labels): sent,
        series("replies.timed_out", **labels): expired,
        **{series(name.replace("_", ".", 1), **labels): number for name, number in more.items()},
    }
    return stored([found])


def closed(plan: Plan, store: Store, ran: float = 20.0) -> dict[str, Any]:
    (entry,) = (entry for entry in load(plan, store, ran) if entry["model"] == "closed")
    return entry


def test_a_stall_in_a_closed_model_is_held_against_what_would_have_been_sent() -> None:
    """Ten clients lose two seconds of twenty: a tenth of the load, and 1.8 s for who comes at any moment."""
    entry = closed(scenario(), held([(0.001, 9000), (2.001, 10)]))

    assert entry["achieved"] == 9010
    assert entry["planned"] == pytest.approx(9010 / 0.9, rel=0.005)
    assert (entry["client_seconds"], entry["stalls"]) == (200.0, 10)
    assert entry["stalled_seconds"] == pytest.approx(20.0, rel=0.005)
    assert entry["p99"] == pytest.approx(0.001, rel=0.005)
    assert entry["p99_at_any_moment"] == pytest.approx(1.8, rel=0.01)
    assert entry["holds_back"] and entry["hides"]


@pytest.mark.parametrize(
    "waits",
    [
        [(0.001, 200)],
        [(0.010 * n, 20) for n in range(1, 11)],
        [(0.001, 190), (0.2, 10)],
    ],
    ids=["constant", "uniform", "bimodal"],
)
def test_a_healthy_closed_run_is_left_alone(waits: list[tuple[float, int]]) -> None:
    """Slow replies that its own percentiles show, and that take little of the clients' time, hide nothing."""
    entry = closed(scenario(), held(waits))

    assert entry["achieved"] >= 0.95 * entry["planned"]
    assert not entry["holds_back"] and not entry["hides"]


def test_a_timeout_is_a_wait_as_long_as_it_is() -> None:
    """Nobody asks anything meanwhile."""
    entry = closed(scenario(), held([(0.001, 1000)], expired=8))

    assert entry["stalled_seconds"] == pytest.approx(40.0, rel=0.001)
    assert entry["planned"] == pytest.approx(1008 / 0.8, rel=0.005)


def test_where_nothing_was_answered_nothing_can_be_planned() -> None:
    """All of the time went into timeouts."""
    entry = closed(scenario(), held([], expired=40))

    assert (entry["planned"], entry["achieved"]) == (None, 40)
    assert entry["holds_back"]


@pytest.mark.parametrize(
    "profile", ["flow: [ { send: ask, times: 2 } ]", "flow: [ { send: ask, wait: false }, { think: 1s } ]"]
)
def test_waits_for_several_replies_at_once_are_not_taken_for_time(profile: str) -> None:
    """It is a closed model all the same."""
    entry = closed(scenario(profile), held([(0.001, 9000), (2.0, 10)]))

    assert (entry["planned"], entry["p99_at_any_moment"]) == (None, None)
    assert not entry["holds_back"] and not entry["hides"]


def test_an_open_model_is_held_against_its_schedule() -> None:
    """What was dropped was planned; late work is counted."""
    plan = scenario(phases="  - { name: work, duration: 20s, clients: 10, rate: 50/s }")
    store = held([(0.001, 990)], messages_dropped=10, messages_late=3)

    (entry,) = load(plan, store, 20.0)
    lateness = entry.pop("lateness")
    assert entry == {"model": "open", "planned": 1000, "achieved": 990, "late": 3}
    assert lateness["count"] == 0 and lateness["p99"] is None


def test_how_late_scheduled_messages_left_is_told() -> None:
    """Those of the phases with a schedule, warm-ups left out."""
    plan = scenario(
        phases="  - { name: work, duration: 20s, clients: 10, rate: 50/s, warm_up: 5s }\n"
        "  - { name: rest, duration: 20s }"
    )
    found = Snapshot(worker=0, index=0, start=0.0, end=20.0)
    for labels, value in (
        ({"phase": "work"}, 0.002),
        ({"phase": "work", "part": "warm-up"}, 0.5),
        ({"phase": "rest"}, 0.7),
    ):
        late = found.distributions[series("generator.lateness", worker="0", **labels)] = Histogram()
        late.add(value, 50)

    (entry,) = (entry for entry in load(plan, stored([found]), 40.0) if entry["model"] == "open")
    assert (entry["lateness"]["count"], entry["lateness"]["max"]) == (50, 0.002)


def test_warm_ups_and_what_was_not_reached_have_no_part_in_it() -> None:
    """The clients' time is that of the judged part of the phases, as far as the run came."""
    phases = (
        "  - { name: arrive, duration: 10s, clients: 10, warm_up: true }\n"
        "  - { name: work, duration: 20s, clients: 10, warm_up: 5s }"
    )
    entry = closed(scenario(phases=phases), held([(0.001, 100)]), ran=25.0)

    assert entry["client_seconds"] == 100.0


def test_phases_name_their_models() -> None:
    """By what clients do in them: a schedule, arrivals, their own pace, or nothing that is sent."""
    phases = (
        "  - { name: own, duration: 5s, clients: 10 }\n"
        "  - { name: scheduled, duration: 5s, rate: 5/s }\n"
        "  - { name: nobody, duration: 5s, clients: 0 }\n"
        "  - { name: coming, duration: 5s, arrivals: 5/s, stay: 1s }"
    )
    plan = scenario(phases=phases)
    listening = scenario(profile="start: [ { send: ask } ]")

    assert [models_of(plan, *each) for each in levels(plan)] == [["closed"], ["open"], [], ["arrivals"]]
    assert [models_of(listening, *each) for each in levels(listening)] == [[]]


@given(
    st.lists(st.tuples(st.floats(0.001, 10.0), st.integers(0, 50)), max_size=20),
    st.floats(1.0, 1e4),
    st.floats(0.001, 0.5),
)
def test_the_wait_of_any_moment_is_exceeded_at_its_share_of_moments(
    waits: list[tuple[float, int]], seconds: float, share: float
) -> None:
    """By its definition; and there is none where less than that share of moments falls into waits."""
    found = wait_at_any_moment(waits, seconds, share)

    def moments(wait: float) -> float:
        return sum(count * max(length - wait, 0.0) for length, count in waits)

    if found:
        assert moments(found) == pytest.approx(share * seconds, rel=1e-6)
    else:
        assert moments(0.0) <= share * seconds * (1 + 1e-6)


@given(st.floats(0.5, 10.0), st.floats(50.0, 1000.0))
def test_one_stall_gives_the_percentile_that_theory_has(stall: float, seconds: float) -> None:
    """S - 0.01 T, the 99th percentile of an open model."""
    expected = max(stall - 0.01 * seconds, 0.0)
    assert wait_at_any_moment([(stall, 1)], seconds) == pytest.approx(expected, abs=1e-9)
