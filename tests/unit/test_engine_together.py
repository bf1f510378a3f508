"""What clients may have, all at once: reconnects, breakers, lifecycles, pools, sockets and phases."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from performing import causes, perform, plan_of
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeHttp, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.sources import Sources, port_count
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import stored
from wsrun.source import parse
from wsrun.transports import ConnectFailure, Endpoint, Sink

ASK = "ask: { json: { id: '{{ id }}', say: ask }, reply: { match: { $.id: '{{ id }}' }, timeout: 100ms } }"
JOIN = "join: { json: { id: '{{ id }}', say: join }, reply: { match: { $.id: '{{ id }}' }, timeout: 3s } }"
BACK = "reconnect: { backoff: { from: 100ms, to: 1s, jitter: 0% } }"


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer everything after 10 ms."""
    connection.reply(payload.decode(), 0.01)


def refused(number: int) -> ConnectFailure:
    """Refuse everybody."""
    return ConnectFailure("refused", "refused-503", "the server is busy", 503)


def written(folder: Path, code: str, text: str) -> Any:
    """Compile a scenario beside its extensions."""
    (folder / f"{folder.name}.py").write_text(code)
    text = text.replace("MODULE", folder.name)
    document = parse(
        f"wsrun: 1\ntarget: {{ url: ws://127.0.0.1:1/ }}\n{text}", str(folder / "a.yaml"), environ={}
    )
    return compile_plan(document, seed=1)


def test_a_pool_without_connections_keeps_no_orders_that_are_over() -> None:
    """A hundred messages a second that get none within 100 ms: at most a few dozen are remembered."""
    text = (
        f"messages: {{ {ASK} }}\nprofiles: {{ p: {{ mix: {{ ask: 1 }} }} }}\n"
        "clients: { all: { pool: { max: 1, acquire_timeout: 100ms } } }\n"
        "phases: [ { duration: 10s, clients: 5, rate: 100/s } ]\n"
    )
    kept = []
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan_of(text), FakeTransport(echo, refuse=refused), loop, surroundings=around)
        world.begin(loop.time())
        world.agenda.call_at(world.start + 9.5, lambda _: kept.append(len(world.pools[0]._waiting)))
        await Performance(world, snapshots.append).run()

    run_virtual(main())
    assert stored(snapshots).counter("pool.timeouts") == 1000
    assert kept[0] < 150
