"""The readers read as a transport would: all of it, in order, to its end, and no longer than asked."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.scripted import PATIENCE

from wsrun.compiled import build
from wsrun.transports.readers import Reader, readers

pytestmark = pytest.mark.skipif(
    not build().is_compiled, reason="readers are compiled, and this package is not"
)

LOOPS: dict[str, Callable[[Any], Any]] = {"uvloop": uvloop.run, "asyncio": asyncio.run}
ROOM = 4096


class Memory(asyncio.BufferedProtocol):
    """Keeps what comes; ``then`` is called after each reading."""

    def __init__(self, then: Callable[[Memory], object] = lambda _: None) -> None:
        self.heard = bytearray()
        self.end: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray(ROOM)
        self._then = then
        self._more = asyncio.Event()

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self._buffer)

    def buffer_updated(self, number: int) -> None:
        self.heard += self._buffer[:number]
        self._more.set()
        self._then(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end.set_result(exc)

    async def hears(self, size: int) -> None:
        """Wait until so many bytes have come."""
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < size:
                self._more.clear()
                await self._more.wait()


class Pair:
    """A connection: ``peer`` is the socket of the other end, and a reader reads what it writes."""

    peer: socket.socket
    transport: Any
    memory: Memory
    reader: Reader

    @property
    def number(self) -> int:
        """The descriptor at the near end."""
        number: int = self.transport.get_extra_info("socket").fileno()
        return number

    async def write(self, data: bytes) -> None:
        """Write as the peer."""
        await asyncio.get_running_loop().sock_sendall(self.peer, data)

    async def is_read(self, data: bytes) -> None:
        """Write as the peer, and wait until it is heard."""
        size = len(self.memory.heard) + len(data)
        await self.write(data)
        await self.memory.hears(size)

    async def end(self) -> Exception | None:
        """Wait for the end of the connection, as its protocol is told of it."""
        async with asyncio.timeout(PATIENCE):
            exc = await asyncio.shield(self.memory.end)
        self.reader.stop()
        return exc


class Loop:
    """The running loop; ``watched`` are the descriptors that it watches, ``calls`` how often it called."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.watched: set[int] = set()
        self.calls = 0

    def add_reader(self, number: int, call: Callable[[], None]) -> None:
        def counted() -> None:
            self.calls += 1
            call()

        self.watched.add(number)
        self._loop.add_reader(number, counted)

    def remove_reader(self, number: int) -> None:
        self.watched.remove(number)
        self._loop.remove_reader(number)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._loop.call_exception_handler(context)


class Bench:
    """Readers, and the connections that they read."""

    def __init__(self) -> None:
        self._loop = Loop()
        made = readers(self._loop)  # type: ignore[arg-type]
        assert made is not None
        self._readers = made
        self._server = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[Pair] = []

    async def pair(self, then: Callable[[Memory], object] = lambda _: None) -> Pair:
        """Make a connection; ``then``: see ``Memory``."""
        pair, loop = Pair(), asyncio.get_running_loop()
        self._pairs.append(pair)
        near = socket.create_connection(self._server.getsockname())
        pair.peer, _ = self._server.accept()
        pair.peer.setblocking(False)
        near.setblocking(False)
        pair.transport, pair.memory = await loop.create_connection(lambda: Memory(then), sock=near)
        reader = self._readers.reader(pair.transport)
        assert reader is not None
        pair.reader = reader
        return pair

    @property
    def calls(self) -> int:
        """How often the loop has called the readers."""
        return self._loop.calls

    async def clear(self) -> None:
        """End all that is left; then nothing is watched any more."""
        self._server.close()
        for pair in self._pairs:
            pair.reader.stop()
            pair.transport.abort()
            pair.peer.close()
        for pair in self._pairs:
            await pair.end()
        assert not self._loop.watched


def on_each_loop(play: Callable[[Bench], Awaitable[None]]) -> Callable[[str], None]:
    """Make a test of a coroutine."""

    async def played() -> None:
        bench = Bench()
        try:
            await play(bench)
        finally:
            await bench.clear()

    @pytest.mark.parametrize("loop", LOOPS)
    def test(loop: str) -> None:
        LOOPS[loop](played())

    test.__doc__ = play.__doc__
    return test


@on_each_loop
async def test_each_connection_gets_its_own(bench: Bench) -> None:
    """Pieces of any size, over many connections at once, come to each in order."""
    chance = random.Random(7)
    pairs = [await bench.pair() for _ in range(300)]
    sent = dict.fromkeys(pairs, b"")
    for _ in range(2000):
        pair = chance.choice(pairs)
        piece = chance.randbytes(chance.choice((1, 100, ROOM, 3 * ROOM)))
        sent[pair] += piece
        await pair.write(piece)
    for pair in pairs:
        await pair.memory.hears(len(sent[pair]))
        assert pair.memory.heard == sent[pair]
        pair.peer.close()
        assert await pair.end() is None


@on_each_loop
async def test_more_than_a_turn_is_read(bench: Bench) -> None:
    """What lies in a socket is read to its last byte, however many buffers that fills."""
    pair = await bench.pair()
    data = random.Random(1).randbytes(64 * ROOM)
    pair.reader.pause()
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(data))
    await pair.write(data)
    pair.reader.resume()
    await pair.memory.hears(len(data))
    assert pair.memory.heard == data


@on_each_loop
async def test_nothing_is_read_in_a_pause(bench: Bench) -> None:
    """Nothing is read in a pause, not even the end; then all of it."""
    pair = await bench.pair()
    await pair.is_read(b"one")
    pair.reader.pause()
    await pair.write(b"two")
    pair.peer.close()
    await asyncio.sleep(0.05)
    assert pair.memory.heard == b"one" and not pair.memory.end.done()
    pair.reader.resume()
    assert await pair.end() is None
    assert pair.memory.heard == b"onetwo"


