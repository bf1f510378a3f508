"""Who takes a frame, and what steps of flows wait for, at the edges."""

from __future__ import annotations

import json
from typing import Any

import pytest
from echoing import PING, ledger, perform, plan_of
from rigged import QUIET, Network, Wire, perform_with
from tests.fakes import FakeConnection

from wsrun.engine.performance import Performance
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.transports import Closing, Endpoint

# Who takes a frame


def test_the_mailbox_is_read_oldest_first_and_keeps_the_newest() -> None:
    """Of 1 003 frames three are dropped; expectations take from the oldest, and the rest is unmatched."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\nprofiles:\n  p:\n    start:\n      - { think: 1s }\n"
        "      - { expect: { $.even: true }, count: 2, capture: { even: $.n } }\n"
        "      - { expect: {}, count: 2, capture: { any: $.n } }\n"
        "      - { expect: { $.n: 0 }, timeout: 100ms, optional: true }\n"
        "    mix: { hi: 1 }\nphases: [ { duration: 2s, clients: 1 } ]\n"
    )
    sessions: list[Session] = []

    class Talkative(Network):
        async def open(self, endpoint: Endpoint, sink: Any) -> Wire:
            wire = await super().open(endpoint, sink)
            sessions.append(sink.session)
            for number in range(1003):
                # Not by timers, which do not keep the order of one moment.
                wire.loop.call_soon(wire._arrive, json.dumps({"n": number, "even": number % 2 == 0}))
            return wire

    store = perform(plan, Talkative(QUIET))

    # Dropped are 0 to 2; taken are 4 and 6, then 3 and 5.
    assert sessions[0].variables == {"even": 6, "any": 5}
    assert store.counter("mailbox.dropped") == 3
    assert store.counter("messages.received") == 1003
    assert store.counter("messages.unmatched") == 1003 - 4
    assert store.counter("expect.passed") == 2
    assert store.counter("expect.failed") == 0


def test_an_expectation_comes_before_a_reply_too_many() -> None:
    """A frame with the id of a message that awaited no reply is for who expects it."""
    plan = plan_of(
        f'messages: {{ join: {{ json: {{ type: join, id: "{{{{ id }}}}" }} }}, ping: {PING} }}\n'
        "profiles: { p: { start: [ { send: join }, { expect: { $.type: joined } } ], mix: { ping: 1 } } }\n"
        "phases: [ { duration: 3s, clients: 1, rate: 1/s } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        said = json.loads(payload)
        connection.reply(json.dumps({**said, "type": "joined"}), 0.01)

    store = perform(plan, Network(answer))

    assert store.counter("expect.passed") == 1
    assert store.counter("replies.extra") == 0
    assert store.counter("errors") == 0


def test_the_oldest_request_takes_a_frame_that_names_a_younger_one() -> None:
    """A request by pattern that waits longer comes before the request whose id the frame has."""
    plan = plan_of(
        "messages:\n  any: { text: hello, reply: { match: { $.id: { exists: true } } } }\n"
        f"  ping: {PING}\nprofiles: {{ p: {{ start: [ {{ send: [ any, ping ] }} ] }} }}\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if payload != b"hello":
            connection.reply(payload.decode(), 0.1)
            connection.reply(payload.decode(), 0.2)

    store = perform(plan, Network(answer))

    assert store.distribution("round_trip", message="any").maximum == pytest.approx(0.1)
    assert store.distribution("round_trip", message="ping").maximum == pytest.approx(0.2)


def test_after_a_request_by_pattern_the_short_way_is_taken_again() -> None:
    """Replies by id keep being found when no request by pattern waits any more."""
    plan = plan_of(
        f"messages: {{ hi: {{ text: hi, reply: {{ match: {{ text: ho }} }} }}, ping: {PING} }}\n"
        "profiles: { p: { start: [ { send: hi } ], mix: { ping: 1 } } }\n"
        "phases: [ { duration: 3s, clients: 1, rate: 5/s } ]\n"
    )
    lines: list[Any] = []

    def answer(connection: FakeConnection, payload: bytes) -> None:
        lines.append((payload, connection.sink.hot_field))  # type: ignore[attr-defined]
        connection.reply("ho" if payload == b"hi" else payload.decode(), 0.01)

    store = perform(plan, Network(answer))

    assert [field for payload, field in lines if payload != b"hi"] == ["id"] * (len(lines) - 1)
    assert ledger(store)["answered"] == ledger(store)["sent"] == len(lines)


def test_rules_that_look_on_see_every_frame_after_a_request_by_pattern_too() -> None:
    """The short way stays closed where each reply has to be looked at."""
    plan = plan_of(
        f"messages: {{ hi: {{ text: hi, reply: {{ match: {{ text: ho }} }} }}, ping: {PING} }}\n"
        "profiles: { p: { start: [ { send: hi } ], mix: { ping: 1 } } }\n"
        "clients: { all: { never: [ { where: { $.id: { exists: true } } } ] } }\n"
        "phases: [ { duration: 3s, clients: 1, rate: 2/s } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("ho" if payload == b"hi" else payload.decode(), 0.01)

    store = perform(plan, Network(answer))

    assert store.counter("forbidden") == store.counter("replies.answered", message="ping") == 6


# Flows


def test_a_wait_for_a_close_that_was_given_up_does_not_cut_the_next_one_short() -> None:
    """A client that leaves an `expect_close` closes in order, though the step's timeout passes meanwhile."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\n"
        "profiles: { p: { start: [ { expect_close: [ 4000 ], timeout: 3s } ], mix: { hi: 1 } } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )

    store = perform(plan, Network(QUIET, close_takes=2.5))

    assert store.by_label("closed", "code") == {"1000": 1}


def test_a_repeat_in_end_stops_when_the_drain_is_over() -> None:
    """Its pauses are over then, and without them it would send as fast as it can."""
    plan = plan_of(
        "drain: 2s\nmessages: { bye: { text: bye } }\n"
        "profiles: { p: { end: [ { repeat: [ { think: 300ms }, { send: bye } ], for: 1h } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    transport = Network(QUIET, send_takes=0.001)

    store = perform(plan, transport)

    assert len(transport.connections[0].sent) <= 2.0 / 0.3 + 1
    assert store.by_label("closed", "code") == {"1000": 1}
    assert store.end < 3.2


def test_a_connection_that_is_going_has_gone_before_a_flow_makes_another() -> None:
    """A client has one connection at a time, and the profile of the old one is not mixed up."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\nprofiles:\n"
        "  one: { flow: [ { connect: main }, { send: hi }, { think: 100ms } ] }\n  two: {}\n"
        "clients: { all: { profiles: { one: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 1 }, { duration: 4s, profiles: { two: 1 } } ]\n"
    )

    def answer(connection: Any, payload: bytes) -> None:
        if connection.loop.time() > 1.5:
            connection.end_later(1.0, Closing(1011, "", "server"))

    transport = Network(answer)
    alive: list[int] = []

    def act(world: World, performance: Performance) -> None:
        def look(due: float) -> None:
            alive.append(sum(world.open.values()))
            world.agenda.call_at(due + 0.05, look)

        world.agenda.call_at(0.05, look)

    store = perform_with(plan, transport, act)

    assert store.counter("connect.established") == store.counter("closed") > 5
    assert max(alive) == 1
    assert store.by_label("errors", "cause") == {"closed-1011": store.counter("closed", side="server")}
