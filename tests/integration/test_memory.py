"""What real runs leave in memory: nothing that waits for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authority import Authority
from tests.scripted import WAYS, Peer, opening, scripted

from wsrun.compiler import compile_plan
from wsrun.demo.process import DemoServer
from wsrun.engine.line import Line
from wsrun.engine.performance import Performance
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import ConnectFailure, Endpoint, transports

TEXT = """
wsrun: 1
target: {{ url: "ws://127.0.0.1:{port}/echo" }}
messages: {{ ask: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }} }}
profiles:
  passing:
    mix: {{ ask: 1 }}
    think: 50ms
    lifecycle: {{ kind: intermittent, online: 200ms, offline: 50ms }}
phases: [ {{ duration: 3s, clients: 10 }} ]
"""


@contextmanager
def without_collector() -> Iterator[None]:
    """Let only the counting of references free anything."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_connections_that_are_over_are_freed_at_once() -> None:
    """Clients that come and go for hours would fill memory between two collections, and each stops all."""
    told: list[Snapshot] = []

    async def perform(plan: Plan) -> list[int]:
        loop = asyncio.get_running_loop()
        world = World(plan, transports()["fast"](), loop)
        world.begin(time.monotonic() + 0.05)
        before = [living(kind) for kind in (Line, Session)]
        await Performance(world, told.append).run()
        return [living(kind) - number for kind, number in zip((Line, Session), before, strict=True)]

    with DemoServer() as server, without_collector():
        plan = compile_plan(parse(TEXT.format(port=server.port), "memory.yaml", environ={}), seed=1)
        alive = asyncio.run(perform(plan))

    connections = sum(
        number
        for snapshot in told
        for (name, _), number in snapshot.counters.items()
        if name == "connect.established"
    )
    assert connections >= 30
    # The last of each client is still known to the run, which is over but there.
    assert max(alive) <= 10


def living(kind: type[Any]) -> int:
    """Return how many objects of a class are in memory."""
    return sum(issubclass(type(found), kind) for found in gc.get_objects())


@pytest.mark.parametrize("way", WAYS)
def test_failed_handshakes_are_freed_at_once(way: str, authority: Authority) -> None:
    """A target that hangs up on TLS, under load, does not fill memory between two collections."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.reader.readexactly(100)
        await asyncio.sleep(0.005)
        await peer.reader.read(10_000)

    async def play() -> int:
        async with scripted(script) as server:
            endpoint = Endpoint(server.url.replace("ws:", "wss:"), ssl=authority.client())
            before = living(ConnectFailure)
            for _ in range(10):
                assert await opening(transport, endpoint) is not None
            return living(ConnectFailure) - before

    with without_collector():
        # The last ones are still known to who waited for them.
        assert run(play()) <= 2
