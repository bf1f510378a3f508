"""``/faults/…``: servers that misbehave, each in one way, to try clients on.

Those that open a connection echo ``after`` messages first. What they send by hand is not counted.
"""

from __future__ import annotations

from collections.abc import Callable

from picows import WSFrame, WSMsgType, WSTransport

from wsrun.demo.answers import Answer, Delayed, Silence
from wsrun.demo.connection import Connection
from wsrun.demo.http import Request, RequestError, Response
from wsrun.demo.paths.echo import Echo
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service
from wsrun.units import parse_duration

MALFORMED = {
    "rsv": b"\xf1\x02hi",
    "opcode": b"\x83\x02hi",
    "masked": b"\x81\x82\x00\x00\x00\x00hi",
    "orphan": b"\x80\x02hi",
    "long-ping": b"\x89\x7e\x00\x7e" + b"x" * 126,
    "split-ping": b"\x09\x02hi",
    "length": b"\x81\x7e\x00\x02hi",
}
"""Frames that RFC 6455 forbids: reserved bits, an unknown opcode, a masked frame from a server, a
continuation of nothing, a control frame too long or in pieces, a length not written in its shortest form."""

BAD_UTF8 = b"\x81\x03\xff\xfe\xfd"
"""A text frame that is no UTF-8."""


class Faulty(Connection):
    """Echoes so many messages, then does its mischief once."""

    __slots__ = ("_after", "_strike")

    def __init__(self, service: Service, request: Request, strike: Callable[[Connection], None]) -> None:
        super().__init__(service, request)
        self._after = read_query(request, "after", read_count, 0)
        self._strike = strike

    def opened(self) -> None:
        """Strike at once if there is nothing to echo first."""
        if self._after == 0:
            self._strike(self)

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Echo, and strike when it is time."""
        self.send(payload, is_text=is_text)
        if self.messages_received == self._after:
            self._strike(self)


class NeverClosing(Echo):
    """Echoes, and leaves the client's close frame without an answer and TCP open."""

    __slots__ = ()

    def answer_close(self, transport: object, frame: object) -> None:
        """Do nothing."""


class Deaf(Echo):
    """Echoes, and answers only the first ``after`` pings."""

    __slots__ = ("_pongs",)

    answers_pings = False

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._pongs = read_query(request, "after", read_count, 0)

    def handle_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a ping, if it is one of the first."""
        if frame.msg_type is WSMsgType.PING:
            if self._pongs > 0:
                self._pongs -= 1
                transport.send_pong(frame.get_payload_as_bytes())
            return
        super().handle_rare(transport, frame)


def send_raw(connection: Connection, data: bytes) -> None:
    """Send bytes that are no proper frame."""
    if connection.transport is not None:
        connection.transport.underlying_transport.write(data)


def closes(service: Service, request: Request) -> Answer:
    """Close with ``code`` (1000 if unsaid, ``none`` for a close frame without a code)."""
    if request.query.get("code") == "none":
        return Faulty(service, request, lambda connection: connection.close(None))
    code = read_query(request, "code", read_count, 1000)
    if code > 0xFFFF:
        raise RequestError(400, "a close code has 16 bits")
    reason = request.query.get("reason", "")[:100]
    return Faulty(service, request, lambda connection: connection.close(code, reason))


def malformed(service: Service, request: Request) -> Answer:
    """Send a frame that RFC 6455 forbids, of the ``kind`` asked for."""
    kind = request.query.get("kind", "rsv")
    if kind not in MALFORMED:
        raise RequestError(400, f"kind is one of {', '.join(MALFORMED)}")
    return Faulty(service, request, lambda connection: send_raw(connection, MALFORMED[kind]))


def bad_utf8(service: Service, request: Request) -> Answer:
    """Send a text frame that is no UTF-8."""
    return Faulty(service, request, lambda connection: send_raw(connection, BAD_UTF8))


def http_200(service: Service, request: Request) -> Answer:
    """Answer the upgrade with an ordinary page."""
    return Response(200, b"<!doctype html><title>a page</title>\n", "text/html; charset=utf-8")


def silent(service: Service, request: Request) -> Answer:
    """Never answer the upgrade."""
    return Silence()


def slow_handshake(service: Service, request: Request) -> Answer:
    """Answer the upgrade late, then echo."""
    seconds = read_query(request, "for", parse_duration, 3.0)
    return Delayed(seconds, Echo(service, request))


def drop(service: Service, request: Request) -> Answer:
    """Reset the connection."""
    return Faulty(service, request, lambda connection: connection.reset())
