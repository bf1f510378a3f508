"""A tiny HTTP proxy in a thread of the test's own process: CONNECT, and one plain request a connection."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from types import TracebackType


class ConnectProxy:
    """Tunnels for as long as the context lasts.

    ``credentials``: the ``user:password`` that it wants, if any. ``answer``: what it says instead of opening
    tunnels. ``tunnels`` counts those that it opened, ``heads`` are the requests that it got.
    """

    def __init__(self, credentials: str | None = None, answer: bytes | None = None) -> None:
        self._credentials = credentials
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._is_up = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.tunnels = 0
        self.heads: list[bytes] = []

    @property
    def url(self) -> str:
        """The URL of the proxy, without credentials."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ConnectProxy:
        self._thread.start()
        assert self._is_up.wait(5.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)

    def _serve(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        loop.call_soon(self._is_up.set)
        loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        loop.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._tunnel(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError), contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self._answer is not None:
                writer.write(self._answer)
                return
            if not self._is_let_in(head):
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            method, target, rest = head.split(b" ", 2)
            place, _, path = target.removeprefix(b"http://").partition(b"/")
            host, _, port = place.decode().rpartition(":")
            there, away = await asyncio.open_connection(host.strip("[]"), int(port))
            with contextlib.closing(away):
                if method == b"CONNECT":
                    self.tunnels += 1
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    away.write(b"%s /%s %s" % (method, path, rest))
                await asyncio.gather(_pump(reader, away), _pump(there, writer))

    def _is_let_in(self, head: bytes) -> bool:
        if self._credentials is None:
            return True
        wanted = base64.b64encode(self._credentials.encode())
        return b"Proxy-Authorization: Basic " + wanted + b"\r\n" in head


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
