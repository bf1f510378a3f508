"""A server that does not read: what waits for it is bounded, and what is not sent is counted."""

from __future__ import annotations

import json
from collections import Counter

from performing import causes, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine.backlog import (
    LATE_KEPT,
    LEAST_LATE,
    LEAST_UNSENT,
    LOOK_EVERY,
    MOST_IN_ALL,
    MOST_UNSENT,
    late_kept,
    most_unsent,
)
from wsrun.metrics.store import stored

SIZE = 100_000
FACT = f"messages: {{ fact: {{ text: '{'x' * SIZE}' }} }}\n"


def deaf(connection: FakeConnection, payload: bytes) -> None:
    """Read nothing between seconds 1 and 3, and all of it then."""
    now = connection.loop.time() % 1000
    if 1.0 <= now < 3.0:
        connection.write_backlog += len(payload)
        connection.loop.call_later(3.0 - now, setattr, connection, "write_backlog", 0)
        worst[0] = max(worst[0], connection.write_backlog)


worst = [0]


def test_a_schedule_drops_what_a_full_connection_cannot_take() -> None:
    """It does not wait: what is due then is dropped under its cause, and all that was due adds up."""
    worst[0] = 0
    plan = plan_of(FACT + "phases: [ { duration: 5s, clients: 1, rate: 40/s } ]\n")
    store = stored(perform(plan, FakeTransport(deaf)))

    sent, dropped = store.counter("messages.sent"), store.counter("messages.dropped")
    assert sent + dropped == 200
    assert store.by_label("messages.dropped", "cause") == {"not-read": dropped}
    assert 40 < dropped < 80
    assert MOST_UNSENT < worst[0] <= MOST_UNSENT + LOOK_EVERY * SIZE


def test_clients_at_their_own_pace_wait_until_the_server_reads_again() -> None:
    """With a mix and with a flow: nothing is dropped, nothing grows, and sending goes on."""
    for how in (
        "mix: { fact: 1 }, think: 20ms",
        "flow: [ { send: fact }, { think: 20ms } ]",
        "flow: [ { send: [ fact, fact ] }, { think: 40ms } ]",
    ):
        worst[0] = 0
        plan = plan_of(FACT + f"profiles: {{ p: {{ {how} }} }}\nphases: [ {{ duration: 5s, clients: 1 }} ]\n")
        transport = FakeTransport(deaf)
        store = stored(perform(plan, transport))
        times = Counter(int(at % 1000) for at, _ in transport.connections[0].sent)

        assert store.counter("messages.dropped") == 0
        assert MOST_UNSENT < worst[0] <= MOST_UNSENT + 2 * SIZE
        assert times[2] == 0
        assert times[3] > 20 and times[4] > 20


def test_what_a_rule_would_add_to_a_full_connection_is_an_error() -> None:
    """A server that talks and does not listen cannot make its answers pile up."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.write_backlog += len(payload)
        if payload == b"begin":
            for number in range(50):
                connection.reply(json.dumps({"n": number}), 0.01 * (number + 1))

    plan = plan_of(
        FACT.replace("messages: { ", "messages: { begin: { text: begin }, ")
        + "profiles: { p: { start: [ { send: begin } ] } }\n"
        "clients: { all: { react: [ { where: { $.n: { exists: true } }, send: fact } ] } }\n"
        "phases: [ { duration: 2s, clients: 1 } ]\n"
    )
    transport = FakeTransport(answer)
    found = causes(perform(plan, transport))

    assert transport.connections[0].write_backlog <= MOST_UNSENT + SIZE
    assert found["not-read"] == 50 - (len(transport.connections[0].sent) - 1)


def test_many_connections_remember_fewer_late_requests() -> None:
    """Two hundred may remember a thousand; of more, each has its part."""
    assert [late_kept(clients) for clients in (0, 200)] == [LATE_KEPT] * 2
    assert late_kept(2_000) == 100
    assert late_kept(1_000_000) == LEAST_LATE


def test_many_connections_share_the_room_of_a_worker() -> None:
    """Up to 256 may fill theirs; of more, each has its part, and never less than a socket's worth."""
    assert [most_unsent(clients) for clients in (0, 1, 256)] == [MOST_UNSENT] * 3
    assert most_unsent(1024) == MOST_IN_ALL // 1024 == 256 * 1024
    assert most_unsent(1_000_000) == LEAST_UNSENT
