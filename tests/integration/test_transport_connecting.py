"""Connecting on both transports: what goes wrong around the handshake, what is asked, and what is timed."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tests.scripted import PATIENCE, WAYS, Memory, Peer, opening, scripted, switching

from wsrun.transports import ConnectFailure, Endpoint, transports


def failure_of(way: str, endpoint: Endpoint) -> tuple[str, str, str]:
    """Try to connect where no script is needed; return kind, cause and text of the failure."""
    transport, run = WAYS[way]
    failure = run(opening(transport, endpoint))
    assert failure is not None
    return failure.kind, failure.cause, failure.text


@contextlib.contextmanager
def bound() -> Iterator[socket.socket]:
    """A TCP socket on a port of its own, not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


@pytest.mark.parametrize("way", WAYS)
def test_a_port_without_a_listener_refuses(way: str) -> None:
    """Nobody listens: failed, connection-refused, and the text says where."""
    with bound() as sock:
        port = sock.getsockname()[1]
        kind, cause, text = failure_of(way, Endpoint(f"ws://127.0.0.1:{port}/"))
    assert (kind, cause) == ("failed", "connection-refused")
    assert f"127.0.0.1:{port}" in text


@pytest.mark.parametrize("way", WAYS)
def test_a_listener_that_does_not_accept_times_out_as_a_connect(way: str) -> None:
    """A full backlog drops what comes: that is a connect timeout, not a handshake timeout."""
    with bound() as sock, contextlib.ExitStack() as fillers:
        sock.listen(0)
        address = sock.getsockname()
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        kind, cause, text = failure_of(way, Endpoint(f"ws://127.0.0.1:{address[1]}/", connect_timeout=0.2))
    assert (kind, cause) == ("timed_out", "connect-timeout")
    assert "within 0.2 s" in text


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_drips_does_not_outlast_the_deadline(way: str) -> None:
    """One byte at a time is no way around the connect timeout."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        for byte in switching(await peer.read_request()):
            await peer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            return await opening(transport, Endpoint(server.url, connect_timeout=0.3))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("timed_out", "handshake-timeout")


@pytest.mark.parametrize("way", WAYS)
def test_a_reset_before_the_answer_is_named_so(way: str) -> None:
    """A reset is not an orderly end, in the handshake neither."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.read_request()
        peer.reset()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            return await opening(transport, Endpoint(server.url))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("failed", "reset")


@pytest.mark.parametrize("way", WAYS)
def test_giving_up_a_handshake_closes_its_connection(way: str) -> None:
    """A cancelled ``open`` leaves nothing behind: the server hears the end at once."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.read_request()
        asked.set()
        await peer.listen()

    async def play() -> None:
        async with scripted(script) as server, asyncio.timeout(PATIENCE):
            attempt = asyncio.ensure_future(transports()[transport]().open(Endpoint(server.url), Memory()))
            await asked.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            await server.peers[0].gone.wait()

    asked = asyncio.Event()
    run(play())


@pytest.mark.parametrize("way", WAYS)
def test_a_process_without_descriptors_blames_itself(way: str) -> None:
    """EMFILE is the generator's own limit and never the server's failure."""
    transport, run = WAYS[way]

    async def play() -> ConnectFailure | None:
        async with scripted(Peer.listen) as server:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            with socket.socket() as last:
                resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
                try:
                    return await opening(transport, Endpoint(server.url))
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause) == ("failed", "local-descriptors")


@pytest.mark.parametrize("way", WAYS)
def test_the_source_address_is_the_endpoints(way: str) -> None:
    """A connection leaves from the address that it is told; one of another machine is refused here."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.listen()

    async def play() -> tuple[Any, ConnectFailure | None]:
        async with scripted(script) as server:
            assert await opening(transport, Endpoint(server.url, source_address="127.0.0.9")) is None
            foreign = await opening(transport, Endpoint(server.url, source_address="192.0.2.1"))
            return server.peers[0].writer.get_extra_info("peername"), foreign

    peername, foreign = run(play())
    assert peername[0] == "127.0.0.9"
    assert foreign is not None
    assert (foreign.kind, foreign.cause) == ("failed", "local-address")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        (Endpoint("http://127.0.0.1/"), "ws://"),
        (Endpoint("ws:///path"), "no host"),
        (Endpoint("ws://127.0.0.1:port/"), "port"),
        (Endpoint("ws://127.0.0.1/\r\nX-Injected: 1"), "control character"),
        (Endpoint("ws://127.0.0.1/", headers=(("X-A", "b\r\nX-Injected: 1"),)), "X-A"),
        (Endpoint("ws://127.0.0.1/", headers=(("X A", "b"),)), "X A"),
    ],
)
def test_what_cannot_be_asked_is_not_asked(endpoint: Endpoint, says: str, way: str) -> None:
    """A URL or a header that would break the request is refused before anything is sent."""
    kind, cause, text = failure_of(way, endpoint)
    assert (kind, cause) == ("failed", "bad-request")
    assert says in text


