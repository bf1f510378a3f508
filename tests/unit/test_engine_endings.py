"""The load engine when something fails, ends, or is stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from echoing import PING, echo, ledger, perform, plan_of
from rigged import QUIET, Network, connections, connections_of, perform_with, scenario, spend
from tests.clock import run_virtual

from wsrun.engine.agenda import Agenda
from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.transports import Closing, ConnectFailure

# Defects


def test_a_function_of_the_agenda_that_raises_ends_the_run_with_its_error() -> None:
    """A defect is told; a worker whose agenda stood still would have hung until it was missed."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 5s, clients: 2 }} ]\n")

    def broken(_: float) -> None:
        raise ZeroDivisionError("a defect")

    with pytest.raises(ExceptionGroup) as caught:
        perform_with(plan, Network(echo()), lambda world, _: world.agenda.call_at(1.0, broken))

    assert caught.group_contains(ZeroDivisionError, match="a defect")


def test_the_agenda_goes_on_after_a_function_that_raised() -> None:
    """What is due later, or at the same time, still happens."""

    async def main() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        agenda = Agenda(loop, loop.time, real_time=False)
        told: list[str] = []
        agenda.failed = lambda error: told.append(type(error).__name__)
        agenda.call_at(1.0, lambda _: [][0])
        agenda.call_at(1.0, lambda _: told.append("beside it"))
        await agenda.sleep_until(2.0)
        return told, loop.time()

    assert run_virtual(main()) == (["IndexError", "beside it"], 2.0)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:{{ client.index + 70000 }}/", "ws://[{{ client.id }}/"])
def test_a_url_that_a_template_makes_wrong_fails_the_connect_and_not_the_worker(url: str) -> None:
    """It is a failed connection, with the transport's own reason."""
    plan = scenario(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 2 }} ]\n", f"url: '{url}'"
    )

    store = perform(plan, Network(echo()))

    assert connections(store) == connections_of(attempted=2, failed=2)
    assert store.by_label("errors", "cause") == {"bad-request": 2}


def test_a_host_that_cannot_be_looked_up_is_left_to_the_transport() -> None:
    """A label that is too long makes no address, and no defect."""
    plan = scenario(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 2 }} ]\n",
        "url: 'ws://{{ random.text(70) }}.example/'",
    )

    def act(world: World, performance: Performance) -> None:
        async def look_up(host: str, *_: Any, **__: Any) -> Any:
            host.encode("idna")

        world.loop.getaddrinfo = look_up  # type: ignore[method-assign]

    refuse = ConnectFailure("failed", "dns", "there is no such host")
    store = perform_with(plan, Network(echo(), refuse=lambda number: refuse), act)

    assert connections(store) == connections_of(attempted=2, failed=2)


# Between the last message and the end


@pytest.mark.parametrize(("think", "sent"), [("0s", 4), ("100ms", 3)])
def test_a_connection_that_is_going_costs_one_error(think: str, sent: int) -> None:
    """From the server's close frame to the end of TCP, a client has nothing to send and does not try.

    Without a pause the next message is on its way before the close frame behind the reply is read.
    """
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: {think} }} }}\n"
        "phases: [ { duration: 10s, clients: 1 } ]\n"
    )

    def answer(connection: Any, payload: bytes) -> None:
        number = len(connection.sent)

        def reply() -> None:
            connection.sink.received(payload.decode(), connection.loop.time())
            if number == 3:
                connection.end_later(3.0, Closing(1011, "", "server"))

        connection.loop.call_later(0.01, reply)

    store = perform(plan, Network(answer))

    assert store.by_label("errors", "cause") == {"closed-1011": 1}
    assert ledger(store)["sent"] == ledger(store)["answered"] == sent


def test_a_close_that_the_server_began_is_its_own_although_the_client_was_leaving() -> None:
    """A client that is told to leave between the server's close frame and its end did not ask for it."""
    plan = plan_of("messages: { hi: { text: hi } }\nphases: [ { duration: 2s, clients: 1, rate: 1/s } ]\n")

    def answer(connection: Any, payload: bytes) -> None:
        if len(connection.sent) == 2:
            connection.loop.call_later(0.4, connection.end_later, 1.0, Closing(1011, "", "server"))

    store = perform(plan, Network(answer))

    assert store.counter("closed", code="1011", side="server") == 1
    assert store.by_label("errors", "cause") == {"closed-1011": 1}


