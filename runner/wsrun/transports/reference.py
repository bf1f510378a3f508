"""The reference transport: the ``websockets`` library behind the same contract, as a second witness.

It is slower than the fast transport and can compress. ``websockets`` checks the protocol itself; what is
added here is the time at which data was read, deadlines of our own, and the cause of an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    PayloadTooBig,
    ProtocolError,
)
from websockets.protocol import State

from wsrun.transports import Closing, ConnectFailure, Endpoint, Sink, Timings
from wsrun.transports.address import Address
from wsrun.transports.failures import (
    bad_header,
    clean,
    ended,
    from_answer,
    from_status,
    not_offered,
)
from wsrun.transports.opening import open_within
from wsrun.transports.request import address_of, headers_of, tls_of, with_host
from wsrun.transports.sockets import reset_on_close

if TYPE_CHECKING:
    from websockets.typing import Subprotocol

_LINGER: Final = 0.02
"""How long a connection that broke the rules is kept for the close frame to leave, in seconds."""
_CAUSES: Final = {1002: "protocol-error", 1007: "bad-utf8", 1009: "message-too-big"}
_HEAD: Final = 64
"""How many bytes of an answer are kept to name its status."""


class ReferenceTransport:
    """Opens connections with ``websockets``."""

    name = "reference"

    async def open(self, endpoint: Endpoint, sink: Sink) -> ReferenceConnection:
        """See ``Transport.open``."""
        address = address_of(endpoint)
        upgrade = _Upgrade(endpoint, address)
        wire = await open_within(endpoint, address, upgrade.timings, upgrade.run, upgrade.judge)
        return ReferenceConnection(wire, endpoint, sink, upgrade.timings)


class _Upgrade:
    """One handshake, from a connected socket to an open connection."""

    def __init__(self, endpoint: Endpoint, address: Address) -> None:
        self.timings = Timings()
        self._endpoint = endpoint
        self._address = address
        self._headers = headers_of(endpoint, address)
        self._begun = monotonic()
        self._wire: _Wire | None = None

    async def run(self, sock: socket.socket) -> _Wire:
        """Ask for the upgrade on ``sock`` and wait for the answer."""
        endpoint, timings = self._endpoint, self.timings
        connected = monotonic()
        tls = tls_of(endpoint, self._address)
        more: dict[str, Any] = {}
        if tls is not None:
            more["ssl"] = tls
            more["server_hostname"] = endpoint.server_name or self._address.host
            more["ssl_handshake_timeout"] = endpoint.connect_timeout
            more["ssl_shutdown_timeout"] = max(endpoint.close_timeout, 0.001)
        url, headers = with_host(self._address, self._headers)
        try:
            await _Connect(
                url,
                subprotocols=cast("tuple[Subprotocol, ...]", endpoint.subprotocols) or None,
                compression="deflate" if endpoint.compression else None,
                additional_headers=headers,
                user_agent_header=None,
                proxy=None,
                open_timeout=None,
                ping_interval=None,
                close_timeout=None,
                max_size=endpoint.max_message,
                max_queue=None,
                create_connection=cast("type[ClientConnection]", self._make),
                sock=sock,
                **more,
            )
        finally:
            # Set for a failure too: what is judged of it depends on whether TLS was done.
            if tls is not None and self._wire is not None and self._wire.made_at:
                timings.tls = self._wire.made_at - connected
        wire = self._wire
        assert wire is not None
        timings.upgrade = wire.answered_at - wire.made_at
        timings.total = wire.answered_at - self._begun
        return wire

    def judge(self, exc: Exception) -> ConnectFailure | None:
        """Explain what ``websockets`` raises."""
        wire, address = self._wire, self._address
        if isinstance(exc, InvalidURI):
            return ConnectFailure("failed", "bad-request", "the URL or the Host header is not valid")
        if wire is None or not isinstance(exc, InvalidHandshake):
            return None
        if isinstance(exc, InvalidStatus):
            failure = from_status(exc.response.status_code)
            failure.headers = tuple(exc.response.headers.raw_items())
            failure.body = bytes(exc.response.body or b"")
            return failure
        if isinstance(exc, InvalidHeader):
            return bad_header(exc.name)
        if isinstance(exc, NegotiationError):
            return not_offered()
        if isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError):
            return ended(address.place, reset=wire.was_reset, secure=address.secure)
        return from_answer(wire.head, None)

    def _make(self, *args: Any, **kwargs: Any) -> _Wire:
        self._wire = _Wire(*args, **kwargs)
        return self._wire


class _Wire(ClientConnection):
    """``websockets``' connection, watched: when data was read, and how the connection began and ended."""

    made_at = 0.0
    answered_at = 0.0
    read_at = 0.0
    head = b""
    heard_end = False
    was_reset = False
    owner: ReferenceConnection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made_at = monotonic()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.read_at = monotonic()
        if self.response is None:
            self.head = (self.head + data[:_HEAD])[:_HEAD]
            super().data_received(data)
            self.answered_at = self.read_at
        else:
            super().data_received(data)

    def send_data(self) -> None:
        super().send_data()
        if self.owner is not None and self.protocol.close_expected():
            self.owner.closing_began()

    def acknowledge_pings(self, data: bytes) -> None:
        if self.owner is not None and self.owner.on_pong is not None:
            self.owner.on_pong(data, self.read_at)

    def eof_received(self) -> None:
        self.heard_end = True
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.was_reset = isinstance(exc, ConnectionError) and not self.heard_end
        super().connection_lost(exc)


