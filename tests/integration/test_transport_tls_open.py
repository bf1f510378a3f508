"""Open connections over TLS: how they end, and how they are read by a client that pauses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from authority import Authority, MakeServer
from tests.scripted import PATIENCE, TEXT, WAYS, Memory, Peer, close_frame, frame, opened, scripted, switching

from wsrun.transports import Closing

End = Callable[[Peer], Awaitable[None]]


async def close_tls(peer: Peer) -> None:
    """End TLS and then TCP, without waiting for the client to do the same."""
    peer.writer.close()


async def end_tcp(peer: Peer) -> None:
    """End TCP and say nothing of it in TLS; then wait for the client."""
    with socket.socket(fileno=os.dup(peer.writer.get_extra_info("socket").fileno())) as own:
        own.shutdown(socket.SHUT_WR)
    await peer.reader.read()


async def reset(peer: Peer) -> None:
    """Reset TCP."""
    peer.reset()


ENDS = {
    "TLS closed": (close_tls, ("server", "eof")),
    "TCP ended": (end_tcp, ("server", "eof")),
    # Beneath the loops' own TLS nobody can ask the socket any more.
    "reset": (reset, None),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("end", "expected"), ENDS.values(), ids=ENDS)
def test_the_end_of_an_open_connection_is_told(
    way: str, end: End, expected: tuple[str, str] | None, authority: Authority, tls_server: MakeServer
) -> None:
    """Without a close frame: who ended it and how, as without TLS."""

    async def script(peer: Peer) -> None:
        await peer.upgrade(then=frame(TEXT, b"welcome"))
        await peer.read_frame()
        await end(peer)

    closing = play(way, script, authority.client(), tls_server())
    if expected is None:
        expected = ("network", "reset") if way == "reference" else ("server", "eof")
    assert (closing.code, closing.side, closing.cause) == (1006, *expected)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_does_not_wait_for_our_farewell_has_not_reset(
    way: str, authority: Authority, tls_server: MakeServer
) -> None:
    """It closes TLS and TCP at once; what we say in return is answered by a reset: an orderly end."""
    transport, run = WAYS[way]
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)

    def serve() -> None:
        with listener, tls_server().wrap_socket(listener.accept()[0], server_side=True) as peer:
            peer.sendall(switching(peer.recv(10_000)))
            peer.recv(10_000)
            peer.setblocking(False)
            with contextlib.suppress(ssl.SSLWantReadError):
                peer.unwrap()

    async def talk() -> Closing:
        url = f"wss://127.0.0.1:{listener.getsockname()[1]}/"
        connection, memory = await opened(transport, url, ssl=authority.client())
        connection.send_text(b"hello")
        closing: Closing = await memory.end()
        return closing

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    closing = run(talk())
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert (closing.code, closing.side, closing.cause) == (1006, "server", "eof")


def play(way: str, script: Any, client: ssl.SSLContext, server: ssl.SSLContext) -> Closing:
    """Greet a server, and wait until it ends the connection."""
    transport, run = WAYS[way]

    async def talk() -> Closing:
        async with scripted(script, server) as served:
            connection, memory = await opened(transport, served.url, ssl=client)
            connection.send_text(b"hello")
            closing: Closing = await memory.end()
            return closing

    said: Closing = run(talk())
    return said


class Pausing(Memory):
    """Pauses reading at each message, and goes on a little later."""

    connection: Any = None

    def received(self, payload: str | bytes, at: float) -> None:
        super().received(payload, at)
        if self.connection is not None:
            self.connection.pause_reading()
            asyncio.get_running_loop().call_later(0.002, self.connection.resume_reading)


SIZES = [*range(0, 2000, 97), *(1024 for _ in range(40)), 3840, 4096, 8192, 20_000, 70_000, 1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ends", ["waits", "closes", "hangs up"])
def test_who_pauses_misses_nothing(way: str, ends: str, authority: Authority, tls_server: MakeServer) -> None:
    """A burst comes while the client pauses at each message: it reads all, also when nothing follows."""
    transport, run = WAYS[way]
    texts = ["." * size for size in SIZES]

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.read_frame()
        burst = b"".join(frame(TEXT, text.encode()) for text in texts)
        await peer.write(burst + (close_frame(1000) if ends == "closes" else b""))
        if ends == "waits":
            await peer.listen()
            await peer.write(close_frame(1000))

    async def talk() -> None:
        async with scripted(script, tls_server()) as server:
            memory = Pausing()
            connection, _ = await opened(transport, server.url, memory, ssl=authority.client())
            memory.connection = connection
            connection.send_text(b"go on")
            await memory.until(lambda: len(memory.messages) == len(texts))
            if ends == "waits":
                connection.close()
            closing = await memory.end()
            assert memory.messages == texts
            assert closing.code == (1006 if ends == "hangs up" else 1000)

    run(talk())


@pytest.mark.parametrize("way", WAYS)
def test_keys_are_logged_for_who_asks(
    way: str, authority: Authority, tls_server: MakeServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``SSLKEYLOGFILE`` names a file for tools that look into TLS."""
    transport, run = WAYS[way]
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    client = authority.client()

    async def talk() -> None:
        async with scripted(lambda peer: peer.upgrade(), tls_server()) as server:
            _, memory = await opened(transport, server.url, ssl=client)
            await memory.end()

    run(talk())
    assert "CLIENT_" in (tmp_path / "keys").read_text()
