"""Whether the clients that the plan wants were there."""

from __future__ import annotations

from typing import Any

import pytest

from wsrun.compiler import compile_plan
from wsrun.metrics.recorder import ARRIVALS, Recorder
from wsrun.metrics.snapshot import Gauge, Series, Snapshot, labels_of, series
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.attendance import Attendance, Roll
from wsrun.result.collector import Collector, ErrorRecord
from wsrun.result.delivery import absent_share, arrivals_missed, level_shortfall, losses
from wsrun.source import parse


def plan_of(rest: str, clients: str = "") -> Plan:
    head = "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\nmessages: { hi: { text: hi } }\n"
    return compile_plan(parse(head + clients + rest, "test.yaml", environ={}), seed=1)


def rows_of(*clients: int) -> list[dict[str, Any]]:
    return [{"t": float(t), "length": 1.0, "clients": number} for t, number in enumerate(clients)]


def absent(plan: Plan, store: Store, rows: list[dict[str, Any]], until: float) -> float | None:
    attendance, roll = Attendance(), Roll(plan)
    for row in rows:
        roll.call(row, until, attendance)
    return absent_share(plan, store, attendance)


TWO_GROUPS = """
clients: { settled: {}, passers_by: { profiles: { brief: 1 } } }
profiles: { brief: { mix: { hi: 1 } } }
phases: [ { duration: 4s, clients: { settled: 10 }, arrivals: { passers_by: 5/s }, stay: 2s } ]
criteria: [ round_trip.p95 < 1s ]
"""


def gauges_of(settled: int, passers_by: int) -> dict[Series, Gauge]:
    """The connections of both groups."""
    return {
        series("open", worker="0", group="settled", profile="brief"): Gauge.of(float(settled)),
        series("open", worker="0", group="passers_by", profile="brief"): Gauge.of(float(passers_by)),
    }


@pytest.mark.parametrize(
    ("settled", "share"), [((10, 10, 10, 10), 0.0), ((10, 10, 0, 0), 0.5), ((10, 10, 10, 5), 0.125)]
)
def test_who_arrives_does_not_stand_for_who_is_lost(settled: tuple[int, ...], share: float) -> None:
    """Ten visitors are there all the time; the group that should stay is half gone all the same."""
    plan = plan_of(TWO_GROUPS)
    collector = Collector(plan, 1)
    for index, number in enumerate(settled):
        gauges = gauges_of(number, 10)
        collector.add(Snapshot(0, index, float(index), index + 1.0, gauges=gauges))
    found = absent_share(plan, collector.store, collector.judged(4.0).attendance)

    assert found == pytest.approx(share)


def test_refusals_in_one_group_excuse_nobody_of_another() -> None:
    """With a criterion on attempts those who never got in are for that to judge, in their own group."""
    plan = plan_of(TWO_GROUPS.replace("criteria: [", "criteria: [ connect.success >= 0%,"))
    collector = Collector(plan, 1)
    refused = {series("connect.refused", group="passers_by", status="503"): 5}
    for index in range(4):
        snapshot = Snapshot(0, index, float(index), index + 1.0, gauges=gauges_of(5, 10), counters=refused)
        collector.add(snapshot)
    found = absent_share(plan, collector.store, collector.judged(4.0).attendance)

    assert found == pytest.approx(0.5)


PHASES = "phases: [ { duration: 4s, clients: 10 } ]\n"
ASSERTED = "criteria: [ round_trip.p95 < 1s ]\n"


@pytest.mark.parametrize(
    ("clients", "share"),
    [((10, 10, 10, 10), 0.0), ((10, 10, 0, 0), 0.5), ((10, 10, 10, 5), 0.125), ((12, 10, 10, 10), 0.0)],
)
def test_the_share_is_of_client_seconds(clients: tuple[int, ...], share: float) -> None:
    """Half the clients for a quarter of the time are an eighth; more than planned make up for nothing."""
    assert absent(plan_of(PHASES + ASSERTED), Store(), rows_of(*clients), 4.0) == pytest.approx(share)


