"""The load engine where a phase, a profile or a connection changes under a client."""

from __future__ import annotations

from typing import Any

import pytest
from echoing import PING, echo, ledger, perform, plan_of
from rigged import QUIET, Network, connections, connections_of, perform_with
from tests.fakes import FakeConnection

from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.transports import Closing

# Phases


@pytest.mark.parametrize("think", ["0s", "100ms"])
def test_a_phase_can_change_nothing_but_the_weights_of_a_mix(think: str) -> None:
    """The same messages in other proportions are another mix."""
    message = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } }'
    plan = plan_of(
        f"messages: {{ a: {message}, b: {message} }}\n"
        f"profiles: {{ p: {{ mix: {{ a: 99, b: 1 }}, think: {think} }} }}\n"
        "phases: [ { name: one, duration: 10s, clients: 2 }, "
        "{ name: two, duration: 10s, mix: { p: { a: 1, b: 99 } } } ]\n"
    )

    store = perform(plan, Network(echo(0.05)))

    sent = {name: store.by_label("messages.sent", "message", phase=name) for name in ("one", "two")}
    assert sent["one"]["a"] > 0.9 * sum(sent["one"].values())
    assert sent["two"]["b"] > 0.9 * sum(sent["two"].values())


def test_a_think_step_is_not_cut_short_by_a_new_phase() -> None:
    """A client that thinks in `start` while its phase turns to a schedule goes on thinking."""
    plan = plan_of(
        "messages: { a: { text: a }, b: { text: b } }\n"
        "profiles: { p: { start: [ { think: 5s }, { send: b } ], mix: { a: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 1 }, { duration: 8s, rate: 1/s } ]\n"
    )
    transport = Network(QUIET)

    perform(plan, transport)

    assert transport.connections[0].sent[0] == (5.0, b"b")


def test_think_steps_end_when_there_is_no_reason_to_stay() -> None:
    """Told to leave, or without a connection, a client in `start` does not think to the end."""
    plan = plan_of(
        "messages: { a: { text: a } }\nprofiles: { p: { start: [ { think: 1h } ], mix: { a: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 2 } ]\n"
    )
    transport = Network(QUIET)

    def act(world: World, performance: Performance) -> None:
        world.agenda.call_at(1.0, lambda _: transport.connections[0].drop())

    store = perform_with(plan, transport, act)

    assert store.end < 2.5
    assert store.by_label("closed", "code") == {"1000": 1, "1006": 1}


def test_a_message_of_a_new_phase_is_that_of_the_clients_new_profile() -> None:
    """Thousands are told of a phase bit by bit; whoever has to send at its start is told at once."""
    plan = plan_of(
        "messages: { a: { text: a }, b: { text: b } }\n"
        "profiles: { one: { mix: { a: 1 } }, two: { mix: { b: 1 } } }\n"
        "clients: { all: { profiles: { one: 1 } } }\n"
        "phases:\n  - { name: x, duration: 2s, clients: 1000, handshakes: 1000 }\n"
        "  - { name: y, duration: 1s, profiles: { two: 1 }, rate: 1000/s }\n"
    )

    def act(world: World, performance: Performance) -> None:
        tell = performance._turn

        def slowly(phase: int) -> None:
            # The loop is slow to turn: the messages come before the news.
            world.agenda.call_at(world.clock() + 0.5, lambda _: tell(phase))

        performance._turn = slowly  # type: ignore[method-assign]

    store = perform_with(plan, Network(QUIET), act)

    assert store.by_label("messages.sent", "message", phase="y") == {"b": 1000}


