"""A host with two addresses, of which the first has no server: every client gets to the second."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from running import PING, plan_of
from tests.scripted import Peer, scripted

from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.metrics.snapshot import Snapshot
from wsrun.transports import transports

TEXT = f"""
messages: {{ ping: {PING} }}
profiles: {{ listener: {{}} }}
phases: [ {{ duration: 300ms, clients: 5, connect_rate: 50/s }} ]
"""


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_run_goes_to_the_address_that_answered_first(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first connections look the name up: with ::1 before 127.0.0.1 none but they would be made."""
    known = socket.getaddrinfo
    looked_up: list[str] = []

    def both(host: str, *more: Any) -> list[Any]:
        looked_up.append(host)
        return [*known("127.0.0.2", *more), *known("127.0.0.1", *more)]

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.listen()

    snapshots: list[Snapshot] = []

    async def play() -> None:
        async with scripted(script) as server:
            monkeypatch.setattr(socket, "getaddrinfo", both)
            plan = plan_of(TEXT, f"ws://twice.test:{server.port}/")
            world = World(plan, transports()[transport](), asyncio.get_running_loop())
            world.begin(world.clock())
            await Performance(world, snapshots.append).run()

    asyncio.run(play())

    def count(name: str) -> int:
        return sum(
            number
            for snapshot in snapshots
            for (counter, _), number in snapshot.counters.items()
            if counter == name
        )

    assert (count("connect.established"), count("connect.failed")) == (5, 0)
    assert looked_up == ["twice.test"]
