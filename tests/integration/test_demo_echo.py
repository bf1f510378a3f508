"""The demo server's ``/echo`` over real sockets, and how it keeps to RFC 6455."""

from __future__ import annotations

import asyncio
import base64
import os
import select
import socket
from collections.abc import Iterator

import pytest
from demo_http import counts_once_closed, fetch
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from wsrun.demo.process import DemoServer


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


def masked(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Return a client's frame, masked with zeros."""
    assert len(payload) < 126
    return bytes([(0x80 if fin else 0) | opcode, 0x80 | len(payload)]) + bytes(4) + payload


def upgraded(server: DemoServer, path: str = "/echo", more: bytes = b"") -> socket.socket:
    """Return a raw socket after its handshake; ``more`` follows the request in the same segment."""
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        + more
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += raw.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    return raw


def read_to_end(raw: socket.socket) -> bytes:
    """Return everything until the server closes."""
    data = b""
    while part := raw.recv(65536):
        data += part
    return data


@pytest.mark.parametrize(
    "message", ["hello", "", "ünï", b"\x00\xff", b"", "x" * 125, "x" * 126, b"y" * 65_536, "z" * 1_000_000]
)
def test_a_message_comes_back_as_it_is(server: DemoServer, message: str | bytes) -> None:
    """Text stays text, binary stays binary, at every length of header."""

    async def talk() -> str | bytes:
        async with connect(server.url("/echo"), max_size=None) as socket:
            await socket.send(message)
            return await socket.recv()

    assert asyncio.run(talk()) == message


def test_fragments_come_back_as_one_message(server: DemoServer) -> None:
    """A message in pieces is echoed in pieces, and a ping between them is answered."""

    async def talk() -> str | bytes:
        async with connect(server.url("/echo")) as socket:
            await socket.send(["a", "b", "c"])
            return await socket.recv()

    assert asyncio.run(talk()) == "abc"


def test_pings_are_answered(server: DemoServer) -> None:
    """A pong comes back with the ping's payload; websockets' future ends only then."""

    async def talk() -> float:
        async with connect(server.url("/echo")) as socket:
            return await asyncio.wait_for(await socket.ping(b"are you there"), 10)

    assert asyncio.run(talk()) > 0


def test_messages_that_come_with_the_handshake_are_answered(server: DemoServer) -> None:
    """Frames in the same segment as the upgrade request are not lost, even if they outgrow a read buffer."""
    frames = masked(1, b"early" * 20) * 80
    with upgraded(server, more=frames + masked(8, b"\x03\xe8")) as raw:
        assert read_to_end(raw) == (b"\x81\x64" + b"early" * 20) * 80 + b"\x88\x02\x03\xe8"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x03\xe9gone fishing", b"\x03\xe9"),
        (b"\x0f\xa1", b"\x0f\xa1"),
    ],
)
def test_a_close_is_answered_with_its_own_code(server: DemoServer, sent: bytes, answered: bytes) -> None:
    """The code comes back; a close frame without a code is answered without one; then TCP ends."""
    with upgraded(server) as raw:
        raw.sendall(masked(8, sent))
        assert read_to_end(raw) == bytes([0x88, len(answered)]) + answered


def test_nothing_is_answered_after_a_close(server: DemoServer) -> None:
    """A message behind the client's close frame is none, and is not counted."""
    before = counts_once_closed(server, 0)["messages_received"]
    with upgraded(server) as raw:
        raw.sendall(masked(1, b"one") + masked(8, b"") + masked(1, b"two"))
        assert read_to_end(raw) == b"\x81\x03one\x88\x00"
    assert counts_once_closed(server, 0)["messages_received"] == before + 1


