"""The load engine when it is behind its schedule, or has very many clients."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from echoing import PING, echo, ledger, perform, plan_of, sent_times
from rigged import QUIET, Network, Wire, perform_with, spend
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine.agenda import Agenda
from wsrun.engine.backlog import MOST_UNSENT
from wsrun.engine.performance import Performance
from wsrun.engine.ready import Ready
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.transports import Endpoint, Sink

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

    looked: list[Session] = []
    in_group = Ready.in_group

    class Watched(list[Session]):
        def __getitem__(self, place: Any) -> Any:
            looked.append(super().__getitem__(place))
            return looked[-1]

    monkeypatch.setattr(Ready, "in_group", lambda ready, group: Watched(in_group(ready, group)))
    store = perform(plan, OneOpen(echo()))

    assert store.counter("messages.sent") + store.counter("messages.dropped") == 100
    assert store.counter("messages.sent") >= 99
    assert 99 <= len(looked) <= 110


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