class _Connect(connect):
    """``connect`` that follows no redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class ReferenceConnection:
    """An open connection of the reference transport (``Connection``)."""

    __slots__ = (
        "_asked_to_close",
        "_cause",
        "_deadline",
        "_endpoint",
        "_helper",
        "_reader",
        "_sink",
        "_wire",
        "bytes_received",
        "is_open",
        "on_pong",
        "set_cookies",
        "subprotocol",
        "timings",
    )

    def __init__(self, wire: _Wire, endpoint: Endpoint, sink: Sink, timings: Timings) -> None:
        self.timings = timings
        self.subprotocol: str | None = wire.subprotocol
        answer = wire.response
        self.set_cookies = () if answer is None else tuple(answer.headers.get_all("Set-Cookie"))
        self.is_open = True
        self.bytes_received = 0
        self.on_pong: Callable[[bytes, float], None] | None = None
        self._wire = wire
        self._endpoint = endpoint
        self._sink = sink
        self._asked_to_close = False
        self._cause: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._helper: asyncio.Task[None] | None = None
        wire.owner = self
        if wire.protocol.close_expected():
            self.closing_began()
        # The task starts in the loop's next turn, and so after ``open`` has returned.
        self._reader = wire.loop.create_task(self._read())

    @property
    def extensions(self) -> tuple[str, ...]:
        """The names of the extensions that were agreed; the fast transport has none."""
        return tuple(extension.name for extension in self._wire.protocol.extensions)

    @property
    def write_backlog(self) -> int:
        """See ``Connection.write_backlog``."""
        return self._wire.transport.get_write_buffer_size()

    def send_text(self, payload: bytes) -> None:
        """See ``Connection.send_text``."""
        if self.is_open:
            broadcast((self._wire,), payload, text=True)

    def send_binary(self, payload: bytes) -> None:
        """See ``Connection.send_binary``."""
        if self.is_open:
            broadcast((self._wire,), payload)

    def ping(self, payload: bytes) -> None:
        """See ``Connection.ping``."""
        if self.is_open and self._wire.protocol.state is State.OPEN:
            self._wire.protocol.send_ping(payload)
            self._wire.send_data()

    def pause_reading(self) -> None:
        """See ``Connection.pause_reading``."""
        if self.is_open:
            with contextlib.suppress(RuntimeError):  # it is ending
                self._wire.transport.pause_reading()

    def resume_reading(self) -> None:
        """See ``Connection.resume_reading``."""
        if self.is_open:
            with contextlib.suppress(RuntimeError):  # it is not paused
                self._wire.transport.resume_reading()

    def close(self, code: int = 1000) -> None:
        """See ``Connection.close``."""
        if not self.is_open:
            return
        self.resume_reading()
        self._asked_to_close = True
        self.is_open = False
        self._end_after(self._endpoint.close_timeout, "close-timeout")
        self._helper = self._wire.loop.create_task(self._wire.close(code))

    def abort(self) -> None:
        """See ``Connection.abort``."""
        self._end("aborted")

    def closing_began(self) -> None:
        """Set the deadline for an end that the peer, or a rule that it broke, began."""
        if self._asked_to_close or self._deadline is not None:
            return
        self.is_open = False
        answered = self._wire.protocol.close_rcvd is not None
        self._end_after(self._endpoint.close_timeout if answered else _LINGER, None)

    async def _read(self) -> None:
        wire, sink = self._wire, self._sink
        try:
            while True:
                payload = await wire.recv()
                self.bytes_received += len(payload.encode() if isinstance(payload, str) else payload)
                if self._cause is None:
                    sink.received(payload, wire.read_at)
        except ConnectionClosed as exc:
            self.is_open = False
            if self._deadline is not None:
                self._deadline.cancel()
            sink.closed(self._judge(exc), monotonic())
        except Exception:
            # Only the sink can fail here. The loop prints its error; the connection ends by it.
            self._end("internal-error")
            sink.closed(Closing(1006, "", "client", "internal-error"), monotonic())
            raise

    def _judge(self, exc: ConnectionClosed) -> Closing:
        if exc.rcvd is not None and self._cause != "aborted":
            return Closing(exc.rcvd.code, exc.rcvd.reason, "server" if exc.rcvd_then_sent else "client")
        if self._cause is not None:
            return Closing(1006, "", "client", self._cause)
        if exc.sent is not None and not self._asked_to_close:
            cause = _CAUSES.get(exc.sent.code, "protocol-error")
            return Closing(1006, clean(exc.sent.reason), "client", cause)
        broken = self._wire.protocol.parser_exc
        if isinstance(broken, ProtocolError | PayloadTooBig):
            cause = "message-too-big" if isinstance(broken, PayloadTooBig) else "protocol-error"
            return Closing(1006, clean(str(broken)), "client", cause)
        reset = self._wire.was_reset
        cause = "reset" if reset else "eof"
        if self._asked_to_close:
            return Closing(1006, "", "client", cause)
        return Closing(1006, "", "network" if reset else "server", cause)

    def _end_after(self, seconds: float, cause: str | None) -> None:
        self._deadline = self._wire.loop.call_later(seconds, self._end, cause)

    def _end(self, cause: str | None) -> None:
        """Close the socket now: as a reset and for ``cause``, or without more ado."""
        self.is_open = False
        if self._wire.protocol.state is State.CLOSED:
            return
        if cause is not None:
            self._cause = self._cause or cause
            reset_on_close(self._wire.transport.get_extra_info("socket"))
        self._wire.transport.abort()