def test_warm_ups_and_the_drain_do_not_count() -> None:
    """Clients still to come in a warm-up, and those that left after the last phase, are not missed."""
    plan = plan_of("phases: [ { duration: 4s, clients: 10, warm_up: 2s } ]\n" + ASSERTED)

    assert absent(plan, Store(), rows_of(0, 0, 10, 10, 0), 4.0) == pytest.approx(0.0)


@pytest.mark.parametrize(("until", "share"), [(4.0, 0.5), (3.0, 1 / 3), (2.5, 0.0), (0.5, None)])
def test_a_row_that_ends_when_everybody_has_left_says_nothing(until: float, share: float | None) -> None:
    """Neither in a run that is shorter than its interval, nor in one that was stopped."""
    found = absent(plan_of(PHASES + ASSERTED), Store(), rows_of(10, 10, 0, 0), until)

    assert found == (None if share is None else pytest.approx(share))


def test_a_connect_rate_is_part_of_the_plan() -> None:
    """Nobody is missed who was not yet due."""
    plan = plan_of("phases: [ { duration: 4s, clients: 4, connect_rate: 1/s } ]\n" + ASSERTED)

    assert absent(plan, Store(), rows_of(1, 2, 3, 4), 4.0) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("rest", "clients"),
    [
        ("criteria: [ open.min >= 1 ]\n", ""),
        ("criteria: [ closed(code=1012) == 5 ]\n", ""),
        (ASSERTED, "clients: { all: { tolerate: { closes: [ 1012 ] } } }\n"),
        (ASSERTED, "clients: { all: { tolerate: { refusals: [ 503 ] } } }\n"),
    ],
)
def test_a_scenario_that_says_how_many_may_be_missing_is_believed(rest: str, clients: str) -> None:
    """With a criterion on presence, or with tolerated ends, there is nothing to doubt."""
    assert absent(plan_of(PHASES + rest, clients), Store(), rows_of(10, 0, 0, 0), 4.0) is None


def test_refusals_are_for_a_criterion_on_attempts_to_judge() -> None:
    """Four of ten were refused and `connect.success` is asserted: the other six were all there."""
    plan = plan_of(PHASES + "criteria: [ connect.success >= 50% ]\n")
    recorder = Recorder(0)
    recorder.count("connect.refused", labels_of({"phase": "phase-1"}), 4)
    store = Store()
    store.add(recorder.snapshot(0, 0.0, 1.0, {}))

    assert absent(plan, store, rows_of(6, 6, 6, 6), 4.0) == pytest.approx(0.0)
    assert absent(plan, store, rows_of(6, 6, 0, 0), 4.0) == pytest.approx(0.5)


def test_losses_name_what_took_clients_away() -> None:
    """Ends of connections are told by frequency, with the first time; failed replies are no losses."""
    records = {
        "eof": ErrorRecord("eof", count=5, first=3.25),
        "refused-503": ErrorRecord("refused-503", count=7, first=1.0),
        "reply-timeout": ErrorRecord("reply-timeout", count=90, first=2.0),
    }

    text = losses(records, Store())

    assert text is not None
    assert text.startswith("7 × the server refused the connection with HTTP 503, first at 1.0 s; 5 × ")
    assert "reply" not in text
    assert losses({}, Store()) is None


def test_those_who_leave_as_a_row_ends_are_not_missed() -> None:
    """At the moment at which a level falls, the higher and the lower number are both right."""
    plan = plan_of("phases: [ { duration: 2s, clients: 10 }, { duration: 2s, clients: 2 } ]\n" + ASSERTED)

    assert absent(plan, Store(), rows_of(10, 2, 2, 2), 4.0) == pytest.approx(0.0)
    assert absent(plan, Store(), rows_of(10, 10, 2, 2), 4.0) == pytest.approx(0.0)


ARRIVING = "phases: [ { duration: 4s, arrivals: 5/s, stay: 1s } ]\n"


