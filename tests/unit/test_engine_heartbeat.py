"""Heartbeats: their times, their answers, and what is made of silence."""

from __future__ import annotations

import json

import pytest
from performing import causes, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer everything after 10 ms."""
    connection.reply(payload.decode(), 0.010)


def beat(
    heartbeat: str, transport: FakeTransport, *, clients: int = 1, more: str = "", length: str = "9900ms"
) -> list[Snapshot]:
    """Let clients do nothing but beat for nearly ten seconds."""
    text = (
        'messages: { ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } } }\n'
        "profiles: { quiet: }\n"
        f"clients: {{ all: {{ heartbeat: {heartbeat}, {more} }} }}\n"
        f"phases: [ {{ duration: {length}, clients: {clients} }} ]\n"
    )
    return perform(plan_of(text), transport)


def test_pings_come_at_their_times_and_pongs_are_timed() -> None:
    """Ten in ten seconds, each answered 50 ms later."""
    transport = FakeTransport(echo, latency=0.05)
    store = stored(beat("{ every: 1s }", transport))
    (connection,) = transport.connections
    latency = store.distribution("heartbeat.latency")

    gaps = [later - sooner for sooner, later in zip(connection.pings, connection.pings[1:], strict=False)]
    assert gaps == pytest.approx([1.0] * len(gaps))
    assert len(connection.pings) == 10
    assert latency.count == 10
    assert latency.maximum == pytest.approx(0.05)
    assert store.counter("heartbeat.missed") == 0


def test_the_first_pings_of_clients_are_spread_over_the_interval() -> None:
    """A hundred clients that came together do not ping together: at most a few in each tenth."""
    transport = FakeTransport(echo)
    beat("{ every: 10s }", transport, clients=100, length="11s")

    tenths = [int(connection.pings[0]) for connection in transport.connections]
    assert all(8 <= tenths.count(tenth) <= 12 for tenth in range(10))


def test_a_ping_without_an_answer_is_missed_and_no_loss() -> None:
    """Every other one is answered: nothing happens but that the others are counted."""
    transport = FakeTransport(echo, pongs=lambda connection, number: number % 2 == 0)
    snapshots = beat("{ every: 1s, timeout: 500ms, misses: 2 }", transport)

    assert stored(snapshots).counter("heartbeat.missed") == 5
    assert len(transport.connections) == 1
    assert causes(snapshots) == {}


def test_so_many_misses_in_a_row_are_a_loss() -> None:
    """The connection is cut after the third, and nobody takes its place without a reconnect."""
    transport = FakeTransport(echo, pongs=lambda connection, number: number <= 2)
    snapshots = beat("{ every: 1s, timeout: 500ms, misses: 3 }", transport)
    store = stored(snapshots)

    assert store.counter("heartbeat.missed") == 3
    assert len(transport.connections[0].pings) == 5
    assert causes(snapshots) == {"heartbeat-lost": 1}
    assert store.counter("closed", code="1006", side="client") == 1


def test_a_client_that_missed_too_many_comes_back_where_it_reconnects() -> None:
    """The new connection beats anew, and its count of misses begins with it."""

    def pongs(connection: FakeConnection, number: int) -> bool:
        return connection is not connection.transport.connections[0]

    transport = FakeTransport(echo, pongs=pongs)
    more = "reconnect: {}, tolerate: { closes: [ 1006 ] }"
    snapshots = beat("{ every: 1s, timeout: 500ms, misses: 2 }", transport, more=more)
    store = stored(snapshots)

    assert store.counter("reconnect.done") == 1
    assert store.counter("heartbeat.missed") == 2
    assert causes(snapshots) == {}
    assert len(transport.connections[1].pings) >= 6


def test_one_pong_answers_the_pings_before_it() -> None:
    """A server may answer only the latest ping (RFC 6455 section 5.5.3)."""
    transport = FakeTransport(echo, pongs=lambda connection, number: number % 3 == 0)
    store = stored(beat("{ every: 1s, timeout: 4s }", transport, length="9500ms"))

    assert store.distribution("heartbeat.latency").count == 9
    assert store.counter("heartbeat.missed") == 0


def test_a_message_may_be_the_heartbeat() -> None:
    """It is sent at its times, counted as a message, and its reply is the answer."""
    transport = FakeTransport(echo)
    store = stored(beat("{ every: 1s, message: ask }", transport))

    assert store.counter("messages.sent") == store.counter("replies.answered") == 10
    assert store.distribution("heartbeat.latency").count == 10
    assert store.distribution("heartbeat.latency").maximum == pytest.approx(0.010)
    assert transport.connections[0].pings == []


def test_a_message_without_a_good_reply_is_a_missed_heartbeat() -> None:
    """The reply that comes after the heartbeat's timeout is good as a reply, and too late as an answer."""

    def slow(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(payload.decode(), 0.8)

    snapshots = beat("{ every: 2s, timeout: 500ms, message: ask }", FakeTransport(slow))
    store = stored(snapshots)

    assert store.counter("heartbeat.missed") == store.counter("replies.answered") == 5
    assert causes(snapshots) == {}


def test_a_client_that_leaves_misses_nothing() -> None:
    """A ping that is on its way when the client leaves was not missed."""
    transport = FakeTransport(echo, pongs=lambda connection, number: False)
    store = stored(beat("{ every: 3s, timeout: 2900ms }", transport, length="1s"))

    assert len(transport.connections[0].pings) == 1
    assert store.counter("heartbeat.missed") == 0


def test_a_message_in_place_is_the_heartbeat_of_its_group() -> None:
    """Its name is made up, its body is as written."""
    transport = FakeTransport(echo)
    beat(
        "{ every: 2s, message: { json: { hb: '{{ id }}' }, reply: { match: { $.hb: '{{ id }}' } } } }",
        transport,
    )

    assert all("hb" in json.loads(payload) for _, payload in transport.connections[0].sent)
