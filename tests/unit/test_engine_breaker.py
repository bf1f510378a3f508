"""Circuit breakers: their states, and what clients leave undone while they are open."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from performing import perform, plan_of
from tests.fakes import Answer, FakeConnection, FakeTransport

from wsrun.engine.breaker import Circuit
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored
from wsrun.plan_resilience import BreakerPlan
from wsrun.transports import ConnectFailure

PLAN = BreakerPlan(failures=3, within=10.0)
ASK = "ask: { json: { id: '{{ id }}' }, reply: { match: { $.id: '{{ id }}' }, timeout: 100ms } }"


def test_so_many_failures_within_the_time_open_the_circuit() -> None:
    """Not fewer, and not those that lie further apart."""
    circuit = Circuit(PLAN)
    assert [circuit.fail(at) for at in (0.0, 9.0, 10.1, 18.9)] == [False, False, False, True]
    assert circuit.state == "open"


def test_after_the_cool_down_one_outcome_decides() -> None:
    """A failure opens it again at once, a success closes it."""
    circuit = Circuit(PLAN)
    for at in (0.0, 1.0, 2.0):
        circuit.fail(at)
    circuit.cool()
    assert circuit.state == "half-open"
    assert circuit.fail(40.0)
    circuit.cool()
    assert circuit.succeed()
    assert circuit.state == "closed"
    assert not circuit.fail(41.0)


def test_what_comes_in_while_it_is_open_changes_nothing() -> None:
    """Outcomes of what was attempted before are too late to count."""
    circuit = Circuit(PLAN)
    for at in (0.0, 1.0, 2.0):
        circuit.fail(at)
    assert not circuit.fail(3.0)
    assert not circuit.succeed()
    assert circuit.state == "open"


@given(st.lists(st.tuples(st.sampled_from(["fail", "succeed", "cool"]), st.floats(0, 5)), max_size=60))
def test_the_circuit_opens_only_for_enough_failures(events: list[tuple[str, float]]) -> None:
    """Closed to open takes three failures within ten seconds, whatever came between."""
    circuit, now, failures = Circuit(PLAN), 0.0, []
    for event, after in events:
        now += after
        before = circuit.state
        if event == "fail":
            failures.append(now)
            opened = circuit.fail(now)
            assert opened == (before != "open" and circuit.state == "open")
            if before == "closed" and opened:
                assert failures[-1] - failures[-3] <= 10.0
        elif event == "succeed":
            circuit.succeed()
            assert circuit.state == ("closed" if before == "half-open" else before)
        else:
            circuit.cool()
            assert circuit.state == ("half-open" if before == "open" else before)
        if circuit.state != before:
            failures = []


def careful(
    profile: str,
    transport: FakeTransport,
    *,
    breaker: str = "{ failures: 3, within: 10s, cool_down: 2s }",
    group: str = "",
    phase: str = "clients: 1",
) -> list[Snapshot]:
    """Let careful clients live for ten seconds."""
    text = (
        f"messages: {{ {ASK} }}\n"
        f"profiles: {{ user: {{ {profile} }} }}\n"
        f"clients: {{ all: {{ breaker: {breaker}, {group} }} }}\n"
        f"phases: [ {{ duration: 9900ms, {phase} }} ]\n"
    )
    return perform(plan_of(text), transport)


def times(transport: FakeTransport) -> list[float]:
    """Return when messages were sent."""
    return sorted(at for connection in transport.connections for at, _ in connection.sent)


def silent(connection: FakeConnection, payload: bytes) -> None:
    """Answer nothing."""


def answering_from(moment: float) -> Answer:
    """A server that answers from a moment on."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if connection.loop.time() >= moment:
            connection.reply(payload.decode(), 0.001)

    return answer


@pytest.mark.parametrize(
    "profile", ["mix: { ask: 1 }, think: 100ms", "mix: { ask: 1 }, think: 0s", "flow: [ { send: ask } ]"]
)
def test_a_client_whose_replies_fail_pauses_and_tries_one_at_a_time(profile: str) -> None:
    """Three messages, then one after each cool-down of two seconds."""
    transport = FakeTransport(silent)
    snapshots = careful(profile, transport)
    sent = times(transport)

    assert len(sent) == 3 + 4
    gaps = [later - sooner for sooner, later in pairwise(sent[2:])]
    assert all(2.0 <= gap < 2.5 for gap in gaps)
    store = stored(snapshots)
    assert max(gauge.maximum for _, gauge in store.gauge_series("breaker.open")) == 1
    assert store.counter("replies.timed_out") == 7


def test_a_success_lets_the_client_go_on() -> None:
    """The trial after the cool-down is answered, and the client is as busy as before."""
    transport = FakeTransport(answering_from(1.0))
    snapshots = careful("mix: { ask: 1 }, think: 100ms", transport)
    sent = times(transport)

    assert len([at for at in sent if at < 2]) == 3
    assert len([at for at in sent if at > 5]) > 40
    assert list(stored(snapshots).gauge_series("breaker.open"))[-1][1].last == 0


def test_a_schedule_gives_an_open_client_nothing() -> None:
    """With nobody else there, what was due is dropped; half-open, one message is tried."""
    transport = FakeTransport(silent)
    snapshots = careful("mix: { ask: 1 }", transport, phase="clients: 1, rate: 10/s")
    store = stored(snapshots)

    # What is sent until the third timeout is on its way already.
    assert store.counter("messages.sent") <= 3 + 1 + 4
    assert store.counter("messages.sent") + store.counter("messages.dropped") == 99


def test_nothing_is_connected_while_the_breaker_is_open() -> None:
    """Three refusals, then one try after each cool-down, whatever the backoff says."""
    attempts: list[float] = []
    transport = FakeTransport(silent)

    def refuse(number: int) -> ConnectFailure:
        attempts.append(number)
        return ConnectFailure("refused", "refused-503", "busy", 503)

    transport.refuse = refuse
    group = "reconnect: { backoff: { from: 100ms, to: 100ms, jitter: 0% }, attempts: 100 }"
    store = stored(careful("", transport, group=group))

    assert len(attempts) == 3 + 4
    assert store.counter("connect.attempted") == 7


def test_who_leaves_does_not_wait_for_a_breaker() -> None:
    """The run ends in time, and ``end`` is done all the same."""
    transport = FakeTransport(silent)
    breaker = "{ failures: 1, within: 1s, cool_down: 1h }"
    profile = "mix: { ask: 1 }, think: 100ms, end: [ { send: { text: bye } } ]"
    snapshots = careful(profile, transport, breaker=breaker)

    assert snapshots[-1].end < 12
    assert [payload for _, payload in transport.connections[0].sent][-1] == b"bye"
    assert list(stored(snapshots).gauge_series("breaker.open"))[-1][1].last == 0


def test_good_replies_of_a_careful_client_are_counted_as_any() -> None:
    """The breaker looks on, takes nothing away, and changes no number."""

    def at_times(connection: FakeConnection, payload: bytes) -> None:
        if connection.loop.time() % 3 > 0.5:
            connection.reply(payload.decode(), 0.001)

    snapshots = careful("mix: { ask: 1 }, think: 90ms", FakeTransport(at_times), breaker="{ failures: 1000 }")
    store = stored(snapshots)

    assert store.counter("replies.timed_out") > 5
    assert store.counter("replies.answered") > 50
    assert store.counter("replies.expected") == sum(
        store.counter(f"replies.{name}") for name in ("answered", "failed", "timed_out")
    )
