"""Who the demo server lets in, and its HTTP pages."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import warnings
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import jwt
import pytest
from demo_http import counts_once_closed, fetch, fetch_json
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wsrun.demo.process import DemoServer

SECRET = "a secret of thirty-two bytes here"


def token(secret: str = SECRET, **claims: Any) -> str:
    """Return a token with these claims."""
    return jwt.encode(claims, secret, algorithm="HS256")


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer(["--jwt-secret", SECRET]) as running:
        yield running


def refusal(server: DemoServer, path: str, **headers: str) -> tuple[int, str]:
    """Return status and body of an upgrade that is refused."""

    async def run() -> InvalidStatus:
        with pytest.raises(InvalidStatus) as caught:
            await connect(server.url(path), additional_headers=headers)
        return caught.value

    response = asyncio.run(run()).response
    return response.status_code, bytes(response.body or b"").decode()


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_good_token_opens_the_echo(server: DemoServer, way: str) -> None:
    """It is taken from the header or from the query."""
    good = token(sub="anna", exp=time.time() + 60, aud="anybody")
    headers = {"Authorization": f"Bearer {good}"} if way == "header" else {}
    path = "/auth" if way == "header" else f"/auth?token={good}"

    async def run() -> str | bytes:
        async with connect(server.url(path), additional_headers=headers) as socket:
            await socket.send("hello")
            return await socket.recv()

    assert asyncio.run(run()) == "hello"


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, "there is no token"),
        ({"Authorization": "Basic YTpi"}, "there is no token"),
        ({"Authorization": "Bearer nonsense"}, "not good"),
        ({"Authorization": f"Bearer {token('another secret of thirty-two bytes', sub='anna')}"}, "not good"),
        ({"Authorization": f"Bearer {token(sub='anna', exp=1)}"}, "expired"),
        ({"Authorization": f"Bearer {token(sub=5)}"}, "not good"),
        ({"Authorization": f"Bearer {jwt.encode({'sub': 'anna'}, '', algorithm='none')}"}, "not good"),
    ],
    ids=["none", "another scheme", "nonsense", "another key", "expired", "sub is a number", "unsigned"],
)
def test_a_missing_or_bad_token_is_refused_with_401(
    server: DemoServer, headers: dict[str, str], part: str
) -> None:
    """The body says in a line what is wrong."""
    status, body = refusal(server, "/auth", **headers)
    assert status == 401
    assert part in body


def test_a_short_secret_is_taken_without_a_word() -> None:
    """The default secret is short; that is no matter for a demo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = token("demo-secret", sub="anna")
    with DemoServer() as server:

        async def run() -> None:
            async with connect(server.url(f"/auth?token={short}")) as socket:
                await socket.send("hello")
                assert await socket.recv() == "hello"

        asyncio.run(run())


def test_a_user_has_so_many_connections_and_no_more() -> None:
    """The limit is by ``sub``: one more is refused with 429, until one has gone; others are not concerned."""
    anna, ben = token(sub="anna"), token(sub="ben")

    async def run(server: DemoServer) -> None:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(connect(server.url(f"/auth?token={anna}")))
            await stack.enter_async_context(connect(server.url(f"/auth?token={anna}")))
            await stack.enter_async_context(connect(server.url(f"/auth?token={ben}")))
            with pytest.raises(InvalidStatus) as caught:
                await connect(server.url(f"/auth?token={anna}"))
            assert caught.value.response.status_code == 429
            with pytest.raises(InvalidStatus) as caught:
                await connect(server.url(f"/auth?token={ben}&max_per_user=1"))
            assert caught.value.response.status_code == 429
            await first.close()
            await stack.enter_async_context(connect(server.url(f"/auth?token={anna}")))

    with DemoServer(["--jwt-secret", SECRET, "--max-per-user", "2"]) as server:
        asyncio.run(run(server))
        counts = counts_once_closed(server, 4)
        assert (counts["connections_opened"], counts["upgrades_refused"]) == (4, {"429": 2})


