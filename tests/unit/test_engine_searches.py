"""Searches in a worker: it holds the levels that it is told, and goes on when they are over. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from performing import plan_of
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine.control import EndSearch, HoldLevel
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.plan import Held, Plan
from wsrun.transports import ConnectFailure

Told = tuple[float, HoldLevel | EndSearch]
"""When a worker is told what."""

HEAD = 'messages: { ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } } }\n'
HOLD = "hold: 10s, settle: 2s, such_that: [ errors == 0 ]"
CLIENTS = HEAD + (
    "phases:\n"
    f"  - {{ name: limit, search: {{ clients: {{ from: 2, to: 8, step: 2 }}, {HOLD} }} }}\n"
    "  - { name: after, duration: 5s, clients: 1 }\n"
)
RATE = HEAD + (
    "phases:\n"
    f"  - {{ name: limit, clients: 2, search: {{ rate: {{ from: 1/s, to: 9/s, step: 1/s }}, {HOLD} }} }}\n"
)


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer after a tenth of a second."""
    connection.reply(payload, after=0.1)


def follow(
    plan: Plan, transport: FakeTransport, told: list[Told], *, worker: int = 0, workers: int = 1
) -> list[Snapshot]:
    """Run a worker that is told what to do, and return its snapshots."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, worker=worker, workers=workers, surroundings=around)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        for at, message in told:
            act: Callable[..., None]
            act = performance.hold if isinstance(message, HoldLevel) else performance.end_search
            loop.call_at(at, act, message)
        await asyncio.wait_for(performance.run(), 300)

    run_virtual(main())
    return snapshots


def count(store: Store, name: str, level: int | None = None) -> int:
    """Return a counter of the search, less what settled; of one level where it is named."""
    labels = {} if level is None else {"level": str(level)}
    return store.counter(name, judged=True, phase="limit", **labels)


UP = [
    (10.4, HoldLevel(0, Held(2, 4, 10.5))),
    (20.9, HoldLevel(0, Held(3, 6, 21.0))),
    (31.4, EndSearch(0, 31.5)),
]


def test_levels_are_held_as_they_are_told() -> None:
    """The first is that of the plan; each has the connections that it took, and the phase after follows."""
    transport = FakeTransport(echo)
    store = stored(follow(plan_of(CLIENTS), transport, UP))

    assert [count(store, "connect.attempted", level) for level in (1, 2, 3)] == [2, 2, 2]
    # A message each 1.1 s of each client, less the two seconds that a level settles.
    assert [round(count(store, "messages.sent", level) * 1.1 / 8) for level in (1, 2, 3)] == [2, 4, 6]
    assert store.counter("messages.sent", phase="after") in (4, 5, 6)
    assert store.counter("closed", phase="after") == 5
    assert store.counter("messages.sent", judged=True) == store.counter("messages.sent", phase="after")
    assert 36.5 <= store.end < 38


def test_requests_are_counted_in_the_level_of_their_time() -> None:
    """What is sent between two levels, and while one settles, is nobody's."""
    store = stored(follow(plan_of(CLIENTS), FakeTransport(echo), UP))

    everything = store.counter("messages.sent", phase="limit")
    settled = store.counter("messages.sent", phase="limit", part="warm-up")
    assert sum(count(store, "messages.sent", level) for level in (1, 2, 3)) == everything - settled
    assert count(store, "replies.expected") == count(store, "replies.answered")


def test_who_was_refused_comes_when_those_that_are_not_wanted_have_gone() -> None:
    """At once, the places of a server that holds only so many would still be taken by those who leave."""
    at: list[float] = []

    def refuse(number: int) -> ConnectFailure | None:
        at.append(asyncio.get_running_loop().time())
        return ConnectFailure("refused", "refused-503", "no", status=503) if number == 2 else None

    told = [
        (10.4, HoldLevel(0, Held(2, 4, 10.5))),  # the third client is refused
        (20.9, HoldLevel(0, Held(3, 3, 21.0))),  # it is wanted, and the fourth is not
        (31.4, EndSearch(0, 31.5)),
    ]

    follow(plan_of(CLIENTS), FakeTransport(echo, refuse=refuse), told)

    assert 22.0 <= at[4] < 22.1  # in the middle of the two seconds in which the level settles


def test_clients_that_were_refused_try_again_at_the_next_level() -> None:
    """Else a level that nobody new comes to would look as if it were held."""
    refused = ConnectFailure("refused", "refused-503", "no", status=503)
    transport = FakeTransport(echo, refuse=lambda number: refused if 2 <= number < 6 else None)
    told = [
        (10.4, HoldLevel(0, Held(2, 4, 10.5))),  # the third and fourth client are refused
        (20.9, HoldLevel(0, Held(3, 4, 21.0))),  # they try again, and are refused again
        (31.4, HoldLevel(0, Held(4, 3, 31.5))),  # one of them is wanted, and comes in
        (41.9, EndSearch(0, 42.0)),
    ]
    store = stored(follow(plan_of(CLIENTS), transport, told))

    assert [count(store, "connect.attempted", level) for level in (1, 2, 3, 4)] == [2, 2, 2, 1]
    assert [count(store, "connect.established", level) for level in (1, 2, 3, 4)] == [2, 0, 0, 1]


def test_who_comes_again_keeps_number_and_ids() -> None:
    """No id is ever made twice, and the client is the same for the server."""
    dropped: list[bytes] = []

    def answer(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        if not dropped:
            dropped.append(payload)
            connection.drop(after=0.2)

    transport = FakeTransport(answer)
    follow(plan_of(CLIENTS), transport, UP)

    sent = [payload for connection in transport.connections for _, payload in connection.sent]
    assert len(sent) == len(set(sent))
    first = dropped[0][:12]
    assert len([c for c in transport.connections if any(p.startswith(first) for _, p in c.sent)]) == 2


def test_a_schedule_pauses_between_levels() -> None:
    """Each level has a schedule of its own, from its start for as long as it is held."""
    told = [(10.4, HoldLevel(0, Held(2, 2, 10.5))), (20.9, EndSearch(0, 21.0))]
    transport = FakeTransport(echo)
    store = stored(follow(plan_of(RATE), transport, told))

    times = sorted(at for connection in transport.connections for at, _ in connection.sent)
    assert len([at for at in times if at < 10]) == 10
    assert len([at for at in times if 10 <= at < 10.5]) == 0
    assert len([at for at in times if 10.5 <= at < 20.5]) == 20
    assert [count(store, "messages.sent", level) for level in (1, 2)] == [8, 16]


def test_every_worker_has_its_share_of_each_level() -> None:
    """Together two workers hold what one does."""
    parts = [
        stored(follow(plan_of(CLIENTS), FakeTransport(echo), UP, worker=worker, workers=2))
        for worker in (0, 1)
    ]

    assert [[count(part, "connect.attempted", level) for level in (1, 2, 3)] for part in parts] == [
        [1, 1, 1],
        [1, 1, 1],
    ]


def test_a_worker_that_is_told_nothing_stays_at_its_level() -> None:
    """Until it is stopped; what comes after the search never begins by itself."""
    plan, snapshots = plan_of(CLIENTS), []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, FakeTransport(echo), loop, surroundings=around)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        loop.call_at(60.0, performance.stop)
        loop.call_at(70.0, performance.hold, HoldLevel(0, Held(2, 4, 70.0)))
        await asyncio.wait_for(performance.run(), 300)

    run_virtual(main())
    store = stored(snapshots)
    assert store.counter("connect.attempted") == 2
    assert store.counter("messages.sent", phase="after") == 0
    assert store.end < 70