def test_a_profile_that_changes_while_a_connection_ends_leaves_no_gauge_behind() -> None:
    """Open connections are none at the end, for each profile, and never fewer than none."""
    plan = plan_of(
        "messages: { a: { text: a } }\nprofiles: { one: { mix: { a: 1 } }, two: { mix: { a: 1 } } }\n"
        "clients: { all: { profiles: { one: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 1, rate: 1/s }, { duration: 4s, profiles: { two: 1 } } ]\n"
    )

    def answer(connection: Any, payload: bytes) -> None:
        if len(connection.sent) == 2:
            connection.end_later(2.0, Closing(1011, "", "server"))

    store = perform(plan, Network(answer))

    for profile in ("one", "two"):
        readings = [gauge.last for _, gauge in store.gauge_series("open", profile=profile)]
        assert min(readings) == 0 and readings[-1] == 0


def test_a_connection_that_must_be_aborted_is_told_and_its_requests_are_pending() -> None:
    """Whoever does not come to an end is cut off after the drain, and all ledgers still add up."""
    bye = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 60s } }'
    plan = scenario(
        f"drain: 1s\nmessages: {{ bye: {bye} }}\n"
        "profiles: { p: { end: [ { think: 5s }, { send: bye } ] } }\n"
        "phases: [ { duration: 1s, clients: 2 } ]\n",
        "url: ws://127.0.0.1:1/, close_timeout: 1s",
    )

    store = perform(plan, Network(QUIET, abort_takes=0.05))

    counts = ledger(store)
    assert counts["sent"] == counts["expected"] == counts["pending"] == 2
    assert store.counter("closed") == store.counter("connect.established") == 2


def test_the_end_waits_for_replies_that_its_steps_did_not_wait_for() -> None:
    """`wait: false` in `start` or `end` loses no reply by our own close."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles:\n  p:\n"
        "    start: [ { send: ping, wait: false }, { expect: { text: never }, timeout: 50ms } ]\n"
        "    end: [ { send: ping, wait: false } ]\nphases: [ { duration: 1s, clients: 1 } ]\n"
    )

    store = perform(plan, Network(echo(0.2)))

    assert ledger(store)["answered"] == ledger(store)["expected"] == 2
    assert store.by_label("errors", "cause") == {"expect-failed": 1}


# Stopping


def test_nobody_comes_after_a_run_was_stopped() -> None:
    """A ramp that is stopped admits no more clients while the drain awaits replies."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 60s, clients: {{ from: 0, to: 100 }} }} ]\n"
    )
    transport = Network(QUIET)

    store = perform(plan, transport, stop_at=3.0)

    assert max(transport.begun) < 3.0
    assert store.by_label("closed", "code") == {"1000": transport.attempts}
    assert store.by_label("errors", "cause").keys() == {"reply-timeout"}
    assert store.end < 4.5


def test_a_run_can_be_stopped_before_it_has_begun() -> None:
    """Nothing is done, and the one snapshot spans no time."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 5s, clients: 2, rate: 5/s }} ]\n")
    transport = Network(echo())
    spans: list[tuple[float, float]] = []

    def act(world: World, performance: Performance) -> None:
        world.begin(world.clock() + 1.0)
        performance.stop()

        emit = performance._emit
        performance._emit = lambda made: (spans.append((made.start, made.end)), emit(made))  # type: ignore[assignment]

    perform_with(plan, transport, act)

    assert transport.attempts == 0
    assert spans == [(0.0, 0.0)]


def test_replies_after_the_drain_has_given_up_are_late_and_not_extra() -> None:
    """A request is pending once; its reply, while `end` still runs, is no second reply."""
    plan = scenario(
        "drain: 1s\nmessages:\n"
        '  ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 60s } }\n'
        "profiles: { p: { mix: { ask: 1 }, end: [ { expect: { text: bye }, timeout: 2s } ] } }\n"
        "phases: [ { duration: 1s, clients: 1, rate: 1/s } ]\n"
    )

    store = perform(plan, Network(echo(2.0)))

    assert ledger(store)["pending"] == 1
    assert (store.counter("replies.late"), store.counter("replies.extra")) == (1, 0)


def test_a_client_whose_pause_ends_with_the_run_sends_no_more() -> None:
    """The drain brings no new work, not even what was due at its first moment."""
    plan = plan_of(
        "messages: { hi: { text: hi } }\nprofiles: { p: { start: [ { think: 500ms } ], mix: { hi: 1 } } }\n"
        "phases: [ { duration: 4s, clients: 50 } ]\n"
    )

    def act(world: World, performance: Performance) -> None:
        # All of them wake at the moment at which they are told to leave.
        world.agenda.call_at(3.9, lambda _: spend(1.0))

    store = perform_with(plan, Network(QUIET), act)

    assert store.counter("messages.sent", phase="drain") == 0
