"""The contract that both transports keep with the session, on good servers and on scripted ones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import picows
import pytest
from tests.scripted import (
    PATIENCE,
    PING,
    PONG,
    TEXT,
    WAYS,
    Peer,
    close_frame,
    frame,
    on_every_way,
    opened,
    scripted,
    switching,
)
from websockets.asyncio.server import ServerConnection, serve

from wsrun.transports import Closing, ConnectFailure

# Libraries as servers


class Echo(picows.WSListener):
    """picows' answer to every message is the message."""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_bytes())


@contextlib.asynccontextmanager
async def picows_echo() -> AsyncIterator[str]:
    server = await picows.ws_create_server(lambda _request: Echo(), "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@contextlib.asynccontextmanager
async def websockets_echo(**options: Any) -> AsyncIterator[str]:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"


@pytest.mark.parametrize("server", [picows_echo, websockets_echo])
@pytest.mark.parametrize("way", WAYS)
def test_messages_come_back_whole_and_in_order(way: str, server: Callable[[], Any]) -> None:
    """Text and binary of every size that lengths are written for, echoed by servers of two libraries."""
    transport, run = WAYS[way]
    texts = ["", "x", "é€😀", "y" * 125, "y" * 126, "y" * 65_535, "y" * 65_536, "z" * 400_000]
    sent: list[str | bytes] = [*texts, *(text.encode() for text in texts), *(str(n) for n in range(500))]

    async def play() -> None:
        async with server() as url:
            connection, memory = await opened(transport, url)
            assert connection.is_open
            for message in sent:
                if isinstance(message, str):
                    connection.send_text(message.encode())
                else:
                    connection.send_binary(message)
            await memory.until(lambda: len(memory.messages) == len(sent))
            assert memory.messages == sent
            assert memory.times == sorted(memory.times)
            assert connection.bytes_received == sum(
                len(message.encode() if isinstance(message, str) else message) for message in sent
            )
            connection.close()
            assert not connection.is_open
            assert await memory.end() == Closing(1000, "", "client")

    run(play())


@on_every_way
async def test_compression_is_negotiated_or_refused(transport: str) -> None:
    """The reference transport compresses when asked to; the fast one says that it does not."""
    async with websockets_echo(compression="deflate") as url:
        plain, memory = await opened(transport, url)
        plain.close()
        await memory.end()
        if transport == "fast":
            with pytest.raises(ConnectFailure, match="does not compress"):
                await opened(transport, url, compression=True)
            return
        connection, memory = await opened(transport, url, compression=True)
        connection.send_text(b"again and " * 1000)
        await memory.until(lambda: memory.messages)
        assert memory.messages == ["again and " * 1000]
        connection.close()
        await memory.end()


# The beginning


@on_every_way
async def test_frames_in_the_handshakes_packet_come_after_open_and_in_order(transport: str) -> None:
    """Nothing reaches the sink before ``open`` has returned, and nothing of it is lost or turned around."""
    early = [str(number) for number in range(50)]

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=b"".join(frame(TEXT, text.encode()) for text in early))
        await peer.read_frame()
        await peer.write(frame(TEXT, b"late") + close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        assert memory.messages == []
        await memory.until(lambda: len(memory.messages) == 50)
        connection.send_text(b"go on")
        await memory.end()
        assert memory.messages == [*early, "late"]


@on_every_way
async def test_a_connection_may_end_in_the_handshakes_packet(transport: str) -> None:
    """It counts as established, its messages are delivered, and its end is told after ``open``."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=frame(TEXT, b"bye") + close_frame(4000, b"full"))

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url)
        assert memory.closing is None
        assert await memory.end() == Closing(4000, "full", "server")
        assert memory.messages == ["bye"]


# Limits


@on_every_way
async def test_pings_are_answered_with_their_payload(transport: str) -> None:
    """Every ping of a peer that reads has its pong, in order."""
    payloads = [b"", b"x", b"y" * 125]

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=b"".join(frame(PING, payload) for payload in payloads) + close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url)
        await memory.end()
        assert server.peers[0].heard[:3] == [(PONG, payload) for payload in payloads]


@pytest.mark.parametrize("way", ["fast", "fast-on-asyncio"])
def test_a_flood_of_pings_is_not_answered_without_bound(way: str) -> None:
    """A peer that pings and does not read gets no more pongs than a bounded backlog of them."""
    transport, run = WAYS[way]
    flood = frame(PING, b"x" * 125) * 10_000

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(6):
            await peer.write(flood)
        await peer.write(frame(TEXT, b"done"))
        await asyncio.sleep(PATIENCE)

    async def play() -> None:
        async with scripted(script) as server:
            connection, memory = await opened(transport, server.url)
            await memory.until(lambda: memory.messages)
            assert 0 < connection.write_backlog < 100_000
            connection.abort()
            await memory.end()

    run(play())


@on_every_way
async def test_the_backlog_grows_while_nobody_reads_and_shrinks_after(transport: str) -> None:
    """``write_backlog`` is what the system has not taken yet."""
    sent = 100 * 100_000

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await hold.wait()
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(100):
            await peer.read_frame()
        await peer.write(close_frame(1000))
        await peer.listen()

    hold = asyncio.Event()
    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        assert connection.write_backlog == 0
        for _ in range(100):
            connection.send_binary(bytes(100_000))
        assert 0 < connection.write_backlog < sent + 100_000
        hold.set()
        assert await memory.end() == Closing(1000, "", "server")
        assert connection.write_backlog == 0


@on_every_way
async def test_a_flood_of_messages_arrives_whole(transport: str) -> None:
    """100 000 messages as fast as they can be written: none is lost and the end comes after the last."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        for _ in range(100):
            await peer.write(frame(TEXT, b"x") * 1000)
        await peer.write(close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url)
        await memory.end()
        assert len(memory.messages) == 100_000


# Leftovers


@pytest.mark.parametrize("way", ["fast", "fast-on-asyncio"])
@pytest.mark.parametrize("last", [close_frame(1000), frame(0x3), b""], ids=["close", "broken", "end"])
def test_an_ended_connection_is_freed_without_the_collector(way: str, last: bytes) -> None:
    """Clients that come and go leave nothing for the garbage collector, however they go."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=frame(TEXT, b"x") + last)
        if last:
            await peer.listen()

    async def play() -> None:
        async with scripted(script) as server:
            connection, memory = await opened(transport, server.url)
            await memory.end()
            left = weakref.ref(connection)
            del connection
            await asyncio.sleep(0.05)
            assert left() is None

    gc.disable()
    try:
        run(play())
    finally:
        gc.enable()


@on_every_way
async def test_the_answer_may_come_in_pieces(transport: str) -> None:
    """A handshake answer that is cut anywhere is the same answer, and so is the frame behind it."""

    async def script(peer: Peer) -> None:
        answer = switching(await peer.read_request()) + frame(TEXT, b"hello")
        for start in range(0, len(answer), 7):
            await peer.write(answer[start : start + 7])
            await asyncio.sleep(0)
        await peer.write(close_frame(1000))
        await peer.listen()

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url)
        await memory.end()
        assert memory.messages == ["hello"]