@on_each_loop
async def test_a_reset_in_a_pause_lets_the_loop_sleep(bench: Bench) -> None:
    """A slow client that the server throws out is told once, and ends when it reads on."""
    pair = await bench.pair()
    pair.reader.pause()
    before = bench.calls
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.peer.close()
    await asyncio.sleep(0.05)
    assert bench.calls <= before + 2
    assert not pair.memory.end.done()
    pair.reader.resume()
    await pair.end()


async def _held(bench: Bench, hold: Callable[[Reader], None]) -> None:
    """Hold a reader while it reads; nothing more is read until it resumes."""

    def held(memory: Memory) -> None:
        if len(memory.heard) == ROOM:
            hold(pair.reader)

    pair = await bench.pair(held)
    await pair.write(bytes(3 * ROOM))
    await pair.memory.hears(ROOM)
    await asyncio.sleep(0.05)
    assert len(pair.memory.heard) == ROOM
    pair.reader.resume()
    await pair.memory.hears(3 * ROOM)


@on_each_loop
async def test_a_pause_may_begin_while_reading(bench: Bench) -> None:
    """It holds from the next buffer on."""
    await _held(bench, lambda reader: reader.pause())


@on_each_loop
async def test_a_pause_may_begin_while_others_are_read(bench: Bench) -> None:
    """It holds for what the kernel has told already."""
    pairs: list[Pair] = []

    def pause_the_other(memory: Memory) -> None:
        for pair in pairs:
            if pair.memory is not memory:
                pair.reader.pause()

    pairs += [await bench.pair(pause_the_other) for _ in range(2)]
    for pair in pairs:
        pair.peer.send(b"x")
    await asyncio.sleep(0.05)
    assert sorted(len(pair.memory.heard) for pair in pairs) == [0, 1]
    for pair in pairs:
        pair.reader.resume()
        await pair.memory.hears(1)


@on_each_loop
async def test_last_words_are_heard(bench: Bench) -> None:
    """What stands before the end of a connection is read before the end is told."""
    pair = await bench.pair()
    await pair.write(bytes(5 * ROOM))
    pair.peer.close()
    assert await pair.end() is None
    assert len(pair.memory.heard) == 5 * ROOM


@on_each_loop
async def test_a_reset_ends_it(bench: Bench) -> None:
    """A reset ends a connection too."""
    pair = await bench.pair()
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.peer.close()
    await pair.end()
    assert not pair.memory.heard


@on_each_loop
async def test_ending_others_while_reading(bench: Bench) -> None:
    """Who ends another connection while both have something to read harms no third one."""
    pairs: list[Pair] = []
    readings: list[Memory] = []

    def end_the_others(memory: Memory) -> None:
        readings.append(memory)
        for pair in pairs[1:]:
            if pair.memory is not memory:
                pair.reader.stop()
                pair.transport.abort()

    pairs += [await bench.pair(end_the_others) for _ in range(3)]
    for pair in pairs:
        pair.peer.send(b"x")
    await pairs[0].memory.hears(1)
    await asyncio.sleep(0.05)
    assert readings[0] is pairs[0].memory and len(readings) == 1
    late = await bench.pair()  # with the descriptor of one that is gone
    await late.is_read(b"new")


@on_each_loop
async def test_a_descriptor_that_is_used_again(bench: Bench) -> None:
    """A connection that ends after its descriptor has become another's does not take it along."""
    first = await bench.pair()
    number = first.number
    first.transport.abort()
    await first.memory.end
    second = await bench.pair()
    assert second.number == number
    first.reader.pause()
    first.reader.stop()
    await second.is_read(b"still read")


@on_each_loop
async def test_a_failing_protocol_is_alone(bench: Bench) -> None:
    """A protocol that fails loses its connection, and no other."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail(_: Memory) -> None:
        raise ZeroDivisionError

    bad, good = await bench.pair(fail), await bench.pair()
    bad.peer.send(b"x")
    good.peer.send(b"x")
    await good.memory.hears(1)
    await bad.end()
    assert [type(context["exception"]) for context in told] == [ZeroDivisionError]


@on_each_loop
async def test_reading_is_given_back(bench: Bench) -> None:
    """Where a reader stops, the transport reads on."""
    pair = await bench.pair()
    await pair.is_read(b"one")
    pair.reader.stop()
    await pair.write(b"two")
    await asyncio.sleep(0.02)
    assert pair.memory.heard == b"one"
    pair.reader.resume()
    await pair.memory.hears(6)
    pair.reader.pause()
    await pair.write(b"three")
    await asyncio.sleep(0.02)
    assert pair.memory.heard == b"onetwo"


@on_each_loop
async def test_reading_may_stop_while_reading(bench: Bench) -> None:
    """What has not been read is the transport's."""
    await _held(bench, lambda reader: reader.stop())


@on_each_loop
async def test_nothing_is_left(bench: Bench) -> None:
    """When all are gone the loop has nothing to look after, and readers can begin again."""
    gc.collect()  # What tests before this one have left is not to be freed in the middle of it.
    open_then = []
    for _ in range(3):
        pairs = [await bench.pair() for _ in range(5)]
        for pair in pairs:
            pair.peer.close()
        for pair in pairs:
            await pair.end()
        open_then.append(_open_now())
    assert len(set(open_then)) == 1


@on_each_loop
async def test_what_is_gone_can_be_paused(bench: Bench) -> None:
    """Between the end of a transport and the word of it, a client may still pause and resume."""
    pair = await bench.pair()
    pair.transport.abort()
    pair.reader.pause()
    pair.reader.resume()
    await pair.end()


def _open_now() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
