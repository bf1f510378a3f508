"""What every frame goes through, in Python; ``frames_compiled.pyx`` is the same, compiled."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from time import monotonic
from typing import Final

from picows import WSFrame, WSListener, WSMsgType, WSTransport

_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY
_header_of: Final = attrgetter("msg_type", "fin", "rsv1", "rsv2", "rsv3")
_WHOLE_TEXT: Final = (_TEXT, 1, 0, 0, 0)
"""The header of nearly every frame: a message of text in one frame."""
_WHOLE_BINARY: Final = (_BINARY, 1, 0, 0, 0)


class FrameListener(WSListener):
    """Hands on the message that a frame is, and sends frames; what is not so plain, ``_judge`` gets.

    ``is_between``: whether a message in one frame may come, which it may not inside a fragmented one and
    after the end. ``_received`` is told of each message and when it came (``time.monotonic()``).
    """

    __slots__ = ("_received", "_transport", "bytes_received", "is_between", "is_open")

    _received: Callable[[str | bytes, float], None]
    _transport: WSTransport

    def __init__(self) -> None:
        self.is_open = False
        self.is_between = True
        self.bytes_received = 0

    def send_text(self, payload: bytes) -> None:
        """See ``Connection.send_text``."""
        if self.is_open:
            self._transport.send(_TEXT, payload)

    def send_binary(self, payload: bytes) -> None:
        """See ``Connection.send_binary``."""
        if self.is_open:
            self._transport.send(_BINARY, payload)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Judge a frame and deliver the message that it completes."""
        at = monotonic()
        if not self.is_between:
            self._judge(frame, at)
            return
        header = _header_of(frame)
        if header == _WHOLE_TEXT:
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self._judge(frame, at)
                return
            self.bytes_received += frame.payload_size
            self._received(text, at)
        elif header == _WHOLE_BINARY:
            self.bytes_received += frame.payload_size
            self._received(frame.get_payload_as_bytes(), at)
        else:
            self._judge(frame, at)

    def _judge(self, frame: WSFrame, at: float) -> None:
        """Take a frame that is not a whole message where one may come."""
        raise NotImplementedError

    def _part(self) -> None:
        """Let go of who knows this connection: parted, all are freed without the garbage collector."""
        del self._transport, self._received
