"""One WebSocket connection of the demo server: what every path does alike.

The counters are plain attributes of the connection and are summed when somebody asks, so that counting costs
a busy path two additions a message.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING

from picows import WSFrame, WSListener, WSMsgType, WSTransport

if TYPE_CHECKING:
    from wsrun.demo.http import Request
    from wsrun.demo.service import Service

TEXT = WSMsgType.TEXT
BINARY = WSMsgType.BINARY
CONTINUATION = WSMsgType.CONTINUATION
CLOSE = WSMsgType.CLOSE

CLOSE_TIMEOUT = 2.0
"""Seconds that a client has for answering a close frame before its connection is cut off."""

MAX_MESSAGE = 16 * 1024 * 1024
"""Payload bytes that a message may have."""


class Connection(WSListener):
    """A connection that a client opened; a path subclasses it and takes whole messages in ``received``."""

    __slots__ = (
        "_holds",
        "_part",
        "_part_is_text",
        "accepted_at",
        "bytes_received",
        "bytes_sent",
        "messages_received",
        "messages_sent",
        "number",
        "opened_at",
        "over",
        "path",
        "peer",
        "service",
        "set_cookie",
        "transport",
    )

    answers_pings = True
    """Whether picows answers them; a path that does not want that takes them in ``handle_rare``."""

    def __init__(self, service: Service, request: Request) -> None:
        self.service = service
        self.path = request.path
        self.peer = request.peer
        self.transport: WSTransport | None = None
        self.set_cookie: str | None = None  # what the answer to the handshake says
        self.number = 0
        self.accepted_at = 0.0
        self.opened_at = 0.0
        self.over = False
        self.messages_received = 0
        self.messages_sent = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self._holds = 0
        self._part: bytearray | None = None  # of a message in fragments
        self._part_is_text = True

    # What a path may override

    def opened(self) -> None:
        """Take note that the handshake is done."""

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Take a whole message."""

    def gone(self) -> None:
        """Take note that the connection is no more."""

    def sync_counts(self) -> None:
        """Bring the counters up to date, where a path keeps some of them otherwise."""

    # What a path may use

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self.transport is not None and not self.over

    @property
    def is_held(self) -> bool:
        """Whether nothing is read from the client at the moment."""
        return self._holds > 0

    @property
    def backlog(self) -> int:
        """Bytes that were sent and that the system has not taken yet."""
        if self.transport is None:
            return 0
        return self.transport.underlying_transport.get_write_buffer_size()

    def send(self, payload: bytes, *, is_text: bool = True) -> None:
        """Send a message and count it; nothing happens once the closing has begun."""
        if self.transport is None or self.over:
            return
        self.transport.send(TEXT if is_text else BINARY, payload)
        self.messages_sent += 1
        self.bytes_sent += len(payload)

    def close(self, code: int | None, reason: str = "") -> None:
        """Begin the closing handshake; None sends a close frame without a code.

        A client that does not answer is cut off after ``CLOSE_TIMEOUT``.
        """
        if self.transport is None or self.over:
            return
        self.over = True
        self.transport.send(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())
        asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self.transport.disconnect, False)

    def reset(self) -> None:
        """Reset the TCP connection: no close frame, and an RST instead of a FIN."""
        if self.transport is not None:
            underlying = self.transport.underlying_transport
            linger = struct.pack("ii", 1, 0)
            underlying.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            underlying.abort()

    def hold(self) -> None:
        """Stop reading; its messages wait in the system's buffers. Holds count: each needs its release."""
        self._holds += 1
        if self._holds == 1 and self.transport is not None:
            underlying = self.transport.underlying_transport
            if not underlying.is_closing():
                underlying.pause_reading()

    def release(self) -> None:
        """Take back one ``hold``."""
        self._holds -= 1
        if self._holds == 0 and self.transport is not None:
            underlying = self.transport.underlying_transport
            if not underlying.is_closing():
                underlying.resume_reading()

    # What picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Join the service once the upgrade has been sent."""
        self.transport = transport
        self.opened_at = time.time()
        self.service.enter(self)
        self.opened()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame; picows has answered pings already."""
        kind = frame.msg_type
        if (kind is TEXT or kind is BINARY) and frame.fin and self._part is None:
            if not self.over:
                payload = frame.get_payload_as_bytes()
                self.messages_received += 1
                self.bytes_received += len(payload)
                self.received(payload, is_text=kind is TEXT)
        else:
            self.handle_rare(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave the service."""
        self.over = True
        self.transport = None
        self.service.leave(self)
        self.gone()

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        self.hold()

    def resume_writing(self) -> None:
        """Read again from a client that has caught up."""
        self.release()

    def handle_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take anything but a message in one frame: fragments, pongs, the close."""
        kind = frame.msg_type
        if kind is CLOSE:
            self.answer_close(transport, frame)
        elif (kind is TEXT or kind is BINARY or kind is CONTINUATION) and not self.over:
            self._collect(frame)

    def _collect(self, frame: WSFrame) -> None:
        """Put the fragments of a message together."""
        starts = frame.msg_type is not CONTINUATION
        if starts == (self._part is not None):
            self.close(1002, "fragments out of order")
            return
        if self._part is None:
            self._part = bytearray()
            self._part_is_text = frame.msg_type is TEXT
        self._part += frame.get_payload_as_bytes()
        if len(self._part) > MAX_MESSAGE:
            self.close(1009, "message too big")
        elif frame.fin:
            payload = bytes(self._part)
            self._part = None
            self.messages_received += 1
            self.bytes_received += len(payload)
            self.received(payload, is_text=self._part_is_text)

    def answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a close frame with its code, or without one if it has none (RFC 6455 §5.5.1, §7.1.5)."""
        if not self.over:
            self.over = True
            transport.send(CLOSE, frame.get_payload_as_bytes()[:2])
        transport.disconnect()
