"""One open connection of the fast transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final

from picows import WSFrame, WSMsgType, WSTransport

from wsrun.transports import Closing, Endpoint, Sink, Timings
from wsrun.transports.failures import clean
from wsrun.transports.frames import FrameListener
from wsrun.transports.sockets import is_reset, reset_on_close
from wsrun.transports.strict import NO_CODE, CloseFrame, Message, Ping, Pong, Strict, Violation

if TYPE_CHECKING:
    from wsrun.transports.readers import Reader, Readers

_LINGER: Final = 0.02
"""How long a connection that broke the rules is kept for our close frame to leave, in seconds."""
_PONG_BACKLOG: Final = 64 * 1024
"""How many bytes may wait before pings go unanswered: a peer that floods and does not read gets no more."""
_CAUSES: Final = {1007: "bad-utf8", 1009: "message-too-big"}


class FastConnection(FrameListener):
    """An open connection: picows calls its ``on_ws_…``, the session calls the rest (``Connection``)."""

    __slots__ = (
        "_aborted",
        "_asked_to_close",
        "_closing",
        "_deadline",
        "_end",
        "_endpoint",
        "_held",
        "_loop",
        "_reader",
        "_sink",
        "_strict",
        "_watcher",
        "on_pong",
        "set_cookies",
        "subprotocol",
        "timings",
    )

    def __init__(self, endpoint: Endpoint, sink: Sink) -> None:
        super().__init__()
        self.timings = Timings()
        self.subprotocol: str | None = None
        self.set_cookies: tuple[str, ...] = ()
        self.on_pong: Callable[[bytes, float], None] | None = None
        self._endpoint = endpoint
        self._sink = sink
        self._strict = Strict(endpoint.max_message)
        self._held: list[tuple[str | bytes, float]] | None = []
        self._closing: Closing | None = None
        self._asked_to_close = False
        self._aborted = False
        self._deadline: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._reader: Reader | None = None
        self._end: tuple[Closing, float] | None = None
        self._loop = asyncio.get_running_loop()

    # What the session calls.

    @property
    def write_backlog(self) -> int:
        """See ``Connection.write_backlog``."""
        if self._end is not None:
            return 0
        return self._transport.underlying_transport.get_write_buffer_size()

    def ping(self, payload: bytes) -> None:
        """See ``Connection.ping``."""
        if self.is_open:
            self._transport.send_ping(payload)

    def pause_reading(self) -> None:
        """See ``Connection.pause_reading``."""
        if self.is_open:
            self._pause()

    def resume_reading(self) -> None:
        """See ``Connection.resume_reading``."""
        if self.is_open:
            self._resume()

    def close(self, code: int = 1000) -> None:
        """See ``Connection.close``."""
        if not self.is_open:
            return
        self.resume_reading()
        self._asked_to_close = True
        self.is_open = False
        self._send_close(code)
        self._end_after(self._endpoint.close_timeout, self._run_out)

    def abort(self) -> None:
        """See ``Connection.abort``."""
        if self._end is None:
            self._aborted = True
            self._stop(Closing(1006, "", "client", "aborted"))
            self._reset()

    # What the transport calls.

    def read_by(self, readers: Readers) -> None:
        """Have these read what comes from now on; TLS is read by its own transport, which decrypts."""
        transport = self._transport
        if self.is_open and not transport.is_secure and not transport.underlying_transport.is_closing():
            self._reader = readers.reader(transport.underlying_transport)

    def release(self) -> None:
        """Let the sink hear: first of what came together with the handshake, then of everything."""
        if self._held or self._end is not None:
            self._loop.call_soon(self._flush)
        else:
            self._flush()

    def refused_by_picows(self, args: tuple[object, ...]) -> None:
        """Take note that picows refuses a frame; it sends the close frame itself.

        picows looks one frame ahead: the frame before the refused one is still to be delivered, by the very
        call that is running. So reading stops at once, and delivering once that call has returned.
        """
        if self._end is not None:
            return
        said = args[0] if args else None
        code, text = said if isinstance(said, tuple) and len(said) == 2 else (1011, said)
        cause = "internal-error" if code == 1011 else _CAUSES.get(code, "protocol-error")
        closing = Closing(1006, clean(str(text)), "client", cause)
        self.is_open = False
        self._pause()
        self._loop.call_soon(self._refuse, closing)
        if cause != "internal-error":
            self._watcher = self._loop.create_task(_watch(self._transport))

    # What picows calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take the transport; nothing can be sent before."""
        self._transport = transport
        self._received = self._hold
        self.is_open = True

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell the sink, once and last."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        closing = self._closing or self._lost()
        self._stop(closing)
        if self._deadline is not None:
            self._deadline.cancel()
            # It holds on to this connection, which would wait for the garbage collector.
            self._deadline = None
        self._end = closing, monotonic()
        if self._held is None:
            self._tell_end()

    def pause_writing(self) -> None:
        """Do nothing: ``write_backlog`` tells who asks."""

    def resume_writing(self) -> None:
        """Do nothing: ``write_backlog`` tells who asks."""

    # Inside.

    def _pause(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is ending
            if self._reader is None:
                self._transport.underlying_transport.pause_reading()
            else:
                self._reader.pause()

    def _resume(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is not paused
            if self._reader is None:
                self._transport.underlying_transport.resume_reading()
            else:
                self._reader.resume()

    def _hold(self, payload: str | bytes, at: float) -> None:
        assert self._held is not None
        self._held.append((payload, at))

    def _flush(self) -> None:
        held, self._held = self._held or (), None
        self._received = self._sink.received
        for payload, at in held:
            if self._aborted:
                break
            self._received(payload, at)
        if self._end is not None:
            self._tell_end()

    def _tell_end(self) -> None:
        assert self._end is not None
        sink = self._sink
        # The connection and what it is made of know each other; parted, they are freed without the collector.
        self._part()
        del self._sink
        self.on_pong = None
        sink.closed(*self._end)

    def _judge(self, frame: WSFrame, at: float) -> None:
        reserved = bool(frame.rsv1 or frame.rsv2 or frame.rsv3)
        event = self._strict.take(
            frame.msg_type.value, bool(frame.fin), reserved, frame.get_payload_as_bytes()
        )
        if isinstance(event, Message):
            self.bytes_received += event.size
            self._received(event.payload, at)
        elif isinstance(event, Ping):
            if self.write_backlog <= _PONG_BACKLOG:
                self._transport.send_pong(event.payload)
        elif isinstance(event, Pong):
            if self.on_pong is not None:
                self.on_pong(event.payload, at)
        elif isinstance(event, CloseFrame):
            self._answer_close(event)
        elif isinstance(event, Violation):
            self._send_close(event.code, event.text)
            self._refuse(Closing(1006, event.text, "client", event.cause))
        self.is_between = self._strict.between_messages

    def _answer_close(self, frame: CloseFrame) -> None:
        if self._asked_to_close:
            self._stop(Closing(frame.code, frame.reason, "client"))
            return
        self._stop(Closing(frame.code, frame.reason, "server"))
        self._send_close(frame.code)
        # The server closes TCP first, so that the ports in TIME_WAIT are its own; but not for ever.
        self._end_after(self._endpoint.close_timeout, self._run_out)

    def _refuse(self, closing: Closing) -> None:
        if self._end is not None:
            return
        self._stop(closing)
        self._resume()
        self._end_after(_LINGER, self._transport.underlying_transport.abort)

    def _stop(self, closing: Closing) -> None:
        """Deliver and send nothing any more; the first reason to stop is the one that is told."""
        self.is_open = False
        self._closing = self._closing or closing
        self._strict.stop()
        self.is_between = False

    def _send_close(self, code: int, reason: str = "") -> None:
        if code == NO_CODE:
            # send_close would write a code 0, for which some servers drop the connection.
            self._transport.send(WSMsgType.CLOSE, b"")
        else:
            self._transport.send_close(code, reason.encode()[:123])  # type: ignore[arg-type]

    def _end_after(self, seconds: float, end: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(seconds, end)

    def _run_out(self) -> None:
        self._stop(Closing(1006, "", "client", "close-timeout"))
        self._reset()

    def _reset(self) -> None:
        transport = self._transport.underlying_transport
        reset_on_close(transport.get_extra_info("socket"))
        transport.abort()

    def _lost(self) -> Closing:
        reset = is_reset(self._transport.underlying_transport.get_extra_info("socket"))
        cause = "reset" if reset else "eof"
        if self._asked_to_close:
            return Closing(1006, "", "client", cause)
        return Closing(1006, "", "network" if reset else "server", cause)


async def _watch(transport: WSTransport) -> None:
    # picows keeps its own error for whoever asks; unasked, asyncio would print it.
    try:
        await transport.wait_disconnected()
    except Exception as exc:
        # The error is the transport's and its traceback knows the transport: a circle.
        exc.__traceback__ = None
