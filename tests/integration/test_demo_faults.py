"""The demo server's misbehaviour: each kind is what it says, seen by an independent client."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsrun.demo.process import DemoServer


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


def provoke(server: DemoServer, path: str, messages: int = 0) -> ConnectionClosed:
    """Exchange so many messages with a faulty path; return how the connection then ended."""

    async def run() -> ConnectionClosed:
        async with connect(server.url(path), close_timeout=1) as client:
            for number in range(messages):
                await client.send(str(number))
                assert await client.recv() == str(number)
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(client.recv(), 10)
            return caught.value

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "messages", "code"),
    [
        ("/faults/close", 0, 1000),
        ("/faults/close?code=1012&after=3", 3, 1012),
        ("/faults/close?code=4001&reason=enough", 0, 4001),
        ("/faults/close?code=none&after=1", 1, 1005),
    ],
)
def test_a_server_closes_with_the_code_asked_for(
    server: DemoServer, path: str, messages: int, code: int
) -> None:
    """It does so after as many echoes as asked for; ``none`` is a close frame without a code."""
    closing = provoke(server, path, messages).rcvd
    assert closing is not None
    assert closing.code == code
    assert closing.reason == ("enough" if "reason" in path else "")


@pytest.mark.parametrize("kind", ["rsv", "opcode", "masked", "orphan", "long-ping", "split-ping"])
def test_a_server_sends_forbidden_frames(server: DemoServer, kind: str) -> None:
    """websockets recognises each as a protocol error of the server."""
    closing = provoke(server, f"/faults/malformed?kind={kind}&after=1", 1)
    assert closing.sent is not None
    assert closing.sent.code == 1002


def test_a_server_sends_text_that_is_none(server: DemoServer) -> None:
    """websockets recognises bad UTF-8."""
    closing = provoke(server, "/faults/badutf8")
    assert closing.sent is not None
    assert closing.sent.code == 1007


def test_a_server_resets_the_connection(server: DemoServer) -> None:
    """The client gets a reset, not an end of file."""
    closing = provoke(server, "/faults/drop?after=2", 2)
    assert closing.rcvd is None
    assert isinstance(closing.__cause__, ConnectionResetError)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/faults/http200", 200),
        ("/faults/close?code=70000", 400),
        ("/faults/close?code=x", 400),
        ("/faults/close?after=-1", 400),
        ("/faults/malformed?kind=other", 400),
    ],
)
def test_a_server_answers_an_upgrade_with_something_else(server: DemoServer, path: str, status: int) -> None:
    """A page where a WebSocket was wanted; and a fault that does not exist is refused."""

    async def run() -> int:
        with pytest.raises(InvalidStatus) as caught:
            await connect(server.url(path))
        return caught.value.response.status_code

    assert asyncio.run(run()) == status


def test_a_silent_server_never_answers(server: DemoServer) -> None:
    """The request is taken, and nothing comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"GET /faults/silent HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
        raw.settimeout(0.2)
        with pytest.raises(TimeoutError):
            raw.recv(1)


def test_a_slow_handshake_is_not_answered_early(server: DemoServer) -> None:
    """The upgrade comes after the time asked for, and then the connection works."""

    async def run() -> float:
        started = time.monotonic()
        async with connect(server.url("/faults/slow-handshake?for=100ms")) as client:
            taken = time.monotonic() - started
            await client.send("hello")
            assert await client.recv() == "hello"
            return taken

    assert asyncio.run(run()) >= 0.1


def test_a_server_leaves_a_close_frame_without_an_answer(server: DemoServer) -> None:
    """The closing handshake ends by the client's own timeout, without a code from the server."""

    async def run() -> int | None:
        client = await connect(server.url("/faults/never-close"), close_timeout=0.2)
        await client.send("hello")
        assert await client.recv() == "hello"
        await client.close()
        return client.close_code

    assert asyncio.run(run()) == 1006