def counted(**numbers: int) -> Store:
    """A store with counters of the group ``all``; ``_`` stands for the dot of a name."""
    recorder = Recorder(0)
    labels = labels_of({"group": "all", "profile": "default", "phase": "phase-1"})
    for name, number in numbers.items():
        recorder.count(ARRIVALS if name == "due" else name.replace("_", ".", 1), labels, number)
    store = Store()
    store.add(recorder.snapshot(0, 0.0, 1.0, {}))
    return store


def test_arrivals_that_were_dropped_or_late_are_shares_of_all_that_were_due() -> None:
    """Of a hundred, five were left out and ten came late."""
    store = counted(due=100, connect_dropped=5, connect_late=10)
    assert arrivals_missed(plan_of(ARRIVING + ASSERTED), store) == (0.05, 0.1)


def test_a_criterion_on_dropped_arrivals_says_itself_how_many_may_be() -> None:
    """And one on late ones too."""
    store = counted(due=100, connect_dropped=5, connect_late=10)
    assert arrivals_missed(plan_of(ARRIVING + "criteria: [ connect.dropped <= 5 ]"), store) == (0.0, 0.1)
    assert arrivals_missed(plan_of(ARRIVING + "criteria: [ connect.late <= 10 ]"), store) == (0.05, 0.0)


def test_nobody_who_arrives_is_missed_where_nobody_does() -> None:
    """A run without arrivals has no share of them."""
    assert arrivals_missed(plan_of(PHASES + ASSERTED), Store()) == (0.0, 0.0)


def test_arrivals_without_a_connection_were_not_there() -> None:
    """Unless a criterion is on attempts, which then judges them."""
    store = counted(due=100, connect_attempted=100, connect_refused=20, connect_failed=5)
    assert absent(plan_of(ARRIVING + ASSERTED), store, [], 4.0) == pytest.approx(0.25)
    asserted = plan_of(ARRIVING + "criteria: [ connect.success >= 50% ]")
    assert absent(asserted, store, [], 4.0) is None


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        ("nobody-open", "no client was open to send them"),
        ("out-of-time", "wsrun could not send them in time"),
        ("not-read", "the server did not read what it was sent"),
    ],
)
def test_what_others_say_does_not_make_up_for_what_a_level_lost(cause: str, why: str) -> None:
    """A tenth of the schedule was not sent, however busy the group beside it is, and the cause says why."""
    search = "search: { rate: { some: { from: 10/s, to: 100/s, step: 10/s } }, such_that: [ errors == 0 ] }"
    plan = plan_of(
        f"phases: [ {{ name: limit, clients: {{ some: 1, many: 9 }}, {search} }} ]\n",
        "profiles: { talker: { mix: { hi: 1 } } }\nclients: { some: {}, many: {} }\n",
    )
    recorder = Recorder(0)
    for name, group, number in (
        ("messages.sent", "some", 90),
        ("messages.dropped", "some", 10),
        ("messages.sent", "many", 1_000_000),
    ):
        labels = {"group": group, "phase": "limit", "cause": cause if name == "messages.dropped" else None}
        recorder.count(name, labels_of(labels), number)
    store = Store()
    store.add(recorder.snapshot(0, 0.0, 1.0, {}))

    told = level_shortfall(plan, store, [], (), "limit")

    assert told == f"10 of 100 scheduled messages were not sent: {why}"


def test_a_server_that_refuses_politely_does_not_hold_a_level() -> None:
    """Half the clients of a level are not there: tolerated refusals are no errors, and no clients either."""
    search = "search: { clients: { from: 10, to: 100, step: 10 }, such_that: [ round_trip.p95 < 1s ] }"
    plan = plan_of(
        f"phases: [ {{ name: limit, {search} }} ]\n",
        "profiles: { talker: { mix: { hi: 1 } } }\nclients: { all: { tolerate: { refusals: [ 503 ] } } }\n",
    )
    rows = [{"planned": 100, "clients": 50, "length": 1.0}]

    told = level_shortfall(plan, Store(), rows, plan.phases[0].search.such_that, "limit")

    assert told == "50% of the clients were not there"
