"""The load engine where it is hard: behind its schedule, between a last message and an end, at the edges."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine_performance import PING, echo, ledger, perform, plan_of, sent_times
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.agenda import Agenda
from wsrun.engine.backlog import MOST_UNSENT
from wsrun.engine.performance import Performance
from wsrun.engine.schedule import Schedule
from wsrun.engine.session import Session
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import Store, stored
from wsrun.pacing.arrivals import offsets
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import Closing, ConnectFailure, Endpoint, Sink
from wsrun.transports.request import address_of

QUIET: Callable[[FakeConnection, bytes], None] = lambda connection, payload: None  # noqa: E731


class Wire(FakeConnection):
    """A connection that ends as real ones do: first nothing can be sent, later the sink is told.

    Its transport says how long it takes: ``send_takes`` seconds of the generator's own time for a message,
    ``close_takes`` for an orderly close, ``abort_takes`` for a reset.
    """

    transport: Network

    def send_text(self, payload: bytes) -> None:
        spend(self.transport.send_takes)
        super().send_text(payload)

    send_binary = send_text

    def end_later(self, after: float, closing: Closing) -> None:
        """Send and deliver nothing any more, and tell of the end after a while."""
        if self.is_open:
            self.is_open = False
            self.loop.call_later(after, lambda: self.sink.closed(closing, self.loop.time()))

    def close(self, code: int = 1000) -> None:
        self.end_later(self.transport.close_takes, Closing(code, "", "client"))

    def abort(self) -> None:
        self.is_open = True
        self.end_later(self.transport.abort_takes, Closing(1006, "", "client", "aborted"))


@dataclass
class Network(FakeTransport):
    """Connects through wires."""

    send_takes: float = 0.0
    close_takes: float = 0.0
    abort_takes: float = 0.001
    begun: list[float] = field(default_factory=list)

    async def open(self, endpoint: Endpoint, sink: Sink) -> Wire:
        address_of(endpoint)
        number = self.attempts
        self.attempts += 1
        self.begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.latency)
        failure = self.refuse(number)
        if failure is not None:
            raise failure
        wire = Wire(self, endpoint, sink)
        self.connections.append(wire)
        return wire


def spend(seconds: float) -> None:
    """Let the clock run on while the loop stands still."""
    loop: Any = asyncio.get_running_loop()
    loop._jumping.now += seconds


def scenario(text: str, target: str = "url: ws://127.0.0.1:1/") -> Plan:
    """Compile a scenario with a target of its own."""
    document = parse(f"wsrun: 1\ntarget: {{ {target} }}\n{text}", "test.yaml", environ={})
    return compile_plan(document, seed=1)


def perform_with(
    plan: Plan, transport: FakeTransport, act: Callable[[World, Performance], None], **surroundings: int
) -> Store:
    """Run a worker's share in virtual time after ``act`` has seen to its world."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, surroundings=around, **surroundings)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        act(world, performance)
        await performance.run()

    run_virtual(main())
    return stored(snapshots)


def connections(store: Store) -> dict[str, int]:
    """Return the counters of connections that must add up."""
    return {name: store.counter(f"connect.{name}") for name in connections_of()}


def connections_of(**counts: int) -> dict[str, int]:
    """Return counters of connections, zero where none is given."""
    return {"attempted": 0, "established": 0, "refused": 0, "timed_out": 0, "failed": 0, **counts}


# Behind schedule


def test_a_schedule_that_is_behind_lets_replies_be_read() -> None:
    """At twice of what can be sent, a reply that is there after 1 ms is not read seconds later."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 3s, clients: 10, rate: 2000/s }} ]\n"
    )

    store = perform(plan, Network(echo(0.001), send_takes=0.001))

    assert store.counter("replies.timed_out") == 0
    assert store.distribution("service_time").maximum < 0.1
    assert store.distribution("round_trip").maximum > 1.0


def test_a_run_that_is_behind_ends_at_its_time_and_counts_what_it_did_not_send() -> None:
    """Sent and dropped are all that was scheduled; the phases are not made longer."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 5s, clients: 10, rate: 2000/s }} ]\n"
    )

    store = perform(plan, Network(echo(0.001), send_takes=0.001))

    assert store.counter("messages.sent") + store.counter("messages.dropped") == 10_000
    assert 5_500 <= store.counter("messages.sent") <= 6_100
    assert store.by_label("messages.sent", "phase").keys() == {"phase-1"}
    assert store.by_label("messages.dropped", "phase").keys() == {"phase-1"}
    assert store.by_label("messages.dropped", "cause").keys() == {"out-of-time"}
    assert store.end < 7.0


