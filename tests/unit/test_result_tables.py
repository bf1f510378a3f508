"""The tables of a result: what belongs where, and that the ledgers add up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import Attempt, Event, Sent, collected, events, plan_of, snapshots_of

from wsrun.metrics.snapshot import Snapshot, series
from wsrun.metrics.store import Store, stored
from wsrun.plan_steps import PausePlan
from wsrun.result import tables

PLAN = plan_of()
HEAD = "wsrun: 1\ntarget: { url: ws://h/ }\nmessages: { m: { text: x } }\n"


def phases_of(happened: list[Event], ran: float = 5.5) -> dict[str, dict[str, Any]]:
    collector = collected(PLAN, snapshots_of(happened))
    return {row["name"]: row for row in tables.phases(PLAN, collector.store, collector.rows(), ran)}


def store_of(happened: list[Event]) -> Store:
    return stored(snapshots_of(happened))


# Phases


def test_a_phase_leaves_its_warm_up_out_of_latencies_and_in_its_counts() -> None:
    """The counts are whole, because they have to add up; what is judged is what is shown as latency."""
    work = phases_of(
        [
            Sent(2, "ask", "timed_out"),
            Sent(2, "ask", "answered", 1.0),
            Sent(3, "ask", "answered", 0.5),
            Attempt(2, "established", 1.0),
            Attempt(3, "established", 0.25),
        ]
    )["work"]

    assert (work["warm_up"], work["counts"]["sent"], work["counts"]["timed_out"]) == (1.0, 3, 1)
    assert (work["round_trip"]["count"], work["round_trip"]["timeouts"]) == (1, 0)
    assert (work["round_trip"]["max"], work["service_time"]["max"]) == (0.5, 0.5)
    assert (work["connect"]["count"], work["connect"]["max"]) == (1, 0.25)
    assert work["messages_per_second"] == pytest.approx(1.0)


def test_a_phase_that_is_all_warm_up_shows_its_latencies_all_the_same() -> None:
    """Nothing of it is judged, so nothing has to be left out."""
    arrive = phases_of([Sent(0, "ask", "answered", 0.5), Sent(1, "slow", "timed_out")])["arrive"]

    assert (arrive["round_trip"]["count"], arrive["round_trip"]["timeouts"]) == (2, 1)
    assert arrive["round_trip"]["timeout"] == 5.0


def test_phases_have_their_clients_and_rates_in_words() -> None:
    """Planned ones, at the start and at the end; a phase without a level goes on as it was."""
    found = phases_of([])

    assert [(row["clients_from"], row["clients_to"], row["clients_text"]) for row in found.values()] == [
        (0, 10, "0 → 10"),
        (10, 10, "10"),
        (10, 0, "10 → 0"),
    ]
    assert [row["rate_text"] for row in found.values()] == [None, "5/s", None]
    assert [(row["start"], row["end"]) for row in found.values()] == [(0.0, 2.0), (2.0, 5.0), (5.0, 5.5)]


def test_a_run_that_ends_early_has_no_drain_and_phases_that_were_not_reached() -> None:
    """They stand in the table, because they were planned, with nothing in them."""
    found = phases_of([Sent(0, "note", "sent")], ran=1.0)

    assert [(row["name"], row["reached"]) for row in found.values()] == [("arrive", True), ("work", False)]
    assert found["arrive"]["messages_per_second"] == 1.0
    assert found["work"]["messages_per_second"] is None
    assert found["work"]["round_trip"]["count"] == 0


@pytest.mark.parametrize(("ran", "rate"), [(2.003, None), (2.5, 2.0)])
def test_a_phase_that_ended_as_it_began_has_no_rate(ran: float, rate: float | None) -> None:
    """One message in 3 ms is no 333 a second."""
    assert phases_of([Sent(2, "ask", "answered", 0.001)], ran=ran)["work"]["messages_per_second"] == rate


def test_the_drain_has_no_rate() -> None:
    """It is as long as its last reply takes; what came in it is counted."""
    drain = phases_of([Sent(5, "ask", "answered", 0.001)], ran=5.02)["drain"]

    assert (drain["counts"]["sent"], drain["messages_per_second"]) == (1, None)


def test_the_drain_has_what_came_in_it() -> None:
    """Farewells and the ends of connections, with the CPU of its own intervals."""
    drain = phases_of([Sent(5, "ask", "answered", 0.1)], ran=6.0)["drain"]

    assert (drain["counts"]["sent"], drain["round_trip"]["count"]) == (1, 1)
    assert (drain["warm_up"], drain["cpu_max"]) == (0.0, 0.25)


@given(st.lists(events, max_size=60))
def test_phases_and_drain_have_everything_once(happened: list[Event]) -> None:
    """The counts of all rows together are those of the run."""
    rows = phases_of(happened)
    total = tables.counts(PLAN, store_of(happened))

    def over(name: str) -> int:
        return sum(row["counts"][name] for row in rows.values())

    assert over("sent") == total["messages"]["sent"]
    assert over("answered") == total["messages"]["answered"]
    assert over("lost") == total["messages"]["lost"]
    assert over("attempted") == total["connections"]["attempted"]
    assert over("refused") == total["connections"]["refused"]
    assert over("connect_failed") == total["connections"]["failed"] + total["connections"]["timed_out"]


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        ("clients: 1", None),
        ("clients: 1, rate: 500/s", "500/s"),
        ("clients: 1, rate: { from: 0/s, to: 500/s }", "0/s → 500/s"),
        ("clients: 1, bursts: { every: 10s, length: 1s, rate: 9/s }", "9/s for 1s every 10s"),
        (
            "clients: 1, rate: 2/s, bursts: { every: 10s, length: 1s, rate: 9/s }",
            "2/s, 9/s for 1s every 10s",
        ),
    ],
)
def test_a_rate_in_words(phase: str, text: str | None) -> None:
    """With its bursts, how long they are and how often they come."""
    plan = plan_of(HEAD + f"phases: [ {{ duration: 1m, {phase} }} ]\n")

    assert tables.rate_text(plan, plan.phases[0]) == text


def test_rates_of_groups_are_told_apart() -> None:
    """Only where there is more than one group; a group without a schedule is not named."""
    plan = plan_of(
        HEAD + "clients: { a: {}, b: {}, c: {} }\n"
        "phases: [ { duration: 1m, clients: { a: 1, b: 1, c: 1 }, rate: { a: 5/s, b: 1/m } } ]\n"
    )

    assert tables.rate_text(plan, plan.phases[0]) == "a 5/s, b 1/m"


# Messages, profiles, groups


def test_every_message_has_a_row_also_one_that_was_never_sent() -> None:
    """In the order of the scenario, warm-ups left out, with its own timeout."""
    happened: list[Event] = [
        Sent(3, "ask", "answered", 0.5),
        Sent(4, "ask", "failed"),
        Sent(4, "ask", "timed_out"),
        Sent(0, "slow", "answered", 0.5),
    ]
    ask, slow, note = tables.messages(PLAN, store_of(happened))

    assert [row["name"] for row in (ask, slow, note)] == ["ask", "slow", "note"]
    assert [row["timeout"] for row in (ask, slow, note)] == [2.0, 5.0, None]
    assert (ask["kind"], ask["sent"], ask["expected"]) == ("query", 3, 3)
    assert (ask["answered"], ask["failed"], ask["timed_out"], ask["lost"]) == (1, 1, 1, 0)
    assert (ask["round_trip"]["count"], ask["round_trip"]["timeouts"], ask["service_time"]["count"]) == (
        2,
        1,
        1,
    )
    assert (slow["sent"], slow["round_trip"]["count"]) == (0, 0)


def test_the_timeout_of_a_distribution_is_one_that_was_run_into() -> None:
    """The shortest of those; where none was, the shortest that could have been; None if no reply is asked."""

    def overall(*happened: Event) -> float | None:
        found: float | None = tables.overall(PLAN, store_of(list(happened)))["round_trip"]["timeout"]
        return found

    assert overall(Sent(3, "ask", "answered", 0.1)) == 2.0
    assert overall(Sent(3, "ask", "answered", 0.1), Sent(3, "slow", "timed_out")) == 5.0
    assert overall(Sent(3, "ask", "timed_out"), Sent(3, "slow", "timed_out")) == 2.0
    assert overall(Sent(0, "slow", "timed_out")) == 2.0
    silent = plan_of(HEAD + "phases: [ { duration: 1s, clients: 1 } ]\n")
    assert tables.overall(silent, Store())["round_trip"]["timeout"] is None


def test_profiles_have_their_clients_at_the_fullest_moment() -> None:
    """Ten clients by 0.5, 0.3 and 0.2; how each behaves is said in words."""
    rows = tables.profiles(PLAN, Store())

    assert [(row["name"], row["clients"], row["share"]) for row in rows] == [
        ("active", 5, 0.5),
        ("passive", 3, 0.3),
        ("listener", 2, 0.2),
    ]
    assert [row["think_text"] for row in rows] == ["1s", "uniform 1s–3s", "listens"]


def test_the_shares_of_profiles_are_weighed_by_the_size_of_the_groups() -> None:
    """Ninety clients of one group and ten of another are not half and half; a phase may weigh anew."""
    text = (
        HEAD
        + "profiles: { p: {}, q: {} }\nclients: { a: { profiles: { p: 1 } }, b: { profiles: { q: 1 } } }\n"
        "phases: [ { duration: 1s, clients: { a: { from: 0, to: 90 }, b: { from: 0, to: 10 } } },"
        " { duration: 1s, clients: { a: 5 } } ]\n"
    )
    weighed = text.replace("b: { from: 0, to: 10 } }", "b: { from: 0, to: 10 } }, profiles: { p: 1, q: 1 }")

    def clients(plan: str) -> list[tuple[int, float]]:
        return [(row["clients"], row["share"]) for row in tables.profiles(plan_of(plan), Store())]

    assert clients(text) == [(90, 0.9), (10, 0.1)]
    assert clients(weighed) == [(50, 0.5), (50, 0.5)]


def test_nobody_is_a_plan_too() -> None:
    """Zero clients have no shares, and nothing is divided by them."""
    plan = plan_of(HEAD + "phases: [ { duration: 1s, clients: 0 } ]\n")

    assert [(row["clients"], row["share"]) for row in tables.profiles(plan, Store())] == [(0, 0.0)]


def test_groups_have_the_numbers_of_their_clients() -> None:
    """Whatever their profiles."""
    counters = {
        series("messages.sent", group="a", profile="p", phase="phase-1"): 3,
        series("messages.sent", group="b", profile="p", phase="phase-1"): 4,
        series("messages.sent", group="b", profile="q", phase="phase-1"): 5,
    }
    plan = plan_of(
        HEAD + "clients: { a: {}, b: {} }\nphases: [ { duration: 1s, clients: { a: 1, b: 1 } } ]\n"
    )
    rows = tables.groups(plan, stored([Snapshot(0, 0, 0.0, 1.0, counters=counters)]))

    assert [(row["name"], row["sent"]) for row in rows] == [("a", 3), ("b", 9)]


@pytest.mark.parametrize(
    ("pause", "text"),
    [
        (PausePlan(kind="fixed", values=(0.25,)), "250ms"),
        (PausePlan(kind="uniform", values=(1.0, 90.0)), "uniform 1s–1m30s"),
        (PausePlan(kind="exponential", values=(1.0,)), "exponential 1s"),
        (PausePlan(kind="lognormal", values=(1.0, 5.0)), "log-normal 1s, p95 5s"),
    ],
)
def test_a_pause_in_words(pause: PausePlan, text: str) -> None:
    """As it was written."""
    assert tables.pause_text(pause) == text


# Ledgers


@given(st.lists(events, max_size=80))
def test_the_ledgers_add_up_to_what_happened(happened: list[Event]) -> None:
    """Every attempt and every message that awaits a reply has exactly one end."""
    found = tables.counts(PLAN, store_of(happened))
    attempts = [event for event in happened if isinstance(event, Attempt)]
    messages = [event for event in happened if isinstance(event, Sent)]
    connections, ledger = found["connections"], found["messages"]

    assert found["adds_up"] == {"connections": True, "messages": True}
    assert found["differences"] == {"connections": 0, "messages": 0}
    assert connections["attempted"] == len(attempts)
    assert (
        sum(entry["count"] for entry in connections["closed"]) + connections["open_at_end"]
        == (connections["established"])
    )
    assert sum(connections["refused_by_status"].values()) == connections["refused"]
    assert ledger["sent"] == ledger["expected"] + ledger["without_reply"] == len(messages)
    for outcome in ("answered", "failed", "timed_out", "lost", "pending"):
        assert ledger[outcome] == sum(event.outcome == outcome for event in messages)


def test_what_is_missing_is_told_and_not_hidden() -> None:
    """One reply and one attempt without an end: the differences name them."""
    counters = {
        series("connect.attempted"): 3,
        series("connect.established"): 2,
        series("replies.expected"): 5,
        series("replies.answered"): 6,
    }
    found = tables.counts(PLAN, stored([Snapshot(0, 0, 0.0, 1.0, counters=counters)]))

    assert found["adds_up"] == {"connections": False, "messages": False}
    assert found["differences"] == {"connections": 1, "messages": -1}


def test_closes_are_listed_by_side_and_code() -> None:
    """Over all phases and groups; the side comes first."""
    counters = {
        series("connect.established"): 9,
        series("closed", side="server", code="1013", phase="a"): 1,
        series("closed", side="server", code="1013", phase="b"): 2,
        series("closed", side="client", code="1000", phase="a"): 4,
    }
    found = tables.counts(PLAN, stored([Snapshot(0, 0, 0.0, 1.0, counters=counters)]))["connections"]

    assert found["closed"] == [
        {"side": "client", "code": 1000, "count": 4, "reason": None},
        {"side": "server", "code": 1013, "count": 3, "reason": None},
    ]
    assert found["open_at_end"] == 2


# The run as a whole


def test_the_plain_groups_count_everything_and_measure_what_is_judged() -> None:
    """Counts and throughput are of the whole run, latency leaves warm-ups out, in milliseconds."""
    happened: list[Event] = [
        Sent(0, "ask", "answered", 1.0),
        Sent(3, "ask", "answered", 0.25),
        Sent(3, "note", "sent"),
        Attempt(0, "established", 0.1),
        Attempt(0, "refused"),
    ]
    found = tables.lf_groups(PLAN, store_of(happened), 2.0)

    assert found["connection_metrics"] == {
        "total_connections": 2,
        "successful_connections": 1,
        "failed_connections": 1,
        "success_rate": 50.0,
    }
    assert found["message_metrics"] == {
        "messages_sent": 3,
        "messages_received": 2,
        "bytes_sent": 30,
        "bytes_received": 24,
    }
    assert set(found["latency_metrics"].values()) == {250.0}
    assert found["throughput_metrics"] == {
        "messages_per_second_sent": 1.5,
        "messages_per_second_received": 1.0,
        "bytes_per_second_sent": 15.0,
        "bytes_per_second_received": 12.0,
    }


def test_a_run_without_anything_divides_by_nothing() -> None:
    """No connections, no replies, no time: null everywhere that a number would be made up."""
    found = tables.lf_groups(PLAN, Store(), 0.0)

    assert found["connection_metrics"]["success_rate"] is None
    assert set(found["latency_metrics"].values()) == {None}
    assert set(found["throughput_metrics"].values()) == {None}


def test_curves_are_of_the_run_and_of_each_phase() -> None:
    """The run's leaves warm-ups out; a phase that is all warm-up has its curve."""
    happened: list[Event] = [
        Sent(0, "ask", "answered", 0.1),
        Sent(2, "ask", "answered", 0.2),
        Sent(3, "ask", "answered", 0.3),
        Sent(5, "ask", "answered", 0.4),
    ]
    found = {curve["phase"]: curve for curve in tables.curves(PLAN, store_of(happened))}

    assert list(found) == [None, "arrive", "work"]
    assert [found[name]["round_trip"]["count"] for name in (None, "arrive", "work")] == [2, 1, 1]
    assert found["work"]["service_time"]["max"] == 0.3


def test_connects_are_divided_into_their_steps() -> None:
    """Each step that was measured; the others are there without data."""
    parts = tables.overall(PLAN, Store())["connect_parts"]

    assert list(parts) == ["dns", "tcp", "tls", "upgrade", "first_message"]
    assert {part["count"] for part in parts.values()} == {0}
