"""What RFC 6455 forbids a server to send, checked without a socket.

``Strict`` is fed the frames of one connection in their order and says what each of them means. It is a pure
state machine: it never raises, it keeps at most one unfinished message of bounded size, and once a connection
is over it stays over. A transport that wants a fast path for the common frame may skip it while
``Strict.between_messages`` holds: a final, unfragmented text frame then needs nothing but decoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final, NamedTuple

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

MAX_FRAGMENTS: Final = 1024
"""How many frames one message may have: empty fragments cost time, but no bytes of the size limit."""

MAX_CONTROL_PAYLOAD: Final = 125
"""How many bytes a ping, pong or close frame may carry (RFC 6455 §5.5)."""

NO_CODE: Final = 1005
"""What stands for "a close frame without a code"; never on the wire (RFC 6455 §7.4.1)."""

_Decoder: Final = codecs.getincrementaldecoder("utf-8")


class Message(NamedTuple):
    """A whole message: str for text, bytes for binary; ``size`` is its length in bytes."""

    payload: str | bytes
    size: int


class Ping(NamedTuple):
    """A ping, to be answered with the same payload."""

    payload: bytes


class Pong(NamedTuple):
    """An answer to a ping, or what a server sends unasked."""

    payload: bytes


class CloseFrame(NamedTuple):
    """The peer's close frame; ``code`` is ``NO_CODE`` where the frame has none."""

    code: int
    reason: str


class Violation(NamedTuple):
    """A broken rule, to be answered with a close frame of ``code``; ``cause`` counts it, ``text`` says it."""

    code: int
    cause: str
    text: str


Event = Message | Ping | Pong | CloseFrame | Violation | None
"""What a frame means; None: nothing to do (yet)."""


def is_sendable_code(code: int) -> bool:
    """Whether a close frame may carry ``code``: RFC 6455 §7.4 and the IANA registry of close codes."""
    return 3000 <= code <= 4999 or 1000 <= code <= 1003 or 1007 <= code <= 1014


def read_close(payload: bytes) -> CloseFrame | Violation:
    """Take a close frame's payload apart."""
    if not payload:
        return CloseFrame(NO_CODE, "")
    if len(payload) == 1:
        return _broken("a close frame with half a code")
    code = int.from_bytes(payload[:2], "big")
    if not is_sendable_code(code):
        return _broken(f"a close frame with the reserved code {code}")
    try:
        return CloseFrame(code, payload[2:].decode())
    except UnicodeDecodeError:
        return Violation(1007, "bad-utf8", "a close reason that is not UTF-8")


class Strict:
    """The state of one connection's incoming side; ``max_message`` is the largest message taken, in bytes."""

    __slots__ = ("_binary", "_decode", "_fragments", "_max_message", "_opcode", "_over", "_size", "_text")

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._over = False
        self._opcode = CONTINUATION
        self._fragments = 0
        self._size = 0
        self._text: list[str] = []
        self._binary = bytearray()
        self._decode: Callable[[bytes, bool], str] | None = None

    @property
    def between_messages(self) -> bool:
        """Whether the next data frame must begin a message, and the connection is not over."""
        return self._opcode == CONTINUATION and not self._over

    def stop(self) -> None:
        """Discard everything from now on, the unfinished message too."""
        self._over = True
        self._forget()

    def take(self, opcode: int, fin: bool, rsv: bool, payload: bytes) -> Event:
        """Say what the next frame means; ``rsv`` is whether any of the reserved bits is set."""
        if self._over:
            return None
        if rsv:
            return self._end(_broken("a frame with a reserved bit set"))
        if opcode >= CLOSE:
            return self._control(opcode, fin, payload)
        return self._data(opcode, fin, payload)

    def _control(self, opcode: int, fin: bool, payload: bytes) -> Event:
        if not fin:
            return self._end(_broken("a fragmented control frame"))
        if len(payload) > MAX_CONTROL_PAYLOAD:
            return self._end(_broken(f"a control frame of {len(payload)} bytes"))
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        if opcode == CLOSE:
            return self._end(read_close(payload))
        return self._end(_broken(f"a frame with the unknown opcode {opcode:#x}"))

    def _data(self, opcode: int, fin: bool, payload: bytes) -> Event:
        if opcode == CONTINUATION:
            if self._opcode == CONTINUATION:
                return self._end(_broken("a continuation of no message"))
        elif opcode not in (TEXT, BINARY):
            return self._end(_broken(f"a frame with the unknown opcode {opcode:#x}"))
        elif self._opcode != CONTINUATION:
            return self._end(_broken("a new message inside a fragmented one"))
        else:
            self._opcode = opcode
        return self._append(fin, payload)

    def _append(self, fin: bool, payload: bytes) -> Event:
        self._fragments += 1
        self._size += len(payload)
        if self._size > self._max_message:
            text = f"a message of more than {self._max_message} bytes"
            return self._end(Violation(1009, "message-too-big", text))
        if self._fragments > MAX_FRAGMENTS:
            text = f"a message of more than {MAX_FRAGMENTS} fragments"
            return self._end(Violation(1009, "message-too-big", text))
        try:
            whole = self._text_with(payload, fin) if self._opcode == TEXT else self._binary_with(payload, fin)
        except UnicodeDecodeError:
            return self._end(Violation(1007, "bad-utf8", "a text message that is not UTF-8"))
        if whole is None:
            return None
        message = Message(whole, self._size)
        self._forget()
        return message

    def _text_with(self, payload: bytes, fin: bool) -> str | None:
        if fin and self._decode is None:
            return payload.decode()
        if self._decode is None:
            self._decode = _Decoder().decode
        self._text.append(self._decode(payload, fin))
        return "".join(self._text) if fin else None

    def _binary_with(self, payload: bytes, fin: bool) -> bytes | None:
        if fin and not self._binary:
            return payload
        self._binary += payload
        return bytes(self._binary) if fin else None

    def _end(self, event: CloseFrame | Violation) -> Event:
        self.stop()
        return event

    def _forget(self) -> None:
        self._opcode = CONTINUATION
        self._fragments = 0
        self._size = 0
        self._text = []
        self._binary = bytearray()
        self._decode = None


def _broken(what: str) -> Violation:
    return Violation(1002, "protocol-error", what)