def test_a_hiccup_at_the_end_drops_nothing() -> None:
    """Messages that were due before the end are sent although their time has passed."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 2s, clients: 2, rate: 1000/s }} ]\n"
    )

    def act(world: World, performance: Performance) -> None:
        world.agenda.call_at(1.9, lambda _: spend(0.2))

    store = perform_with(plan, Network(echo()), act)

    assert store.counter("messages.sent", phase="phase-1") == 2000
    assert store.counter("messages.dropped") == 0
    assert store.distribution("round_trip").maximum == pytest.approx(0.2, rel=0.05)


def test_a_phase_begins_at_its_time_although_the_one_before_is_behind() -> None:
    """Clients that the second phase wants connect at its start, not when the backlog is sent."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases:\n"
        "  - { name: flood, duration: 2s, clients: 2, rate: 2000/s }\n"
        "  - { name: calm, duration: 6s, clients: 3, rate: 1/s }\n"
    )
    transport = Network(echo(), send_takes=0.001)

    store = perform(plan, transport)

    assert transport.begun[2] == pytest.approx(2.0, abs=0.15)
    assert store.counter("messages.sent", phase="flood") == 4000
    assert store.counter("messages.sent", phase="calm") == 6


def test_a_stall_of_the_generator_is_no_timeout_of_the_target() -> None:
    """A reply that came in time but could not be read is answered; one that did not come is not."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 4s, clients: 1, rate: 1/s }} ]\n")

    def act(world: World, performance: Performance) -> None:
        # Beside the agenda, so that its alarm rings before the reply is read.
        world.loop.call_later(0.6, spend, 1.5)

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if len(connection.sent) != 3:
            connection.reply(payload.decode(), 0.5)

    store = perform_with(plan, FakeTransport(answer), act)

    assert (ledger(store)["answered"], ledger(store)["timed_out"]) == (3, 1)
    assert store.counter("replies.late") == 0


def test_every_missed_tick_of_a_stall_is_a_sample_of_lag() -> None:
    """A stall of a second is a hundred samples from one second down to nothing."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 3s, clients: 1 }} ]\n")

    def act(world: World, performance: Performance) -> None:
        world.agenda.call_at(1.0, lambda _: spend(1.0))

    lag = perform_with(plan, Network(echo()), act).distribution("generator.lag")

    assert 98 <= lag.count_above(0.005) <= 101
    assert lag.maximum == pytest.approx(1.0, rel=0.02)


def test_the_clients_of_an_interval_without_turns_come_all_the_same() -> None:
    """Connects that were due during a stall are made up for at once, not one a turn of a slow loop."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\n"
        "phases: [ { duration: 3s, clients: 200, connect_rate: 100/s, handshakes: 1000 } ]\n"
    )
    transport = Network(QUIET)

    def act(world: World, performance: Performance) -> None:
        world.agenda.call_at(0.5, lambda _: spend(0.5))

    perform_with(plan, transport, act)

    assert sum(at <= 1.01 for at in transport.begun) >= 100
    assert len(transport.begun) == 200


def test_an_entry_that_is_always_overdue_lets_the_loop_turn_and_others_run() -> None:
    """What re-enters itself in the past has one turn of the loop at a time, as everybody has."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        agenda = Agenda(loop, loop.time, real_time=False)
        runs = 0
        seen: list[int] = []

        def again(_: float) -> None:
            nonlocal runs
            runs += 1
            loop.call_soon(lambda: seen.append(runs))
            if runs < 100:
                agenda.call_at(0.5, again)

        agenda.call_at(1.0, again)
        agenda.call_at(1.0, lambda _: seen.append(-runs))
        await agenda.sleep_until(2.0)
        return seen

    assert run_virtual(main()) == [-1, *range(1, 101)]


# Many clients


