"""Closed loops without pauses: each reply sends the next message."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import perform, plan_of, sentences

from wsrun.engine.session import Session
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import stored

PING = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 300ms } }'


def echo(after: float) -> FakeTransport:
    """Make a server that sends each message back after a while."""
    return FakeTransport(answer=lambda connection, payload: connection.reply(payload.decode(), after))


def test_each_reply_sends_the_next_message_at_once() -> None:
    """A closed loop without pauses makes as many round trips as the latency allows."""
    transport = echo(0.125)

    perform(
        plan_of(
            f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}\n"
            "phases: [ { duration: 1s, clients: 1 } ]\n"
        ),
        transport,
    )

    times = [round(at, 6) for at, _ in transport.connections[0].sent]
    assert [at - times[0] for at in times] == [0.125 * number for number in range(len(times))]
    assert len(times) == 9


def test_a_reply_that_does_not_come_is_followed_by_the_next_message() -> None:
    """A timeout ends a request as a reply does."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if len(connection.sent) != 2:
            connection.reply(payload.decode(), 0.25)

    snapshots = perform(
        plan_of(
            f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}\n"
            "phases: [ { duration: 1s, clients: 1 } ]\n"
        ),
        FakeTransport(answer=answer),
    )

    store = stored(snapshots)
    assert store.counter("messages.sent") == 4
    assert store.counter("replies.answered") == 3
    assert store.counter("replies.timed_out") == 1


def test_a_client_without_replies_times_out_beside_one_that_goes_on() -> None:
    """Each request is looked at when its own deadline comes, however often those of others move on."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if connection is transport.connections[0] or len(connection.sent) < 3:
            connection.reply(payload.decode(), 0.0625)

    transport = FakeTransport(answer=answer)
    snapshots = perform(
        plan_of(
            f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}\n"
            "phases: [ { duration: 1s, clients: 2 } ]\n"
        ),
        transport,
    )

    store = stored(snapshots)
    silent = [at for at, _ in transport.connections[1].sent][2:]
    assert store.counter("replies.timed_out") == len(silent) == 3
    assert all(0.3 <= later - earlier < 0.35 for earlier, later in pairwise(silent))
    assert len(transport.connections[0].sent) >= 16


def test_a_message_that_cannot_be_made_is_not_tried_faster_than_the_clock() -> None:
    """Its client waits 20 ms and tries again."""
    snapshots = perform(
        plan_of(
            'messages: { ping: { json: { id: "{{ id }}", of: "{{ nobody }}" },'
            ' reply: { match: { $.id: "{{ id }}" } } } }\n'
            "profiles: { p: { mix: { ping: 1 }, think: 0s } }\nphases: [ { duration: 1s, clients: 1 } ]\n"
        ),
        echo(0.0),
    )

    assert 45 <= stored(snapshots).counter("errors", cause="missing-variable") <= 51
    assert "nobody" in sentences(snapshots)[0]


def test_a_client_that_is_cancelled_sends_nothing_more() -> None:
    """Its last request is given up, which is no reason for another one."""
    transport = echo(10.0)
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}\n"
        "phases: [ { duration: 1h, clients: 1 } ]\n"
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, surroundings=around)
        world.begin(loop.time())
        task = loop.create_task(Session(world, 0, 0, 0, 0).run())
        await asyncio.sleep(0.1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        world.agenda.close()

    run_virtual(main())

    assert len(transport.connections[0].sent) == 1