@pytest.mark.parametrize("way", WAYS)
def test_proxies_of_the_environment_are_not_used(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load goes to the target and nowhere else, whatever the environment says."""
    transport, run = WAYS[way]
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.listen()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            return await opening(transport, Endpoint(server.url))

    assert run(play()) is None


@pytest.mark.parametrize("way", WAYS)
def test_the_request_says_what_the_endpoint_says(way: str) -> None:
    """Path, query, headers, subprotocols and credentials reach the server, and none of them twice."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.upgrade(b"Sec-WebSocket-Protocol: stomp\r\n")
        await peer.listen()

    async def play() -> tuple[bytes, str | None]:
        async with scripted(script) as server:
            memory = Memory()
            url = server.url.replace("//", "//me:p%40ss@") + "a b/ü?q=1&r=x y#part"
            headers = (("X-Room", "blue"), ("X-Room", "red"), ("Host", "example.test:81"))
            endpoint = Endpoint(url, headers=headers, subprotocols=("mqtt", "stomp"), user_agent="wsrun/1")
            connection = await transports()[transport]().open(endpoint, memory)
            connection.close()
            await memory.end()
            return server.peers[0].request, connection.subprotocol

    request, subprotocol = run(play())
    first, *lines = request.decode("ascii").rstrip().split("\r\n")
    assert first == "GET /a%20b/%C3%BC?q=1&r=x%20y HTTP/1.1"
    named = sorted(line for line in lines if not line.startswith("Sec-WebSocket-Key: "))
    assert named == [
        "Authorization: Basic bWU6cEBzcw==",
        "Connection: Upgrade",
        "Host: example.test:81",
        "Sec-WebSocket-Protocol: mqtt, stomp",
        "Sec-WebSocket-Version: 13",
        "Upgrade: websocket",
        "User-Agent: wsrun/1",
        "X-Room: blue",
        "X-Room: red",
    ]
    assert subprotocol == "stomp"


@pytest.mark.parametrize("way", WAYS)
def test_each_part_of_a_connect_is_timed(way: str) -> None:
    """The parts that there were have a length, the others none, and the whole is no less than its parts."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await asyncio.sleep(0.05)
        await peer.upgrade()
        await peer.listen()

    async def play() -> None:
        async with scripted(script) as server:
            for host, looked_up in (("127.0.0.1", False), ("localhost", True)):
                memory = Memory()
                endpoint = Endpoint(server.url.replace("127.0.0.1", host))
                timings = (connection := await transports()[transport]().open(endpoint, memory)).timings
                assert (timings.dns is not None) == looked_up
                assert timings.tls is None
                assert timings.tcp is not None
                assert timings.upgrade is not None
                assert timings.upgrade >= 0.045  # loops wake up to a millisecond early
                assert timings.total >= timings.tcp + timings.upgrade + (timings.dns or 0)
                connection.close()
                await memory.end()
            pinned = Endpoint("ws://nowhere.invalid/", address=("127.0.0.1", server.port))
            assert await opening(transport, pinned) is None

    run(play())
