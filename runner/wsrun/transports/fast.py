"""The fast transport: picows' core API on the running loop, behind the strict layer.

picows is fast because it trusts the server, follows redirects and keeps what it finds to itself. Four small
arrangements make it fit for measuring, each over a documented door of its API:

- every frame but the common one goes through ``strict.Strict``;
- the socket is connected here, and shut down here when a handshake is given up: picows leaves it open;
- the request's headers are a generator, which picows starts when TLS is done: so the two are timed apart;
- a logger that writes nothing (``_Ears``) tells when picows itself refuses a frame or loses a connection.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from functools import cached_property
from time import monotonic
from typing import Any, Final

import picows
from picows import WSUpgradeRequest, WSUpgradeResponse

from wsrun.transports import ConnectFailure, Connection, Endpoint, Sink
from wsrun.transports.address import Address
from wsrun.transports.failures import bad_header, ended, from_answer, not_offered
from wsrun.transports.fast_connection import FastConnection
from wsrun.transports.opening import open_within
from wsrun.transports.readers import Readers, readers
from wsrun.transports.request import address_of, headers_of, tls_of
from wsrun.transports.sockets import is_reset

_READ_BUFFER: Final = 4096
"""Where a read buffer begins, in bytes; it grows to fit, and most connections of a load never need more."""


class FastTransport:
    """Opens connections with picows."""

    name = "fast"

    async def open(self, endpoint: Endpoint, sink: Sink) -> Connection:
        """See ``Transport.open``."""
        if endpoint.needs_answer:
            # picows stops reading at the head of a refusal, or somewhere behind it.
            from wsrun.transports.reference import ReferenceTransport

            return await ReferenceTransport().open(endpoint, sink)
        if endpoint.compression:
            text = "the fast transport does not compress; the reference transport does"
            raise ConnectFailure("failed", "bad-request", text)
        address = address_of(endpoint)
        upgrade = _Upgrade(endpoint, address, sink)
        await open_within(endpoint, address, upgrade.timings, upgrade.run, _judge)
        if self._readers is not None:
            upgrade.connection.read_by(self._readers)
        upgrade.connection.release()
        return upgrade.connection

    @cached_property
    def _readers(self) -> Readers | None:
        return readers(asyncio.get_running_loop())


class _Upgrade:
    """One handshake, from a connected socket to an open connection."""

    def __init__(self, endpoint: Endpoint, address: Address, sink: Sink) -> None:
        self.connection = FastConnection(endpoint, sink)
        self.timings = self.connection.timings
        self._endpoint = endpoint
        self._address = address
        self._headers = headers_of(endpoint, address)
        self._begun = monotonic()
        self._connected = self._asked = self._begun

    async def run(self, sock: socket.socket) -> None:
        """Ask for the upgrade on ``sock`` and wait for the answer."""
        endpoint = self._endpoint
        self._connected = monotonic()
        ears = _Ears(self.connection, sock)
        tls = tls_of(endpoint, self._address)
        more: dict[str, Any] = {}
        if tls is not None:
            more["server_hostname"] = endpoint.server_name or self._address.host
            more["ssl_handshake_timeout"] = endpoint.connect_timeout
            more["ssl_shutdown_timeout"] = max(endpoint.close_timeout, 0.001)
        _, listener = await picows.ws_connect(
            self._accept,
            self._address.url,
            ssl_context=tls,
            websocket_handshake_timeout=None,
            logger_name=ears,
            enable_auto_pong=False,
            max_frame_size=endpoint.max_message,
            extra_headers=self._request(),
            max_redirects=0,
            read_buffer_init_size=_READ_BUFFER,
            socket_factory=lambda _url: sock,
            # With it a message over TLS takes 1.5 µs less, but on uvloop it misses a reset that follows data,
            # and what came before a pause (aiofastnet 1.2.0). See docs/benchmarks.md.
            use_aiofastnet=False,
            **more,
        )
        if listener is None:
            raise ended(self._address.place, reset=ears.heard_reset, secure=tls is not None)

    def _request(self) -> Iterator[tuple[str, str]]:
        self._asked = monotonic()
        if self._address.secure:
            self.timings.tls = self._asked - self._connected
        yield from self._headers
        if self._endpoint.subprotocols:
            yield "Sec-WebSocket-Protocol", ", ".join(self._endpoint.subprotocols)

    def _accept(self, _request: WSUpgradeRequest, response: WSUpgradeResponse) -> FastConnection:
        now = monotonic()
        self.timings.upgrade = now - self._asked
        self.timings.total = now - self._begun
        headers = response.headers
        if len(headers.getall("Sec-WebSocket-Accept")) > 1:
            raise bad_header("Sec-WebSocket-Accept")
        if headers.get("Sec-WebSocket-Extensions", "").strip():
            raise not_offered()
        self.connection.set_cookies = tuple(headers.getall("Set-Cookie", ()))
        chosen = headers.getall("Sec-WebSocket-Protocol", ())
        if len(chosen) > 1:
            raise bad_header("Sec-WebSocket-Protocol")
        if chosen:
            if chosen[0] not in self._endpoint.subprotocols:
                raise not_offered()
            self.connection.subprotocol = chosen[0]
        return self.connection


class _Ears(logging.LoggerAdapter[Any]):
    """What picows takes for its logger: it writes nothing and listens."""

    logger = logging.getLogger(__name__)

    def __init__(self, connection: FastConnection, sock: socket.socket) -> None:
        self._connection = connection
        self._socket: socket.socket | None = sock
        self.heard_reset = False

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        """Spare picows its formatting."""
        return False

    def log(self, level: int, msg: object, *args: object, **kwargs: object) -> None:
        """Write nothing."""

    def debug(self, msg: object, *args: object, **kwargs: object) -> None:
        """Write nothing."""

    def info(self, msg: object, *args: object, **kwargs: object) -> None:
        """Notice the end of a connection while its socket can still say why."""
        if msg == "Disconnected" and self._socket is not None:
            self.heard_reset = is_reset(self._socket)
            self._socket = None

    def warning(self, msg: object, *args: object, **kwargs: object) -> None:
        """Notice that picows refuses a frame."""
        self._connection.refused_by_picows(args)

    error = warning
    exception = warning


def _judge(exc: Exception) -> ConnectFailure | None:
    if isinstance(exc, picows.WSHandshakeError):
        wrong_header = exc.name if isinstance(exc, picows.WSInvalidHeaderError) else None
        return from_answer(exc.raw_header or b"", wrong_header)
    return None
