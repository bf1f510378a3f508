"""Paths of the demo server for agents and for searches of a limit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from demo_talks import ask, converse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from wsrun.demo.process import DemoServer


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


# Tools of an agent


async def call(socket: ClientConnection, **params: Any) -> list[str]:
    """Call a tool and return what came: the stages, then ``result`` or the code of the error."""
    request = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    await socket.send(json.dumps(request))
    came = []
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message.get("method") == "notifications/progress":
            assert message["params"]["progressToken"] == "t"
            came.append(message["params"]["message"])
            continue
        assert message["id"] == 7
        return [*came, "result" if "result" in message else str(message["error"]["code"])]


def test_tools_are_offered_as_mcp_has_it(server: DemoServer) -> None:
    """Greeting, list, ping; a notification is not answered."""

    async def talk(agent: ClientConnection) -> None:
        params = {
            "protocolVersion": "2025-03-26",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        greeting = await ask(agent, jsonrpc="2.0", id=1, method="initialize", params=params)
        assert greeting["result"]["protocolVersion"] == "2025-03-26"
        await agent.send(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        tools = await ask(agent, jsonrpc="2.0", id="a", method="tools/list")
        assert [tool["name"] for tool in tools["result"]["tools"]] == ["search", "upper"]
        assert (await ask(agent, jsonrpc="2.0", id=2, method="ping")) == {
            "jsonrpc": "2.0",
            "id": 2,
            "result": {},
        }

    converse(server, "/mcp", 1, talk)


def test_a_call_with_a_token_tells_its_stages(server: DemoServer) -> None:
    """Without a token there is the result alone."""

    async def talk(agent: ClientConnection) -> None:
        meta = {"progressToken": "t"}
        stages = ["started", "thinking", "executing", "completed", "result"]
        assert await call(agent, name="search", _meta=meta) == stages
        assert await call(agent, name="upper", arguments={"text": "x"}) == ["result"]

    converse(server, "/mcp", 1, talk)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", -32700),
        ('{"id": 1}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": "other"}', -32601),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "other"}}', -32602),
    ],
)
def test_wrong_requests_get_the_errors_of_json_rpc(server: DemoServer, message: str, code: int) -> None:
    """JSON-RPC 2.0, section 5.1."""

    async def talk(agent: ClientConnection) -> None:
        await agent.send(message)
        assert json.loads(await agent.recv())["error"]["code"] == code

    converse(server, "/mcp", 1, talk)


@pytest.mark.parametrize(
    ("fault", "came"),
    [
        ("lose:started", "thinking executing completed result"),
        ("swap:thinking", "started executing thinking completed result"),
        ("swap:completed", "started thinking completed executing result"),
        ("repeat:completed", "started thinking executing completed completed result"),
        ("error", "started thinking executing completed -32603"),
    ],
)
def test_a_fault_happens_to_the_call_it_is_for(server: DemoServer, fault: str, came: str) -> None:
    """Without ``at`` to each call of the connection."""

    async def talk(agent: ClientConnection) -> None:
        assert await call(agent, name="search", _meta={"progressToken": "t"}) == came.split()

    converse(server, f"/mcp?fault={fault}", 1, talk)


def test_a_fault_that_is_none_is_refused(server: DemoServer) -> None:
    """With what there is."""

    async def connecting() -> None:
        for query in ("fault=lose:nothing", "fault=other", "at=x"):
            with pytest.raises(InvalidStatus) as refusal:
                await connect(server.url(f"/mcp?{query}"))
            assert refusal.value.response.status_code == 400

    asyncio.run(connecting())


# Limits


def test_the_connection_beyond_the_limit_is_refused(server: DemoServer) -> None:
    """And there is room again when another one has gone."""

    async def talk(anna: ClientConnection, ben: ClientConnection) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url("/limited?connections=2"))
        assert refused.value.response.status_code == 503
        await ben.close()
        while True:
            try:
                cleo = await connect(server.url("/limited?connections=2"))
            except InvalidStatus:
                continue
            break
        assert await ask(cleo, id=1) == {"id": 1, "ok": True}
        await cleo.close()

    converse(server, "/limited?connections=2", 2, talk)


def test_one_server_takes_its_time_for_each_message(server: DemoServer) -> None:
    """Over all connections, in the order in which the messages came."""

    async def talk(anna: ClientConnection, ben: ClientConnection) -> None:
        begun = time.monotonic()
        for number in range(5):
            await anna.send(json.dumps({"id": number}))
        assert [json.loads(await anna.recv())["id"] for _ in range(5)] == [0, 1, 2, 3, 4]
        assert await ask(ben, id="last") == {"id": "last", "ok": True}
        assert time.monotonic() - begun >= 6 / 50

    converse(server, "/limited?capacity=50/s", 2, talk)


def test_a_capacity_that_cannot_be_read_is_refused(server: DemoServer) -> None:
    """With what is wrong with it."""
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(connect(server.url("/limited?capacity=many")).__aenter__())
    assert refused.value.response.status_code == 400
