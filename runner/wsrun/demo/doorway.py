"""The protocol that every connection starts with: it reads the request head and sees who is to take it.

Plain HTTP is answered here. A WebSocket connection is handed to picows with the bytes that have come already,
and this class is out of its way: frames go from the event loop straight to picows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from picows import WSAutoPingStrategy, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from wsrun.demo.answers import Answer, Delayed, Silence
from wsrun.demo.connection import MAX_MESSAGE
from wsrun.demo.http import MAX_HEAD, Request, RequestError, Response, body_length, parse_head

if TYPE_CHECKING:
    from wsrun.demo.connection import Connection
    from wsrun.demo.service import Service

READ_BUFFER = 4096
"""Bytes of read buffer that an idle connection keeps; picows doubles it when a message needs more."""

LOGGER = logging.LoggerAdapter(logging.getLogger("wsrun.demo"), {})
"""An adapter, because picows makes a child logger for each connection of a plain logger."""

AnswerUpgrade = Callable[["Service", Request], Answer]
AnswerHttp = Callable[["Service", Request], Response]


class Doorway(asyncio.Protocol):
    """Reads requests until one of them becomes a WebSocket."""

    def __init__(self, service: Service, answer_upgrade: AnswerUpgrade, answer_http: AnswerHttp) -> None:
        self._service = service
        self._answer_upgrade = answer_upgrade
        self._answer_http = answer_http
        self._accepted_at = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there in full."""
        self._unread += data
        if self._is_waiting:
            if len(self._unread) > MAX_HEAD and self._transport is not None:
                self._transport.abort()
            return
        try:
            while self._transport is not None and not self._transport.is_closing():
                request = self._next_request()
                if request is None:
                    return
                if request.is_upgrade:
                    self._upgrade(request)
                    return
                self._respond(self._answer_http(self._service, request), keep=not request.is_last)
        except RequestError as refusal:
            self._respond(Response(refusal.status, f"{refusal.text}\n".encode()))

    def _next_request(self) -> Request | None:
        """Take a whole request from what has come, or None when there is none yet."""
        end = self._unread.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(self._unread) >= MAX_HEAD:
                raise RequestError(431, f"a request head may have {MAX_HEAD} bytes")
            return None
        request = parse_head(self._unread[:end])
        end += 4
        length = body_length(request)
        if len(self._unread) < end + length:
            return None
        request.body = self._unread[end : end + length]
        self._unread = self._unread[end + length :]
        return request

    def _respond(self, response: Response, *, keep: bool = False) -> None:
        if self._transport is not None:
            self._transport.write(response.encode(keep=keep))
            if not keep:
                self._transport.close()

    def _upgrade(self, request: Request) -> None:
        """Hand the connection to the path that the client asked for, or refuse."""
        if self._transport is None:
            return
        peer = self._transport.get_extra_info("peername")
        request.peer = f"{peer[0]}:{peer[1]}" if peer else ""
        try:
            answer = self._answer_upgrade(self._service, request)
        except RequestError as refusal:
            answer = Response(refusal.status, f"{refusal.text}\n".encode())
        match answer:
            case Response():
                self._service.counts.refuse(answer.status)
                self._respond(answer)
            case Silence():
                self._is_waiting = True
            case Delayed():
                self._is_waiting = True
                later = partial(self._hand_over, request, answer.connection)
                self._service.deadlines.at(time.monotonic() + answer.seconds, later)
            case _:
                self._hand_over(request, answer)

    def _hand_over(self, request: Request, connection: Connection) -> None:
        """Let picows take the transport, as if it had read the request itself."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        connection.accepted_at = self._accepted_at
        subprotocol = request.headers.get("sec-websocket-protocol", "").partition(",")[0].strip()
        more = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else {}
        if connection.set_cookie is not None:
            more["Set-Cookie"] = connection.set_cookie
        response = WSUpgradeResponseWithListener(
            WSUpgradeResponse.create_101_response(more or None), connection
        )
        protocol = WSProtocol(
            None,  # host and port: client side only
            None,  # path: client side only
            False,  # is_client_side
            lambda _: response,
            LOGGER,
            True,  # disconnect_on_exception
            None,  # websocket_handshake_timeout: the head is here already
            False,  # enable_auto_ping
            20,
            20,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            connection.answers_pings,  # enable_auto_pong
            MAX_MESSAGE,
            None,  # extra_headers: client side only
            READ_BUFFER,
        )
        transport.pause_reading()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        feed(protocol, upgrade_head(request) + self._unread)
        if not connection.number:
            self._service.counts.refuse(400)  # picows did not like the key or the version
        if not connection.is_held and not transport.is_closing():
            transport.resume_reading()


def upgrade_head(request: Request) -> bytes:
    """Return an upgrade request with nothing in it but what picows checks, spelt as it likes it."""
    headers = request.headers
    connection = "Upgrade" if "upgrade" in headers.get("connection", "").lower() else "close"
    return (
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
        f"Connection: {connection}\r\n"
        f"Sec-WebSocket-Version: {headers.get('sec-websocket-version', '')}\r\n"
        f"Sec-WebSocket-Key: {headers.get('sec-websocket-key', '')}\r\n\r\n"
    ).encode("latin-1")


def feed(protocol: WSProtocol, data: bytes) -> None:
    """Give bytes to a buffered protocol as a transport would."""
    while data:
        buffer = protocol.get_buffer(-1)
        part = data[: len(buffer)]
        buffer[: len(part)] = part
        protocol.buffer_updated(len(part))
        data = data[len(part) :]
