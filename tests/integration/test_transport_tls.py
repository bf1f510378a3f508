"""Connecting by TLS, with an authority of the tests' own: what works, and what is said where it does not."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from authority import Authority, MakeServer
from tests.scripted import TEXT, WAYS, Memory, Peer, close_frame, frame, opening, scripted

from wsrun.plan import TlsPlan
from wsrun.transports import ConnectFailure, Endpoint, transports
from wsrun.transports.tls import client_context


async def greet(peer: Peer) -> None:
    """Greet in the handshake's own packet, then answer every message with itself until the close."""
    await peer.upgrade(then=frame(TEXT, b"welcome"))
    while True:
        opcode, payload = await peer.read_frame()
        if opcode != TEXT:
            await peer.write(close_frame(1000))
            return
        await peer.write(frame(TEXT, payload))


def tls_failure(way: str, server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str, str]:
    """Connect to a server with TLS; return kind, cause and text of the failure."""
    transport, run = WAYS[way]

    async def play() -> ConnectFailure | None:
        async with scripted(greet, server) as served:
            url = f"wss://127.0.0.1:{served.port}/"
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            return await opening(transport, Endpoint(url, ssl=client, connect_timeout=2.0))

    failure = run(play())
    assert failure is not None
    return failure.kind, failure.cause, failure.text


@pytest.mark.parametrize("way", WAYS)
def test_messages_travel_over_tls(way: str, authority: Authority, tls_server: MakeServer) -> None:
    """A wss connection is made, timed with its TLS part, and carries small and large messages."""
    transport, run = WAYS[way]

    async def play() -> None:
        async with scripted(greet, tls_server()) as server:
            memory = Memory()
            connection = await transports()[transport]().open(
                Endpoint(server.url, ssl=authority.client()), memory
            )
            assert connection.timings.tls is not None
            assert connection.timings.tls > 0
            large = "x" * 300_000
            connection.send_text(b"small")
            connection.send_text(large.encode())
            await memory.until(lambda: len(memory.messages) == 3)
            assert memory.messages == ["welcome", "small", large]
            connection.close()
            closing = await memory.end()
            assert (closing.code, closing.side, closing.cause) == (1000, "client", None)

    run(play())


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_authority_is_not_trusted(way: str, tls_server: MakeServer) -> None:
    """A certificate of an authority that the client does not know: tls-verify, and why."""
    kind, cause, text = tls_failure(way, tls_server(), client_context(TlsPlan()))
    assert (kind, cause) == ("failed", "tls-verify")
    assert "certificate" in text


@pytest.mark.parametrize("way", WAYS)
def test_an_expired_certificate_is_not_trusted(
    way: str, authority: Authority, tls_server: MakeServer
) -> None:
    """A certificate of yesterday: tls-verify, and why."""
    kind, cause, text = tls_failure(way, tls_server(days=-1), authority.client())
    assert (kind, cause) == ("failed", "tls-verify")
    assert "expired" in text


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_for_another_host_is_not_trusted(
    way: str, authority: Authority, tls_server: MakeServer
) -> None:
    """A good certificate for another address: tls-verify, and why."""
    kind, cause, text = tls_failure(way, tls_server(address="127.0.0.8"), authority.client())
    assert (kind, cause) == ("failed", "tls-verify")
    assert "127.0.0.1" in text


@pytest.mark.parametrize("way", WAYS)
def test_the_server_name_may_be_given(way: str, authority: Authority, tls_server: MakeServer) -> None:
    """``server_name`` is the name that the certificate has to have, whatever the URL says."""
    transport, run = WAYS[way]

    async def play() -> ConnectFailure | None:
        async with scripted(greet, tls_server(address="127.0.0.8")) as server:
            endpoint = Endpoint(server.url, ssl=authority.client(), server_name="127.0.0.8")
            return await opening(transport, endpoint)

    assert run(play()) is None


@pytest.mark.parametrize("way", WAYS)
def test_a_port_without_tls_is_named_so(way: str, authority: Authority) -> None:
    """wss:// to a server that speaks plain text: tls-protocol, with a hint."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.reader.read()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            url = server.url.replace("ws:", "wss:")
            return await opening(transport, Endpoint(url, ssl=authority.client(), connect_timeout=2.0))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("failed", "tls-protocol")
    assert "ws://" in failure.text


@pytest.mark.parametrize("way", WAYS)
def test_plain_text_to_a_tls_port_fails(way: str, tls_server: MakeServer) -> None:
    """ws:// to a server that speaks TLS: failed, never a hang."""
    transport, run = WAYS[way]

    async def play() -> ConnectFailure | None:
        async with scripted(greet, tls_server()) as server:
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            url = server.url.replace("wss:", "ws:")
            return await opening(transport, Endpoint(url, connect_timeout=2.0))

    failure = run(play())
    assert failure is not None
    assert failure.kind == "failed"
    assert failure.cause in ("eof", "reset", "not-websocket")


@pytest.mark.parametrize("way", WAYS)
def test_silence_instead_of_tls_times_out(way: str, authority: Authority) -> None:
    """A server that accepts and says nothing costs the connect timeout and not more."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.reader.read()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            url = server.url.replace("ws:", "wss:")
            return await opening(transport, Endpoint(url, ssl=authority.client(), connect_timeout=0.3))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("timed_out", "handshake-timeout")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ends", ["orderly", "reset"])
def test_an_end_in_the_middle_of_tls_is_named(way: str, ends: str, authority: Authority) -> None:
    """A port that hangs up on a TLS handshake does not speak TLS; a reset is told as one."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.reader.readexactly(100)
        if ends == "reset":
            peer.reset()
        else:
            await asyncio.sleep(0.02)
            await peer.reader.read(10_000)

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            url = server.url.replace("ws:", "wss:")
            return await opening(transport, Endpoint(url, ssl=authority.client(), connect_timeout=2.0))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("failed", {"orderly": "tls-protocol", "reset": "reset"}[ends])
    assert ("the server does not speak TLS at this port" in failure.text) == (ends == "orderly")


@pytest.mark.parametrize("way", WAYS)
def test_an_end_after_tls_is_not_blamed_on_tls(
    way: str, authority: Authority, tls_server: MakeServer
) -> None:
    """The server spoke TLS, and hung up on the request."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")

    async def play() -> ConnectFailure | None:
        async with scripted(script, tls_server()) as server:
            endpoint = Endpoint(server.url, ssl=authority.client(), connect_timeout=2.0)
            return await opening(transport, endpoint)

    failure = run(play())
    assert failure is not None
    assert failure.kind == "failed"
    assert failure.cause in ("eof", "reset")
