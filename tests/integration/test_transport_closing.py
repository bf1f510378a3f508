"""How connections end on both transports: by whom, with which code, for which cause, and told once."""

from __future__ import annotations

import asyncio
import gc

import pytest
from tests.scripted import (
    CLOSE,
    PATIENCE,
    TEXT,
    WAYS,
    Memory,
    Peer,
    close_frame,
    frame,
    on_every_way,
    opened,
    scripted,
    upgrade_and_listen,
)

from wsrun.transports import Closing, Connection


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
        await peer.read_frame()
        answered.set()
        await peer.listen(leave=False)

    answered = asyncio.Event()
    async with scripted(script) as server:
        connection, memory = await opened(transport, server.url, close_timeout=0.2)
        await answered.wait()
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


@pytest.mark.parametrize("way", WAYS)
def test_a_sink_that_fails_ends_the_connection_and_is_heard(way: str) -> None:
    """A defect in the session is not swallowed: the loop is told the error, and the end is told once."""
    transport, run = WAYS[way]

    class Defective(Memory):
        def received(self, payload: str | bytes, at: float) -> None:
            raise KeyError("defect")

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.read_frame()
        await peer.write(frame(TEXT, b"x") * 2)
        await peer.listen()

    async def play() -> None:
        memory = Defective()
        async with scripted(script) as server:
            connection, _ = await opened(transport, server.url, memory)
            connection.send_text(b"go")
            assert (await memory.end()).cause == "internal-error"
            del connection
            await asyncio.sleep(0.05)
            gc.collect()

    with pytest.raises(KeyError, match="defect"):
        run(play())