def test_leaving_with_replies_under_way_costs_nothing_while_none_come() -> None:
    """A thousand clients that wait for replies in the drain do not look round in the meantime."""
    plan = plan_of(
        f"messages: {{ ping: {PING.replace('1s', '5s')} }}\n"
        "phases: [ { duration: 1s, clients: 1000, rate: 1000/s } ]\n"
    )
    entered: list[int] = []

    def act(world: World, performance: Performance) -> None:
        for at in (2.0, 4.0):
            world.agenda.call_at(at, lambda _: entered.append(world.agenda._order))

    store = perform_with(plan, FakeTransport(QUIET), act)

    assert ledger(store)["timed_out"] == 1000
    # Two seconds of ticks, sweeps and the roster's own look.
    assert entered[1] - entered[0] < 1000


def test_finding_an_open_client_does_not_look_at_those_that_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """One open client among a thousand that still connect is found in one look for each message."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 1000, rate: 100/s }} ]\n"
    )

    class OneOpen(Network):
        async def open(self, endpoint: Endpoint, sink: Sink) -> Wire:
            self.latency = 100.0 if self.attempts else 0.0
            return await super().open(endpoint, sink)

    looks = 0
    can_send = Schedule._can_send

    def counted(self: Schedule, session: Session) -> bool:
        nonlocal looks
        looks += 1
        return can_send(self, session)

    monkeypatch.setattr(Schedule, "_can_send", counted)
    store = perform(plan, OneOpen(echo()))

    assert store.counter("messages.sent") + store.counter("messages.dropped") == 100
    assert store.counter("messages.sent") >= 99
    assert looks <= 110


def test_a_worker_passes_over_the_messages_of_others_bit_by_bit() -> None:
    """A worker without clients in a long phase does not stand still to read its whole schedule."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1h, clients: 1, rate: 1000/s }} ]\n"
    )
    taken = 0

    def act(world: World, performance: Performance) -> None:
        performance._world.loop.call_later(2.5, performance.stop)
        schedules = performance._schedules

        def look(_: float) -> None:
            nonlocal taken
            taken = schedules[0]._number

        world.agenda.call_at(2.0, look)

    perform_with(plan, FakeTransport(QUIET), act, worker=1, workers=2)

    assert 2000 <= taken <= 4010


