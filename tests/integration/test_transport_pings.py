"""Pings that we send, on both transports, and heartbeats made of them over real sockets."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest
from running import run_scenario, validate_result
from tests.scripted import (
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Peer,
    close_frame,
    frame,
    on_every_way,
    opened,
    scripted,
)

from wsrun.demo.process import DemoServer


@on_every_way
async def test_a_pong_is_told_with_its_payload_and_its_time(transport: str) -> None:
    """In the order on the wire, also those that nobody asked for, and messages between them."""
    told: list[tuple[bytes, float]] = []

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        kind, payload = await peer.read_frame()
        told = frame(PONG, b"unasked") + frame(TEXT, b"hello") + frame(kind + 1, payload)
        await peer.write(told + close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        connection.on_pong = lambda payload, at: told.append((payload, at))
        connection.ping(b"12345678")
        begun = monotonic()
        await memory.end()
        connection.ping(b"too late")

    assert [payload for payload, _ in told] == [b"unasked", b"12345678"]
    assert begun - 1 <= told[1][1] <= monotonic()
    assert memory.messages == ["hello"]
    assert [kind for kind, _ in server.peers[0].heard].count(PING) == 1


@on_every_way
async def test_pongs_that_nobody_wants_are_ignored(transport: str) -> None:
    """Without a listener nothing happens."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=frame(PONG, b"x") + close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url)
        await asyncio.wait_for(memory.end(), PATIENCE)

    assert memory.messages == []


HEARTBEAT = """
profiles: { quiet: }
clients:
  people:
    heartbeat: { every: 200ms, timeout: 150ms, misses: 2 }
    reconnect: { backoff: { from: 50ms } }
    tolerate: { closes: [ 1006 ] }
phases: [ { duration: 3s, clients: 5 } ]
criteria: [ reconnect.failed == 0, errors == 0 ]
"""


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_server_that_goes_deaf_is_left_and_come_back_to(transport: str) -> None:
    """Three pongs, then silence: two misses, a loss, a reconnect, again and again."""
    with DemoServer() as server:
        result = run_scenario(HEARTBEAT, server.url("/faults/no-pong?after=3"), transport=transport)

    validate_result(result)
    beats, losses = result["resilience"]["heartbeats"], result["resilience"]["reconnects"]
    assert losses["done"] >= 5
    assert beats["missed"] >= 2 * losses["done"]
    assert beats["latency"]["count"] >= 3 * losses["done"]
    assert 0 < beats["latency"]["min"] <= 0.15
    assert result["counts"]["adds_up"]["connections"]
    assert result["errors"] == []


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_server_that_answers_misses_nothing(transport: str) -> None:
    """Every ping of a quiet client has its pong."""
    with DemoServer() as server:
        result = run_scenario(HEARTBEAT.replace("150ms", "5s"), server.url("/echo"), transport=transport)

    beats = result["resilience"]["heartbeats"]
    assert beats["missed"] == 0
    assert beats["latency"]["count"] >= 5 * 10
