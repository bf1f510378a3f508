"""A WebSocket server that says what it is told to, byte for byte, and a sink that remembers what it heard.

Nothing here uses a WebSocket library: a test of a transport must not be judged by the library under it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest
import uvloop

from wsrun.transports import ConnectFailure, Connection, Endpoint, transports

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE = 5.0
"""How long a test waits for what must come, in seconds; it fails after that."""

WAYS: dict[str, tuple[str, Callable[[Coroutine[Any, Any, Any]], Any]]] = {
    "fast": ("fast", uvloop.run),
    "fast-on-asyncio": ("fast", asyncio.run),
    "reference": ("reference", uvloop.run),
}
"""The transports with the loops that they are tested on: the transport's name, and what runs a coroutine."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_RESET = struct.pack("ii", 1, 0)


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = False,
    form: int | None = None,
    claims: int | None = None,
) -> bytes:
    """Return one frame as a server sends it.

    ``rsv``: the three reserved bits; ``form``: the bits of the length field (7, 16 or 64) where it should not
    be the shortest; ``claims``: a length that is not the payload's.
    """
    length = len(payload) if claims is None else claims
    if form is None:
        form = 7 if length < 126 else 16 if length < 65536 else 64
    head = bytes([fin << 7 | rsv << 4 | opcode])
    mask = masked << 7
    if form == 7:
        head += bytes([mask | length])
    elif form == 16:
        head += bytes([mask | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([mask | 127]) + length.to_bytes(8, "big")
    if masked:
        key = b"\x11\x22\x33\x44"
        return head + key + xor(payload, key)
    return head + payload


def xor(payload: bytes, key: bytes) -> bytes:
    """Mask a payload, or unmask it."""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def close_frame(code: int | None = None, reason: bytes = b"") -> bytes:
    """Return a close frame, without a code for None."""
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def accept_key(request: bytes) -> bytes:
    """Return the Sec-WebSocket-Accept that answers ``request``."""
    for line in request.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            return base64.b64encode(hashlib.sha1(value.strip() + _GUID).digest())
    raise AssertionError("the request has no Sec-WebSocket-Key")


def switching(request: bytes, more: bytes = b"") -> bytes:
    """Return the answer that upgrades; ``more``: further header lines, each with its line end."""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(request) + b"\r\n" + more + b"\r\n"
    )


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.request = b""
        self.heard: list[tuple[int, bytes]] = []
        """The client's frames so far: opcode and payload, unmasked."""
        self.gone = asyncio.Event()
        """Set when the client's side of TCP has ended."""

    async def read_request(self) -> bytes:
        """Read the handshake request."""
        self.request = await self.reader.readuntil(b"\r\n\r\n")
        return self.request

    async def upgrade(self, more: bytes = b"", then: bytes = b"") -> None:
        """Answer the handshake; ``then`` goes out in the same packet."""
        request = self.request or await self.read_request()
        await self.write(switching(request, more) + then)

    async def write(self, data: bytes) -> None:
        """Write bytes; what the client does not want any more is nobody's loss."""
        if self.writer.is_closing():
            return
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def read_frame(self) -> tuple[int, bytes]:
        """Read the client's next frame.

        Raises:
            EOFError: the client has ended TCP (asyncio.IncompleteReadError).
            ConnectionError: the client has reset it.
        """
        first, second = await self.reader.readexactly(2)
        assert second & 0x80, "the client sent a frame without a mask"
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        key = await self.reader.readexactly(4)
        masked = await self.reader.readexactly(length)
        heard = first & 0xF, xor(masked, key)
        self.heard.append(heard)
        return heard

    async def listen(self, *, leave: bool = True) -> None:
        """Read frames until TCP ends; ``leave``: or until the close frame, after which servers end TCP."""
        try:
            while True:
                opcode, _ = await self.read_frame()
                if opcode == CLOSE and leave:
                    return
        except (EOFError, ConnectionError):
            self.gone.set()

    def reset(self) -> None:
        """End TCP with a reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()

    @property
    def close_payloads(self) -> list[bytes]:
        """The payloads of the client's close frames."""
        return [payload for opcode, payload in self.heard if opcode == CLOSE]


Script = Callable[[Peer], Awaitable[None]]
"""What a server does with a connection; TCP ends when it returns."""


class Server:
    """A listening server; ``peers`` are its connections in the order of their arrival."""

    def __init__(self, port: int, *, secure: bool) -> None:
        self.port = port
        self.peers: list[Peer] = []
        self.url = f"{'wss' if secure else 'ws'}://127.0.0.1:{port}/"


@contextlib.asynccontextmanager
async def scripted(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve every connection by ``script`` on a free port of 127.0.0.1.

    What asyncio would only print, such as an error that nobody asked for, fails the test.
    """
    tasks: set[asyncio.Task[None]] = set()
    failures: list[BaseException] = []

    async def serve(peer: Peer) -> None:
        try:
            await script(peer)
        except (EOFError, ConnectionError):
            peer.gone.set()
        finally:
            peer.writer.close()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        server.peers.append(peer)
        task = asyncio.get_running_loop().create_task(serve(peer))
        tasks.add(task)
        task.add_done_callback(finished)

    def finished(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            failures.append(exc)

    def unheard(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        exc = context.get("exception") or RuntimeError(context["message"])
        # The server's own streams complain when a client resets them.
        if not isinstance(exc, ConnectionError):
            failures.append(exc)

    asyncio.get_running_loop().set_exception_handler(unheard)
    listener = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls)
    server = Server(listener.sockets[0].getsockname()[1], secure=tls is not None)
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for peer in server.peers:
            peer.writer.transport.abort()
        await asyncio.sleep(0)
    if failures:
        raise failures[0]


class Memory:
    """A sink that remembers what it heard, in order, and complains about a second ``closed``."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.times: list[float] = []
        self.closing: Any = None
        self._changed = asyncio.Event()

    def received(self, payload: str | bytes, at: float) -> None:
        """Remember a message."""
        assert self.closing is None, "a message came after the end"
        self.messages.append(payload)
        self.times.append(at)
        self._changed.set()

    def closed(self, closing: Any, at: float) -> None:
        """Remember the end."""
        assert self.closing is None, "the end was told twice"
        self.closing = closing
        self.times.append(at)
        self._changed.set()

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait until ``happened()`` holds; it is asked after every message and at the end."""
        async with asyncio.timeout(PATIENCE):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    async def end(self) -> Any:
        """Wait for the end of the connection, and say how it ended."""
        await self.until(lambda: self.closing is not None)
        return self.closing


async def opening(transport: str, endpoint: Endpoint) -> ConnectFailure | None:
    """Open and close a connection; return the failure, where it comes to one."""
    memory = Memory()
    try:
        async with asyncio.timeout(PATIENCE):
            connection = await transports()[transport]().open(endpoint, memory)
    except ConnectFailure as failure:
        assert memory.messages == []
        assert memory.closing is None
        return failure
    connection.close()
    await memory.end()
    return None


Scenario = Callable[..., Any]


def on_every_way(test: Scenario) -> Scenario:
    """Run a coroutine ``test(transport)`` for each transport on each of its loops."""

    @pytest.mark.parametrize("way", WAYS)
    def run_it(way: str) -> None:
        transport, run = WAYS[way]
        run(test(transport))

    run_it.__doc__ = test.__doc__
    return run_it


async def opened(
    transport: str, url: str, memory: Memory | None = None, **options: Any
) -> tuple[Connection, Memory]:
    """Open a connection whose sink is a memory."""
    memory = memory or Memory()
    return await transports()[transport]().open(Endpoint(url, **options), memory), memory


async def upgrade_and_listen(peer: Peer) -> None:
    await peer.upgrade()
    await peer.listen()