def test_a_client_that_awaits_no_replies_stops_while_its_connection_is_full() -> None:
    """What the server does not read is bounded, and sending goes on when it reads again."""
    plan = plan_of(
        "messages: { fact: { text: fact } }\nprofiles: { p: { mix: { fact: 1 }, think: 0s } }\n"
        "phases: [ { duration: 2s, clients: 1 } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        spend(0.001)
        connection.write_backlog = MOST_UNSENT + 1 if 0.5 <= connection.loop.time() < 1.5 else 0

    transport = FakeTransport(answer)

    def act(world: World, performance: Performance) -> None:
        def read(_: float) -> None:
            transport.connections[0].write_backlog = 0

        world.agenda.call_at(1.5, read)

    perform_with(plan, transport, act)

    times = sent_times(transport)
    assert max(b - a for a, b in itertools.pairwise(times)) == pytest.approx(1.0, abs=0.05)
    assert times[-1] > 1.9


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


@pytest.mark.parametrize("think", ["0s", "100ms"])
def test_a_connection_that_is_going_costs_one_error(think: str) -> None:
    """From the server's close frame to the end of TCP, a client has nothing to send and does not try."""
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
    assert ledger(store)["sent"] == ledger(store)["answered"] == 3


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


def test_looking_up_the_host_is_no_part_of_the_wait_for_the_first_message() -> None:
    """The wait begins when the handshake has ended, however long the look-up before it took."""
    plan = scenario(
        "messages: { hi: { text: hi } }\nphases: [ { duration: 4s, clients: 1, rate: 1/s } ]\n",
        "url: ws://host.example/",
    )

    def act(world: World, performance: Performance) -> None:
        async def look_up(*_: Any, **__: Any) -> Any:
            await asyncio.sleep(0.25)
            return [(None, None, None, "", ("192.0.2.1", 80))]

        world.loop.getaddrinfo = look_up  # type: ignore[method-assign]

    answer = lambda connection, payload: connection.reply("hello", 0.25)  # noqa: E731
    store = perform_with(plan, Network(answer, latency=0.1), act)

    # Connected at 0.35, the message of 0.5 is answered at 0.75.
    assert store.distribution("connect.first_message").minimum == pytest.approx(0.4)


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


# Everything at once


class Chaos:
    """A server that answers, or answers late, twice, wrongly or never; that refuses, closes, vanishes."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.delivered = 0

    def refuse(self, number: int) -> ConnectFailure | None:
        kinds = [("refused", 503), ("timed_out", None), ("failed", None)]
        if self.random.random() < 0.8:
            return None
        kind, status = self.random.choice(kinds)
        return ConnectFailure(kind, kind, kind, status)  # type: ignore[arg-type]

    def answer(self, connection: Any, payload: bytes) -> None:
        rng, text = self.random, payload.decode()
        loop = connection.loop
        if rng.random() < 0.7:
            self.deliver(connection, text, rng.choice([0.0, 0.01, 0.3]))
        if rng.random() < 0.1:
            self.deliver(connection, text, rng.uniform(0.0, 3.0))
        if rng.random() < 0.1:
            self.deliver(connection, rng.choice(['{"push": 1}', "[]", "\xe9", "no", text[:-1]]), 0.1)
        if rng.random() < 0.03:
            cause = rng.choice([None, "reset", "eof"])
            closing = Closing(1006 if cause else 1011, "", "network" if cause == "reset" else "server", cause)
            after, told = rng.uniform(0.0, 0.5), rng.choice([0.0, 0.02, 2.0])
            loop.call_later(after, connection.end_later, told, closing)
        if rng.random() < 0.05:
            spend(rng.uniform(0.0, 0.2))

    def deliver(self, connection: Any, text: str, after: float) -> None:
        def arrive() -> None:
            if connection.is_open:
                self.delivered += 1
                connection.sink.received(text, connection.loop.time())

        connection.loop.call_later(after, arrive)


LEVELS = st.sampled_from(["0", "1", "7", "30", "{ from: 0, to: 20 }", "{ from: 12, to: 2 }"])
RATES = st.sampled_from(
    ["", ", rate: 40/s", ", rate: { from: 0/s, to: 90/s }", ", rate: 30/s, poisson: true"]
)
ROLES = st.sampled_from(["", ", mix: { one: { b: 3 } }", ", profiles: { two: 1 }", ", profiles: { mute: 1 }"])
PHASES = st.lists(
    st.tuples(LEVELS, RATES, ROLES, st.sampled_from(["", ", warm_up: 700ms"])), min_size=1, max_size=4
)
STEPS = st.sampled_from(
    [
        "",
        ", start: [ { send: a }, { send: [ a, b ], wait: false } ], end: [ { send: b } ]",
        ", start: [ { expect: { $.push: 1 }, timeout: 300ms, optional: true }, { think: 400ms } ]",
        ", end: [ { think: 300ms }, { send: a, times: 2 }, { expect: { $.push: 1 }, timeout: 1s } ]",
    ]
)


@settings(deadline=None, max_examples=80)
@given(
    phases=PHASES,
    steps=STEPS,
    think=st.sampled_from(["0s", "50ms", "{ exponential: 300ms }"]),
    seed=st.integers(0, 2**32),
    stop_at=st.none() | st.floats(0.0, 5.0),
    workers=st.integers(1, 3),
    drain=st.sampled_from(["0s", "500ms", "5s"]),
)
def test_whatever_happens_every_ledger_adds_up(
    phases: list[tuple[str, ...]],
    steps: str,
    think: str,
    seed: int,
    stop_at: float | None,
    workers: int,
    drain: str,
) -> None:
    """What was tried is what came of it, counted on both sides of the wire, and the run ends in time."""
    message = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s EXPECT } }'
    judged = message.replace("EXPECT", ", expect: { $.id: { exists: true } }")
    lines = [
        f"  - {{ duration: 1500ms, clients: {level}{rate}{role}{warm_up} }}"
        for level, rate, role, warm_up in phases
    ]
    text = (
        f"drain: {drain}\nmessages:\n"
        f"  a: {message.replace('EXPECT', '')}\n  b: {judged}\n"
        f"  c: {{ text: fact }}\nprofiles:\n"
        f"  one: {{ mix: {{ a: 2, c: 1 }}, think: {think}{steps} }}\n"
        f"  two: {{ mix: {{ a: 1, b: 1 }}, think: {think} }}\n  mute:\n"
        "clients: { all: { profiles: { one: 3, two: 1 } } }\nphases:\n" + "\n".join(lines) + "\n"
    )
    plan = scenario(text, "url: ws://127.0.0.1:1/, close_timeout: 1s")
    for worker in range(workers):
        chaos = Chaos(seed + worker)
        transport = Network(chaos.answer, latency=0.05, refuse=chaos.refuse, close_takes=0.01)
        performances: list[Performance] = []

        def act(world: World, performance: Performance, seen: list[Performance] = performances) -> None:
            seen.append(performance)
            if stop_at is not None:
                world.loop.call_later(stop_at, performance.stop)

        store = perform_with(plan, transport, act, worker=worker, workers=workers)

        counts, connects = ledger(store), connections(store)
        assert connects["attempted"] == sum(connects.values()) - connects["attempted"] == transport.attempts
        assert connects["established"] == store.counter("closed") == len(transport.connections)
        assert counts["expected"] == sum(counts.values()) - counts["expected"] - counts["sent"]
        sent = [payload for connection in transport.connections for _, payload in connection.sent]
        assert counts["sent"] == len(sent)
        assert store.counter("bytes.sent") == sum(map(len, sent))
        assert counts["sent"] - counts["expected"] == sent.count(b"fact")
        assert store.counter("messages.received") == chaos.delivered
        taken = counts["answered"] + counts["failed"] + store.counter("replies.late")
        left = store.counter("replies.extra") + store.counter("messages.unmatched")
        assert chaos.delivered - taken - left <= store.counter("expect.passed")
        assert chaos.delivered - taken - left >= 0
        assert store.distribution("round_trip").count == counts["answered"] + counts["timed_out"]
        assert store.distribution("service_time").count == counts["answered"]
        causes = store.by_label("errors", "cause")
        assert causes.get("reply-timeout", 0) == counts["timed_out"]
        assert causes.get("reply-lost", 0) == counts["lost"]
        assert causes.keys().isdisjoint({"not-connected", "internal-error", "missing-variable"})
        assert (store.distribution("generator.send_lag").minimum or 0.0) >= 0.0
        assert all(gauge.minimum >= 0 for _, gauge in store.gauge_series("open"))
        assert [gauge.last for _, gauge in store.gauge_series("open")][-1:] in ([], [0])
        (performance,) = performances
        assert not performance._roster.sessions
        assert not performance._world.ready.in_group(0)
        assert store.end <= (plan.duration if stop_at is None else stop_at) + plan.drain + 6.0


@settings(deadline=None, max_examples=40)
@given(
    levels=st.lists(LEVELS, min_size=1, max_size=3),
    rates=st.lists(RATES.filter(bool), min_size=3, max_size=3),
    seed=st.integers(0, 2**32),
    workers=st.integers(1, 3),
    send_takes=st.sampled_from([0.0, 0.001, 0.03]),
)
def test_whatever_happens_each_scheduled_message_is_sent_or_dropped_by_one_worker(
    levels: list[str], rates: list[str], seed: int, workers: int, send_takes: float
) -> None:
    """Over all workers, sent and dropped of a phase are its schedule, however slow they are."""
    lines = [
        f"  - {{ duration: 1500ms, clients: {level}{rate} }}"
        for level, rate in zip(levels, rates, strict=False)
    ]
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases:\n" + "\n".join(lines) + "\n")
    found = dict.fromkeys([phase.name for phase in plan.phases], 0)
    for worker in range(workers):
        chaos = Chaos(seed + worker)
        transport = Network(chaos.answer, latency=0.05, refuse=chaos.refuse, send_takes=send_takes)
        store = perform(plan, transport, worker=worker, workers=workers)
        for phase in found:
            found[phase] += store.counter("messages.sent", phase=phase)
            found[phase] += store.counter("messages.dropped", phase=phase)

    assert found == {
        phase.name: sum(
            1
            for _ in offsets(
                phase.rate[0],
                None,
                phase.duration,
                poisson=phase.poisson,
                seed=f"{plan.seed}/{phase.index}/0",
            )
        )
        for phase in plan.phases
    }
