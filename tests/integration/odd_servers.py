"""Servers in a thread of their own, good ones and broken ones, each for as long as a context lasts."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator

from websockets.asyncio.server import ServerConnection, serve

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.contextmanager
def running(start: Callable[[], contextlib.AbstractAsyncContextManager[asyncio.Server]]) -> Iterator[int]:
    """Run a server in a loop of a thread of its own; yields its port."""
    ports: list[int] = []
    ready, over = threading.Event(), threading.Event()

    async def main() -> None:
        async with start() as server:
            ports.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        over.set()
        thread.join(10)


@contextlib.contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """Run a TCP server that talks as told; yields its port."""

    @contextlib.asynccontextmanager
    async def start() -> Iterator[asyncio.Server]:  # type: ignore[misc]
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        yield server
        server.close()

    with running(start) as port:
        yield port


@contextlib.contextmanager
def serving(
    echo: Callable[[ServerConnection], Awaitable[None]], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a WebSocket server by websockets; yields its port."""
    with running(lambda: serve(echo, "127.0.0.1", 0, ssl=context)) as port:  # type: ignore[arg-type, return-value]
        yield port


async def answering(connection: ServerConnection) -> None:
    """Say everything back."""
    async for message in connection:
        await connection.send(message)


async def mute(connection: ServerConnection) -> None:
    """Say nothing."""
    async for _ in connection:
        pass


def saying(answer: bytes) -> Talk:
    """Answer whatever request comes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    return talk


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Listen until the other side is gone."""
    with contextlib.suppress(OSError):
        await reader.read()
    writer.close()