@pytest.mark.slow
def test_a_client_that_never_answers_a_close_is_cut_off(server: DemoServer) -> None:
    """The server waits for the answer to its close frame, but not for ever."""
    with upgraded(server, "/faults/close") as raw:
        assert read_to_end(raw) == b"\x88\x02\x03\xe8"


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"\x81\x01x", 1002), (masked(3, b"x"), 1002), (masked(9, b"x", fin=False), 1002)],
    ids=["not masked", "unknown opcode", "ping in pieces"],
)
def test_forbidden_frames_end_the_connection(server: DemoServer, frame: bytes, code: int) -> None:
    """A protocol error is answered by a close frame with 1002."""
    with upgraded(server) as raw:
        raw.sendall(frame)
        assert read_to_end(raw)[2:4] == code.to_bytes(2, "big")


def test_a_subprotocol_that_is_offered_is_taken(server: DemoServer) -> None:
    """The first offer is confirmed, since the demo does not care."""

    async def talk() -> str | None:
        async with connect(
            server.url("/echo"), subprotocols=[Subprotocol("mcp"), Subprotocol("chat")]
        ) as socket:
            return socket.subprotocol

    assert asyncio.run(talk()) == "mcp"


def test_a_client_that_does_not_read_is_not_read_from(server: DemoServer) -> None:
    """The server does not hoard what a client will not take; once the client reads, all of it comes."""
    size = 0xFF00
    frame = b"\x82\xfe" + size.to_bytes(2, "big") + bytes(4) + bytes(size)
    most = 1000 * len(frame)
    with upgraded(server) as raw:
        raw.setblocking(False)
        sent = 0
        while sent < most and select.select([], [raw], [], 0.5)[1]:
            sent += raw.send(frame[sent % len(frame) :])
        assert sent < most
        whole = sent // len(frame) + 1
        wanted = whole * (len(frame) - 4)
        echoed = 0
        while echoed < wanted:
            readable, writable, _ = select.select([raw], [raw] if sent < whole * len(frame) else [], [], 10)
            assert readable or writable
            if writable:
                sent += raw.send(frame[sent % len(frame) :])
            if readable:
                echoed += len(raw.recv(1 << 20))
        assert echoed == wanted


def test_counts_are_exact_over_many_connections() -> None:
    """What 20 clients sent and got is what the server counted, message for message and byte for byte."""
    clients, messages = 20, 250

    async def talk(server: DemoServer, number: int) -> None:
        async with connect(server.url("/echo")) as socket:
            for n in range(messages):
                await socket.send(f"{number}:{n}" if n % 2 else f"{number}:{n}".encode())
            for _ in range(messages):
                await socket.recv()

    async def talk_all(server: DemoServer) -> None:
        await asyncio.gather(*(talk(server, number) for number in range(clients)))

    size = sum(len(f"{number}:{n}") for number in range(clients) for n in range(messages))
    with DemoServer() as server:
        asyncio.run(talk_all(server))
        assert counts_once_closed(server, clients) == {
            "connections_opened": clients,
            "connections_closed": clients,
            "upgrades_refused": {},
            "messages_received": clients * messages,
            "messages_sent": clients * messages,
            "bytes_received": size,
            "bytes_sent": size,
        }


def test_an_upgrade_without_a_key_is_refused_and_counted() -> None:
    """A handshake that is none gets 400, and is no connection."""
    with DemoServer() as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
            raw.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            assert read_to_end(raw).startswith(b"HTTP/1.1 400 ")
        counts = counts_once_closed(server, 0)
        assert (counts["connections_opened"], counts["upgrades_refused"]) == (0, {"400": 1})


def test_clients_are_told_when_the_server_goes_away() -> None:
    """At its end the server closes with 1001."""

    async def talk() -> int:
        with DemoServer() as server:
            socket = await connect(server.url("/echo"))
            await asyncio.to_thread(server.stop)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code is not None
            return socket.close_code

    assert asyncio.run(talk()) == 1001


def test_a_socket_path_says_so_to_plain_http(server: DemoServer) -> None:
    """A browser that opens a WebSocket path gets 426."""
    assert fetch(server, "/echo")[0] == 426