def test_the_first_message_belongs_to_the_attempt() -> None:
    """A connection that was made in a warm-up does not enter the judged part by its first message."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\nphases: [ { duration: 4s, warm_up: 1s, clients: 1, rate: 1/s } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("hello", 1.5)

    store = perform(plan, Network(answer, latency=0.25))

    assert store.distribution("connect.first_message").minimum == pytest.approx(1.75)
    assert store.distribution("connect.first_message", judged=True).count == 0


# Edges


def test_a_connection_that_is_made_after_its_client_was_told_to_leave_is_closed_in_order() -> None:
    """It is established all the same; `start` does not begin, `end` runs."""
    plan = plan_of(
        "messages: { hi: { text: hi }, bye: { text: bye } }\n"
        "profiles: { p: { start: [ { send: hi } ], mix: { hi: 1 }, end: [ { send: bye } ] } }\n"
        "phases: [ { duration: 1s, clients: 2, rate: 10/s } ]\n"
    )
    transport = Network(QUIET, latency=1.5)

    store = perform(plan, transport)

    assert connections(store) == connections_of(attempted=2, established=2)
    assert [[payload for _, payload in connection.sent] for connection in transport.connections] == [
        [b"bye"],
        [b"bye"],
    ]
    assert store.by_label("closed", "code") == {"1000": 2}
    assert store.counter("messages.dropped") == 10
    assert store.counter("errors") == 0


def test_clients_that_still_wait_for_a_handshake_when_told_to_leave_never_try() -> None:
    """Whoever did not come to the door is in no ledger, and holds up nobody."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 50, handshakes: 3 }} ]\n"
    )

    store = perform(plan, Network(echo(), latency=10.0))

    assert connections(store) == connections_of(attempted=3, timed_out=3)
    assert store.by_label("errors", "cause") == {"run-over": 3}
    assert store.end < 10.0


def test_a_server_that_closes_during_start_ends_the_session() -> None:
    """The reply is lost, what was expected fails, the close is an error, and nothing is sent any more."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles:\n  p:\n    mix: {{ ping: 1 }}\n"
        "    start: [ { send: ping, wait: false }, { expect: { $.hello: true } }, { send: ping } ]\n"
        "    end: [ { send: ping } ]\n"
        "phases: [ { duration: 5s, clients: 1 } ]\n"
    )

    def answer(connection: Any, payload: bytes) -> None:
        connection.loop.call_later(0.5, connection.end_later, 0.1, Closing(1001, "", "server"))

    store = perform(plan, Network(answer))

    assert ledger(store)["lost"] == ledger(store)["sent"] == 1
    assert store.counter("expect.failed") == 1
    assert store.by_label("errors", "cause") == {"closed-1001": 1, "expect-failed": 1, "reply-lost": 1}


def test_the_first_moment_of_a_phase_is_its_own() -> None:
    """What is due exactly where two parts of the run meet belongs to the later one."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\nphases:\n"
        "  - { name: a, duration: 2s, clients: 1, warm_up: 500ms }\n  - { name: b, duration: 2s }\n"
    )
    found: list[tuple[str, bool]] = []

    def act(world: World, performance: Performance) -> None:
        for at in (-1.0, 0.0, 0.5, 2.0, 4.0, 99.0):
            stretch = world.stretch_at(world.start + at)
            found.append((stretch.name, stretch.warm_up))

    perform_with(plan, Network(QUIET), act)

    assert found == [
        ("a", True),
        ("a", True),
        ("a", False),
        ("b", False),
        ("drain", False),
        ("drain", False),
    ]


def test_an_interval_longer_than_the_run_is_one_snapshot() -> None:
    """Everything is in the last snapshot, which is the only one."""
    plan = plan_of(
        f"interval: 1m\nmessages: {{ ping: {PING} }}\n"
        "phases: [ { duration: 2s, clients: 2, rate: 10/s } ]\n"
    )

    store = perform(plan, Network(echo()))

    assert len(store.gauge_series("generator.cpu")) == 1
    assert ledger(store)["answered"] == 20


@pytest.mark.parametrize("worker", [0, 1])
def test_a_phase_without_clients_drops_what_it_schedules_once(worker: int) -> None:
    """One worker counts the messages that nobody can send, and the run takes its time."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 2s, clients: 0, rate: 10/s }} ]\n")
    transport = Network(echo())

    store = perform(plan, transport, worker=worker, workers=2)

    assert transport.attempts == 0
    assert store.counter("messages.dropped") == (20 if worker == 0 else 0)
    assert store.end == pytest.approx(2.0, abs=0.02)