def test_a_full_server_refuses_with_503() -> None:
    """The limit holds for every path, and not for HTTP."""

    async def run(server: DemoServer) -> None:
        async with connect(server.url("/echo")), connect(server.url("/chat")):
            for path in ("/echo", "/rpc"):
                with pytest.raises(InvalidStatus) as caught:
                    await connect(server.url(path))
                assert caught.value.response.status_code == 503
            assert fetch(server, "/healthz")[0] == 200
        async with connect(server.url("/echo")):
            pass

    with DemoServer(["--max-connections", "2"]) as server:
        asyncio.run(run(server))
        assert counts_once_closed(server, 3)["upgrades_refused"] == {"503": 2}


@pytest.mark.parametrize("path", ["/nowhere", "/ECHO", "/echo/", "/"])
def test_an_unknown_path_is_refused_with_the_paths_there_are(server: DemoServer, path: str) -> None:
    """A 404 helps: it names them all."""
    status, body = refusal(server, path)
    assert status == 404
    assert "/echo /chat /rpc" in body


def test_plain_http_has_404_and_405_and_a_home_page(server: DemoServer) -> None:
    """Unknown pages, wrong methods and the list of paths."""
    assert fetch(server, "/nothing")[0] == 404
    assert fetch(server, "/monitoring/reset-stats")[0] == 405
    assert fetch(server, "/admin/stall", "POST")[0] == 400
    status, page = fetch(server, "/")
    assert status == 200
    assert "<code>/echo</code>" in page
    assert "<code>POST /monitoring/reset-stats</code>" in page


def test_one_http_connection_takes_many_requests(server: DemoServer) -> None:
    """A connection is kept, bodies are read, and two requests in one segment get two answers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/monitoring/reset-stats", body=b"x" * 50_000)
        response = connection.getresponse()
        assert json.load(response) == {"reset": True}
    used = connection.sock
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok\n"
    assert connection.sock is used
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    used.sendall(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    answers = b""
    while part := used.recv(65536):
        answers += part
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    connection.close()


def test_statistics_follow_the_connections() -> None:
    """The page has exactly these names, tells open from closed, and begins anew after a reset."""

    async def run(server: DemoServer) -> None:
        async with connect(server.url("/echo")), connect(server.url("/chat")):
            statistics = fetch_json(server, "/monitoring/websocket-stats")
            assert set(statistics) == {
                "total_connections",
                "current_connections",
                "max_concurrent_connections",
                "connection_times",
                "failed_connections",
                "last_connection_time",
                "avg_connection_time",
                "min_connection_time",
                "max_connection_time",
                "success_rate",
                "timestamp",
            }
            assert (statistics["total_connections"], statistics["current_connections"]) == (2, 2)
            assert len(statistics["connection_times"]) == 2
            assert all(0 < seconds < 10 for seconds in statistics["connection_times"])
            assert statistics["success_rate"] == 100.0
            assert fetch_json(server, "/monitoring/reset-stats", "POST") == {"reset": True}
            statistics = fetch_json(server, "/monitoring/websocket-stats")
            assert (statistics["total_connections"], statistics["current_connections"]) == (0, 2)
            assert statistics["max_concurrent_connections"] == 2
            assert statistics["success_rate"] is None

    with DemoServer() as server:
        asyncio.run(run(server))
        assert counts_once_closed(server, 2)["connections_opened"] == 0
        assert fetch_json(server, "/monitoring/websocket-stats")["current_connections"] == 0


def test_open_connections_are_listed() -> None:
    """Each with its path, its peer, its age and its messages, and no longer once it is closed."""

    async def run(server: DemoServer) -> None:
        before = time.time()
        async with connect(server.url("/echo?a=b")) as socket:
            for _ in range(3):
                await socket.send("x")
                await socket.recv()
            (listed,) = fetch_json(server, "/monitoring/active-connections")
            host, port = socket.local_address
            assert (listed["path"], listed["peer"], listed["messages"]) == ("/echo", f"{host}:{port}", 3)
            assert before - 1 <= listed["connected_at"] <= time.time() + 1
            assert set(listed) == {"id", "path", "peer", "connected_at", "messages"}

    with DemoServer() as server:
        asyncio.run(run(server))
        counts_once_closed(server, 1)
        assert fetch_json(server, "/monitoring/active-connections") == []
