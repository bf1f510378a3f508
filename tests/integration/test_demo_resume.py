"""The demo server's sessions that outlive connections, its cuts, and its silence on pings."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from demo_http import fetch, fetch_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wsrun.demo.process import DemoServer


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


async def ask(client: ClientConnection, **message: Any) -> dict[str, Any]:
    """Say something and return the next message."""
    await client.send(json.dumps(message))
    return await read(client)


async def read(client: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), 10))
    return message


@pytest.mark.parametrize("replay", [True, False])
def test_a_session_goes_on_counting_without_a_connection(server: DemoServer, replay: bool) -> None:
    """What was due meanwhile is sent after the resume, or left out; the answer says how much it was."""

    async def run() -> None:
        url = server.url(f"/resume?rate=50/s&replay={str(replay).lower()}")
        async with connect(url) as client:
            opened = await ask(client, type="open", id="a")
            assert [(await read(client))["n"] for _ in range(3)] == [1, 2, 3]
        await asyncio.sleep(0.2)
        async with connect(url) as client:
            again = await ask(client, type="resume", id="b", token=opened["token"], last=3)
            assert again["ok"]
            assert again["missed"] >= 9
            assert (await read(client))["n"] == (4 if replay else 4 + again["missed"])

    asyncio.run(run())


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"type": "resume", "token": "nobody's", "last": 0}, "there is no such session"),
        ({"type": "hello"}, "type is open or resume"),
    ],
)
def test_what_cannot_be_resumed_is_told(server: DemoServer, message: dict[str, Any], error: str) -> None:
    """The connection stays, so that the client may open a session."""

    async def run() -> None:
        async with connect(server.url("/resume")) as client:
            assert await ask(client, id="a", **message) == {"id": "a", "ok": False, "error": error}
            assert (await ask(client, id="b", type="open"))["ok"]
            assert not (await ask(client, id="c", type="open"))["ok"]

    asyncio.run(run())


def test_a_session_is_kept_as_long_as_asked_for(server: DemoServer) -> None:
    """A token of a moment ago is unknown when nothing is kept."""

    async def run() -> None:
        url = server.url("/resume?keep=0s")
        async with connect(url) as client:
            opened = await ask(client, type="open")
        async with connect(url) as client:
            assert not (await ask(client, type="resume", token=opened["token"], last=0))["ok"]

    asyncio.run(run())


def test_connections_are_reset_after_the_time_asked_for(server: DemoServer) -> None:
    """Not before, and without a close frame."""

    async def run() -> None:
        begun = time.monotonic()
        async with connect(server.url("/resume?drop=constant:300ms")) as client:
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(client.recv(), 10)
        assert time.monotonic() - begun >= 0.3
        assert caught.value.rcvd is None

    asyncio.run(run())


@pytest.mark.parametrize(("query", "code"), [("", None), ("?code=1012", 1012)])
def test_connections_are_dropped_on_command(server: DemoServer, query: str, code: int | None) -> None:
    """All of them, by a reset or with a close code; and half of them with a share."""

    async def run() -> None:
        async with connect(server.url("/echo")) as one, connect(server.url("/chat")) as other:
            loop = asyncio.get_running_loop()
            path = f"/admin/drop{query}"
            assert await loop.run_in_executor(None, fetch_json, server, path, "POST") == {"dropped": 2}
            for client in (one, other):
                with pytest.raises(ConnectionClosed) as caught:
                    await asyncio.wait_for(client.recv(), 10)
                assert (caught.value.rcvd and caught.value.rcvd.code) == code
        async with connect(server.url("/echo")), connect(server.url("/echo")):
            half = "/admin/drop?share=0.5"
            assert await loop.run_in_executor(None, fetch_json, server, half, "POST") == {"dropped": 1}

    asyncio.run(run())


def test_a_share_that_cannot_be_read_is_refused(server: DemoServer) -> None:
    """Nobody is dropped by a slip of the pen."""
    assert fetch(server, "/admin/drop?share=2", "POST")[0] == 400


def test_pings_are_left_unanswered_after_so_many(server: DemoServer) -> None:
    """Two pongs, then none; messages are echoed all the same."""

    async def run() -> None:
        async with connect(server.url("/faults/no-pong?after=2"), ping_interval=None) as client:
            for _ in range(2):
                await asyncio.wait_for(await client.ping(), 10)
            silent = await client.ping()
            await client.send("still there")
            assert await client.recv() == "still there"
            assert not silent.done()  # type: ignore[attr-defined]

    asyncio.run(run())
