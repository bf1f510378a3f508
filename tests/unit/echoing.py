"""Runs of one of several workers in virtual time, against a server that echoes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.source import parse

PING = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s } }'


def plan_of(text: str) -> Plan:
    """Compile a scenario; the checks of the scenario are tested elsewhere."""
    document = parse("wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n" + text, "test.yaml", environ={})
    return compile_plan(document, seed=1)


def echo(after: float = 0.0) -> Callable[[FakeConnection, bytes], None]:
    """A server that sends every message back."""
    return lambda connection, payload: connection.reply(payload.decode(), after)


def perform(
    plan: Plan, transport: FakeTransport, *, worker: int = 0, workers: int = 1, stop_at: float | None = None
) -> Store:
    """Run one worker's share in virtual time and add its snapshots up."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, worker=worker, workers=workers, surroundings=around)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        if stop_at is not None:
            loop.call_later(stop_at, performance.stop)
        await performance.run()

    run_virtual(main())
    return stored(snapshots)


def sent_times(transport: FakeTransport) -> list[float]:
    """Return when each message was sent, over all connections."""
    return sorted(at for connection in transport.connections for at, _ in connection.sent)


def ledger(store: Store) -> dict[str, int]:
    """Return the counters that must add up."""
    names = (
        "messages.sent",
        "replies.expected",
        "replies.answered",
        "replies.failed",
        "replies.timed_out",
        "replies.lost",
        "replies.pending",
    )
    return {name.split(".")[1]: store.counter(name) for name in names}
