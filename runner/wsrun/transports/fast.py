"""The fast transport: picows' core API on the running loop, behind the strict layer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from operator import attrgetter
from time import monotonic
from typing import Any, Final

import picows
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, WSUpgradeResponse

from wsrun.transports import Closing, ConnectFailure, Endpoint, Sink, Timings
from wsrun.transports.address import parse_address
from wsrun.transports.strict import NO_CODE, CloseFrame, Message, Ping, Strict, Violation

_header: Final = attrgetter("msg_type", "fin", "rsv1", "rsv2", "rsv3")
_COMMON: Final = (WSMsgType.TEXT, 1, 0, 0, 0)
"""The header of a whole text message, which is what nearly every frame is."""


class FastConnection(WSListener):
    """An open connection: picows calls it for every frame, the session calls it to send."""

    def __init__(self, endpoint: Endpoint, sink: Sink) -> None:
        self.timings = Timings()
        self.subprotocol: str | None = None
        self.is_open = False
        self.bytes_received = 0
        self._endpoint = endpoint
        self._sink = sink
        self._received = sink.received
        self._strict = Strict(endpoint.max_message)
        self._expected: Any = _COMMON
        self._transport: WSTransport | None = None
        self._closing: Closing | None = None
        self._asked_to_close = False
        self._deadline: asyncio.TimerHandle | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self.is_open = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if _header(frame) == self._expected:
            self.bytes_received += frame.payload_size
            self._received(frame.get_payload_as_utf8_text(), monotonic())
            return
        event = self._strict.take(
            frame.msg_type.value, bool(frame.fin), bool(frame.rsv1 or frame.rsv2 or frame.rsv3), frame.get_payload_as_bytes()
        )
        self._expected = _COMMON if self._strict.between_messages else None
        if isinstance(event, Message):
            self.bytes_received += event.size
            self._received(event.payload, monotonic())
        elif isinstance(event, Ping):
            transport.send_pong(event.payload)
        elif isinstance(event, CloseFrame):
            side = "client" if self._asked_to_close else "server"
            self._closing = Closing(event.code, event.reason, side)
            if not self._asked_to_close:
                self.is_open = False
                transport.send(WSMsgType.CLOSE, b"" if event.code == NO_CODE else event.code.to_bytes(2, "big"))
                self._arm()
        elif isinstance(event, Violation):
            self.is_open = False
            self._closing = Closing(event.code, event.text, "client", event.cause)
            transport.send_close(event.code)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.is_open = False
        if self._deadline is not None:
            self._deadline.cancel()
        self._sink.closed(self._closing or Closing(1006, "", "server", "eof"), monotonic())

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass

    @property
    def write_backlog(self) -> int:
        assert self._transport is not None
        return self._transport.underlying_transport.get_write_buffer_size()

    def send_text(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, payload)

    def send_binary(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, payload)

    def close(self, code: int = 1000) -> None:
        assert self._transport is not None
        if self.is_open:
            self.is_open = False
            self._asked_to_close = True
            self._transport.send_close(code)
            self._arm()

    def abort(self) -> None:
        assert self._transport is not None
        self._transport.disconnect(graceful=False)

    def _arm(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(self._endpoint.close_timeout, self._give_up)

    def _give_up(self) -> None:
        self._closing = self._closing or Closing(1006, "", "client", "close-timeout")
        self.abort()


class FastTransport:
    """Opens connections with picows."""

    name = "fast"

    async def open(self, endpoint: Endpoint, sink: Sink) -> FastConnection:
        """See ``Transport.open``."""
        address = parse_address(endpoint.url)
        connection = FastConnection(endpoint, sink)
        host, port = endpoint.address or (address.host, address.port)
        begun = monotonic()
        sock: socket.socket | None = None

        async def dial(_url: object) -> socket.socket:
            nonlocal sock
            loop = asyncio.get_running_loop()
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            await loop.sock_connect(sock, (host, port))
            return sock

        def listener(_request: WSUpgradeRequest, response: WSUpgradeResponse) -> FastConnection:
            connection.subprotocol = response.headers.get("Sec-WebSocket-Protocol")
            return connection

        headers = [("User-Agent", endpoint.user_agent), *endpoint.headers]
        if endpoint.subprotocols:
            headers.append(("Sec-WebSocket-Protocol", ", ".join(endpoint.subprotocols)))
        try:
            async with asyncio.timeout(endpoint.connect_timeout):
                await picows.ws_connect(
                    listener,
                    address.url,
                    ssl_context=endpoint.ssl,
                    websocket_handshake_timeout=None,
                    enable_auto_pong=False,
                    max_frame_size=endpoint.max_message,
                    extra_headers=headers,
                    max_redirects=0,
                    socket_factory=dial,
                    read_buffer_init_size=4096,
                )
        except (OSError, TimeoutError, picows.WSError) as exc:
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.close()
            raise ConnectFailure("failed", "connect", str(exc)) from exc
        if not connection.is_open:
            raise ConnectFailure("failed", "eof", "the server closed the connection")
        connection.timings.total = monotonic() - begun
        return connection
