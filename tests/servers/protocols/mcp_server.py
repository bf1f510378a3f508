"""A server of the library ``mcp``, over its WebSocket transport: a tool that tells how far it is."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.websocket import websocket_server
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parents[1]))

from announce import announce, listen

COUNTS: Counter[str] = Counter()
SERVER = FastMCP("library")


@SERVER.tool()
async def search(q: str, ctx: Context) -> str:
    """Find something."""
    COUNTS["calls"] += 1
    for number, stage in enumerate(("started", "thinking", "completed"), start=1):
        await ctx.report_progress(number, 3, stage)
        await asyncio.sleep(0.002)
    return f"found {q}"


@SERVER.tool()
async def fail() -> str:
    """Never work."""
    COUNTS["calls"] += 1
    raise RuntimeError("it never works")


async def connection(scope: Any, receive: Any, send: Any) -> None:
    """One client, from its handshake on."""

    async def counted_receive() -> Any:
        message = await receive()
        COUNTS["messages_received"] += message["type"] == "websocket.receive"
        return message

    async def counted_send(message: Any) -> None:
        COUNTS["messages_sent"] += message["type"] == "websocket.send"
        await send(message)

    COUNTS["connections_opened"] += 1
    server = SERVER._mcp_server
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            async with websocket_server(scope, counted_receive, counted_send) as (reading, writing):
                await server.run(reading, writing, server.create_initialization_options())
    finally:
        COUNTS["connections_closed"] += 1


async def app(scope: Any, receive: Any, send: Any) -> None:
    """WebSockets to the library, everything else to the counts."""
    await (connection if scope["type"] == "websocket" else PAGES)(scope, receive, send)


async def counts(request: Any) -> JSONResponse:
    """What was seen so far."""
    return JSONResponse(dict(COUNTS))


PAGES = Starlette(routes=[Route("/counts", counts)])


def main() -> None:
    """Serve until stdin ends."""
    listener = listen(0)
    announce(listener)
    config = uvicorn.Config(app, log_level="critical", ws="websockets-sansio")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


main()
