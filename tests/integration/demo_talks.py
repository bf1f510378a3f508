"""Talking to the paths of the demo server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from wsrun.demo.process import DemoServer


async def ask(socket: ClientConnection, **message: Any) -> Any:
    """Send a message and return the next one that comes."""
    await socket.send(json.dumps(message))
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


def converse(server: DemoServer, path: str, people: int, talk: Callable[..., Awaitable[None]]) -> None:
    """Run ``talk`` with so many connections to a path."""

    async def run() -> None:
        sockets = [await connect(server.url(path)) for _ in range(people)]
        try:
            await asyncio.wait_for(talk(*sockets), 20)
        finally:
            for socket in sockets:
                await socket.close()

    asyncio.run(run())
