"""A transport without a network: scripted latency, replies, refusals and drops, in virtual or real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from wsrun.transports import Closing, ConnectFailure, Endpoint, Sink, Timings
from wsrun.transports.http import Headers, HttpAnswer, HttpRequest

Answer = Callable[["FakeConnection", bytes], None]
"""What the server does with a message."""


@dataclass
class FakeTransport:
    """Connects to a server that is a function.

    ``latency``: seconds each way of a connect. ``refuse``: called for each connect with its number; a
    ``ConnectFailure`` that it returns is raised. ``pongs``: whether a ping of a connection, the
    first, second and so on, is answered.
    """

    answer: Answer
    latency: float = 0.0
    refuse: Callable[[int], ConnectFailure | None] = lambda number: None
    pongs: Callable[[FakeConnection, int], bool] = lambda connection, number: True
    set_cookies: tuple[str, ...] = ()
    name: str = "fake"
    connections: list[FakeConnection] = field(default_factory=list)
    attempts: int = 0

    async def open(self, endpoint: Endpoint, sink: Sink) -> FakeConnection:
        """Connect."""
        number = self.attempts
        self.attempts += 1
        await asyncio.sleep(self.latency)
        failure = self.refuse(number)
        if failure is not None:
            raise failure
        connection = FakeConnection(self, endpoint, sink)
        self.connections.append(connection)
        return connection


class FakeConnection:
    """The client's side of a fake connection; ``sent`` are (time, payload)."""

    def __init__(self, transport: FakeTransport, endpoint: Endpoint, sink: Sink) -> None:
        self.transport = transport
        self.endpoint = endpoint
        self.sink = sink
        self.timings = Timings(total=transport.latency)
        self.subprotocol: str | None = None
        self.set_cookies = transport.set_cookies
        self.is_open = True
        self.write_backlog = 0
        self.bytes_received = 0
        self.on_pong: Callable[[bytes, float], None] | None = None
        self.pings: list[float] = []
        self.unread: list[str | bytes] | None = None
        self.sent: list[tuple[float, bytes]] = []
        self.loop = asyncio.get_running_loop()

    def send_text(self, payload: bytes) -> None:
        """Hand a message to the server."""
        self.sent.append((self.loop.time(), payload))
        self.transport.answer(self, payload)

    send_binary = send_text

    def ping(self, payload: bytes) -> None:
        """Ping the server, which answers if its transport says so."""
        self.pings.append(self.loop.time())
        if self.transport.pongs(self, len(self.pings)):
            self.loop.call_later(self.transport.latency, self._pong, payload)

    def _pong(self, payload: bytes) -> None:
        if self.is_open and self.on_pong is not None:
            self.on_pong(payload, self.loop.time())

    def reply(self, payload: str | bytes, after: float = 0.0) -> None:
        """Let the server send a message after a while."""
        self.loop.call_later(after, self._arrive, payload)

    def drop(self, after: float = 0.0, code: int = 1006) -> None:
        """Let the server end the connection after a while."""
        self.loop.call_later(after, self._end, Closing(code, "", "server", "eof" if code == 1006 else None))

    def pause_reading(self) -> None:
        """Let what comes wait."""
        self.unread = []

    def resume_reading(self) -> None:
        """Read what waits, and what comes."""
        waiting, self.unread = self.unread or [], None
        for payload in waiting:
            self._arrive(payload)

    def close(self, code: int = 1000) -> None:
        """Close in good order."""
        self.resume_reading()
        self.is_open = False
        self.loop.call_soon(self._end, Closing(code, "", "client"))

    def abort(self) -> None:
        """End at once."""
        self._end(Closing(1006, "", "client", "aborted"))

    def _arrive(self, payload: str | bytes) -> None:
        if self.unread is not None:
            self.unread.append(payload)
        elif self.is_open:
            self.sink.received(payload, self.loop.time())

    def _end(self, closing: Closing) -> None:
        if self.is_open or closing.side == "client":
            self.is_open = False
            self.sink.closed(closing, self.loop.time())


@dataclass
class FakeHttp:
    """An HTTP server that is a function: it gets a request, and returns status, headers and body, or raises.

    ``latency``: seconds until the answer; a function gives one for each request. ``asked``: (time, request).
    """

    respond: Callable[[HttpRequest], tuple[int, Headers, bytes]]
    latency: float | Callable[[HttpRequest], float] = 0.0
    asked: list[tuple[float, HttpRequest]] = field(default_factory=list)
    is_closed: bool = False

    def check(self, request: HttpRequest) -> None:
        """Find nothing wrong."""

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Answer after a while."""
        loop = asyncio.get_running_loop()
        self.asked.append((loop.time(), request))
        await asyncio.sleep(self.latency if isinstance(self.latency, float) else self.latency(request))
        status, headers, body = self.respond(request)
        return HttpAnswer(status, headers, body, loop.time())

    async def close(self) -> None:
        """Take note of the end."""
        self.is_closed = True
