"""What stands between a transport and a line where the messages of a stream ignore its frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wsrun.patterns.splitting import Fault, Splitter
from wsrun.transports import Closing

if TYPE_CHECKING:
    from wsrun.engine.line import Line

_CODES = {"message-too-big": 1009, "split-failed": 1007}
"""The close codes for streams that cannot be split (RFC 6455 §7.4.1)."""


class Splitting:
    """Hands a line the messages of a stream; the transport's ``Sink`` in its place.

    A message is text where the frame that completes it was, and its bytes are UTF-8; else it is binary.
    Counted are messages and their bytes, not frames. What cannot be split ends the connection.
    """

    __slots__ = ("_line", "_splitter")

    def __init__(self, line: Line, splitter: Splitter) -> None:
        self._line = line
        self._splitter = splitter

    def received(self, payload: str | bytes, at: float) -> None:
        """Take a frame's worth of the stream."""
        splitter, line = self._splitter, self._line
        if splitter.fault is not None:
            return
        if isinstance(payload, str):
            for message in splitter.feed(payload.encode()):
                line.received(_text(message), at)
        else:
            for message in splitter.feed(payload):
                line.received(message, at)
        # The splitter may have found a fault on the way.
        fault: Fault | None = splitter.fault
        if fault is not None and line.connection is not None:
            line.connection.close(_CODES[fault.cause])

    def closed(self, closing: Closing, at: float) -> None:
        """Hand on how the connection ended, and whose fault that was."""
        fault = self._splitter.fault
        if fault is not None:
            closing = Closing(closing.code, fault.text, "client", fault.cause)
        elif self._splitter.unfinished and closing.side == "server" and closing.cause is None:
            text = f"it ended within a message, {self._splitter.unfinished} bytes into it"
            closing = replace(closing, reason=text, cause="split-failed")
        self._line.closed(closing, at)


def _text(message: bytes) -> str | bytes:
    try:
        return message.decode()
    except UnicodeDecodeError:
        return message
