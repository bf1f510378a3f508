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
    CLOSE,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    WAYS,
    Memory,
    Peer,
    close_frame,
    frame,
    scripted,
    switching,
)
from websockets.asyncio.server import ServerConnection, serve

from wsrun.transports import Closing, ConnectFailure, Connection, Endpoint, transports

Scenario = Callable[..., Any]


def on_every_way(test: Scenario) -> Scenario:
    """Run a coroutine ``test(transport)`` for each transport on each of its loops."""

    @pytest.mark.parametrize("way", WAYS)
    def run_it(way: str) -> None:
        transport, run = WAYS[way]
        run(test(transport))

    run_it.__doc__ = test.__doc__
    return run_it


async def opened(
    transport: str, url: str, memory: Memory | None = None, **options: Any
) -> tuple[Connection, Memory]:
    """Open a connection whose sink is a memory."""
    memory = memory or Memory()
    return await transports()[transport]().open(Endpoint(url, **options), memory), memory


async def upgrade_and_listen(peer: Peer) -> None:
    await peer.upgrade()
    await peer.listen()


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


# The end


@on_every_way
async def test_our_close_is_answered(transport: str) -> None:
    """The code goes out as it is given, messages still come in, and the peer's close ends it."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        _, payload = await peer.read_frame()
        await peer.write(frame(TEXT, b"last words") + frame(CLOSE, payload))

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        connection.close(4321)
        assert not connection.is_open
        connection.close(4322)
        connection.send_text(b"too late")
        assert await memory.end() == Closing(4321, "", "client")
        assert memory.messages == ["last words"]
        assert server.peers[0].heard == [(CLOSE, (4321).to_bytes(2, "big"))]


@on_every_way
async def test_nothing_is_sent_after_the_servers_close(transport: str) -> None:
    """A close frame without a code is answered without one, and it is the last frame."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=close_frame())
        await peer.listen(leave=False)

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url, close_timeout=0.2)
        await asyncio.sleep(0.05)
        assert not connection.is_open
        connection.send_text(b"too late")
        connection.send_binary(b"too late")
        connection.close()
        assert await memory.end() == Closing(1005, "", "server")
        assert server.peers[0].heard == [(CLOSE, b"")]


@on_every_way
async def test_a_close_without_an_answer_ends_by_its_timeout(transport: str) -> None:
    """A peer that does not answer our close costs ``close_timeout`` and is named as the reason."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.listen(leave=False)

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url, close_timeout=0.1)
        connection.close()
        assert await memory.end() == Closing(1006, "", "client", "close-timeout")


@on_every_way
async def test_a_close_behind_a_full_pipe_ends_by_its_timeout(transport: str) -> None:
    """A peer that reads nothing cannot keep a connection either, whatever still waits to be sent."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(PATIENCE)

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url, close_timeout=0.1)
        for _ in range(100):
            connection.send_binary(bytes(100_000))
        assert connection.write_backlog > 1_000_000
        connection.close()
        assert await memory.end() == Closing(1006, "", "client", "close-timeout")
        assert connection.write_backlog == 0


@on_every_way
async def test_a_server_that_keeps_tcp_open_is_left(transport: str) -> None:
    """After both close frames the server ends TCP; if it does not, we do, and the close was in good order."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=close_frame(1001, b"bye"))
        await peer.listen(leave=False)

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url, close_timeout=0.1)
        assert await memory.end() == Closing(1001, "bye", "server")


@on_every_way
async def test_a_broken_rule_does_not_wait_for_the_server(transport: str) -> None:
    """After a protocol error TCP ends shortly, though the server holds on and the close timeout is long."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=frame(0x3))
        await peer.listen(leave=False)

    async with scripted(script) as server:
        _, memory = await opened(transport, server.url, close_timeout=60.0)
        closing = await memory.end()
        assert (closing.code, closing.side, closing.cause) == (1006, "client", "protocol-error")


@on_every_way
async def test_an_end_after_our_close_is_ours(transport: str) -> None:
    """A server that answers our close by ending TCP alone: we began it, and no close frame came."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.read_frame()

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        connection.close()
        assert await memory.end() == Closing(1006, "", "client", "eof")


@on_every_way
async def test_a_reset_is_the_networks(transport: str) -> None:
    """A reset is told apart from an orderly end."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.read_frame()
        peer.reset()

    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url)
        connection.send_text(b"go")
        assert await memory.end() == Closing(1006, "", "network", "reset")


@on_every_way
async def test_abort_resets_at_once(transport: str) -> None:
    """``abort`` ends the connection without a close frame; the server sees a reset, the sink hears once."""
    async with scripted(upgrade_and_listen) as server:
        connection, memory = await opened(transport, server.url)
        connection.abort()
        connection.abort()
        connection.close()
        assert not connection.is_open
        assert await memory.end() == Closing(1006, "", "client", "aborted")
        connection.abort()
        async with asyncio.timeout(PATIENCE):
            await server.peers[0].gone.wait()
        assert server.peers[0].heard == []


@on_every_way
async def test_a_sink_may_end_the_connection_while_it_hears(transport: str) -> None:
    """Nothing is delivered after ``abort``, not even what came in the same packet."""

    class Impatient(Memory):
        connection: Connection

        def received(self, payload: str | bytes, at: float) -> None:
            super().received(payload, at)
            self.connection.abort()

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.read_frame()
        await peer.write(frame(TEXT, b"x") * 10)
        await peer.listen()

    async with scripted(script) as server:
        memory = Impatient()
        memory.connection, _ = await opened(transport, server.url, memory)
        memory.connection.send_text(b"go")
        assert (await memory.end()).cause == "aborted"
        assert memory.messages == ["x"]


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
