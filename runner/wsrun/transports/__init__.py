"""The seam between a client and the network: one open connection, and who hears from it.

A transport pushes: it calls its ``Sink`` from the frame callback, so that a frame is stamped when it is read
and not when somebody gets round to it. No type of a library crosses this seam.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

FailureKind = Literal["refused", "timed_out", "failed"]
"""``refused``: the server answered the handshake with another status than 101. ``timed_out``: no answer in
time. ``failed``: anything else (nobody listens, reset, TLS, not a WebSocket server, local limits)."""

CloseSide = Literal["client", "server", "network"]
"""Who ended a connection: us, the server by a close frame or by TCP, or the network (reset)."""


class ConnectFailure(Exception):
    """A connection was not made.

    ``cause`` is a short kebab-case word for counting: ``refused-503``, ``connection-refused``, ``reset``,
    ``eof``, ``connect-timeout``, ``handshake-timeout``, ``dns``, ``tls-verify``, ``tls-protocol``,
    ``not-websocket``, ``bad-handshake``, ``bad-request``, ``unreachable``, ``local-descriptors``,
    ``local-ports`` and a few more in ``wsrun.transports.failures``. ``status`` is the HTTP status where there
    was one, with ``headers`` and ``body`` beside it; ``text`` is one plain sentence.
    """

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __init__(self, kind: FailureKind, cause: str, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.kind: FailureKind = kind
        self.cause = cause
        self.text = text
        self.status = status


@dataclass(slots=True)
class Timings:
    """How long each part of a connect took, in seconds; None for a part that there was not."""

    total: float = 0.0
    dns: float | None = None
    tcp: float | None = None
    tls: float | None = None
    upgrade: float | None = None
    peer: tuple[str, int] | None = None
    """The address (numeric) and port that was connected to: those of the proxy, where there is one."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a connection ended.

    ``code`` is what the peer's close frame said, 1005 for a frame without a code, 1006 for no frame at all.
    ``cause`` is None for a close in good order, else a short kebab-case word: ``protocol-error``,
    ``bad-utf8``, ``message-too-big``, ``reset``, ``eof``, ``close-timeout``, ``aborted``. ``reason`` is the
    peer's, as it came, or our own sentence where the peer broke a rule.
    """

    code: int
    reason: str
    side: CloseSide
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything that is needed to open one connection; all values are final (no templates)."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    compression: bool = False
    max_message: int = 1 << 20
    ssl: ssl.SSLContext | None = None
    server_name: str | None = None
    connect_timeout: float = 10.0
    close_timeout: float = 5.0
    address: tuple[str, int] | None = None
    """The resolved address to connect to; None: resolve the URL's host now."""
    source_address: str | None = None
    """The local address to bind to; None: the system chooses."""
    user_agent: str = field(default="wsrun", kw_only=True)
    proxy: str | None = None
    """The ``http://`` URL of a proxy to go through; ``address`` is then the proxy's."""
    needs_answer: bool = False
    """Whether a refusal is looked at: then it is read to the end of its body, which takes longer."""


class Sink(Protocol):
    """Who hears from a connection. Both methods are called on the loop's thread and must not raise."""

    def received(self, payload: str | bytes, at: float) -> None:
        """Take a whole message: str for text, bytes for binary; it came at ``at`` (``time.monotonic()``)."""

    def closed(self, closing: Closing, at: float) -> None:
        """Take note that the connection is over; called exactly once, after the last ``received``."""


class Connection(Protocol):
    """An open connection."""

    timings: Timings
    subprotocol: str | None
    set_cookies: tuple[str, ...]
    """The values of the Set-Cookie headers with which the handshake was answered."""

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""

    @property
    def write_backlog(self) -> int:
        """Bytes given to the connection that the system has not taken yet."""

    @property
    def bytes_received(self) -> int:
        """Payload bytes of whole data messages so far."""

    def send_text(self, payload: bytes) -> None:
        """Send one text message, given as UTF-8; dropped when the connection is not open."""

    def send_binary(self, payload: bytes) -> None:
        """Send one binary message; dropped when the connection is not open."""

    on_pong: Callable[[bytes, float], None] | None
    """Called with the payload of each pong and when it came (``time.monotonic()``); None: nobody asks."""

    def ping(self, payload: bytes) -> None:
        """Send a ping with at most 125 bytes; dropped when the connection is not open."""

    def pause_reading(self) -> None:
        """Read nothing from now on; what is read already may still be told."""

    def resume_reading(self) -> None:
        """Read again; ``close`` does so too, because the answer stands behind everything else."""

    def close(self, code: int = 1000) -> None:
        """Begin the closing handshake; ``Sink.closed`` follows within the endpoint's ``close_timeout``."""

    def abort(self) -> None:
        """Reset the connection at once; ``Sink.closed`` follows."""


class Transport(Protocol):
    """Opens connections."""

    name: str

    async def open(self, endpoint: Endpoint, sink: Sink) -> Connection:
        """Connect and upgrade within ``endpoint.connect_timeout``.

        Frames that arrive together with the handshake reach ``sink`` after this returned, never before.

        Raises:
            ConnectFailure: the connection was not made.
        """


def transports() -> dict[str, Callable[[], Transport]]:
    """Return the table of transports; the imports are lazy because each brings a library."""

    def fast() -> Transport:
        from wsrun.transports.fast import FastTransport

        return FastTransport()

    def reference() -> Transport:
        from wsrun.transports.reference import ReferenceTransport

        return ReferenceTransport()

    return {"fast": fast, "reference": reference}
