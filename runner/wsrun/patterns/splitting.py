"""Messages in a stream that ignores frames: where each of them ends.

A splitter is a pure state machine over bytes: however the stream is cut into pieces, the same messages come
out of it. It keeps one unfinished message of bounded size; once something is wrong it stays so, and gives
nothing any more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from wsrun.patterns.regexes import RegexError, compile_regex

LengthKind = Literal["u8", "u16", "u32", "varint"]

WIDTHS: Final[dict[str, int]] = {"u8": 1, "u16": 2, "u32": 4}
"""How many bytes a length of a fixed width takes."""

LONGEST_VARINT: Final = 5
"""Bytes of the longest length of variable width: 35 bits, more than any message may have."""

FIRST_LOOK: Final = 256
"""Bytes in which the end of a message is looked for first; each further look takes twice as many."""

MOST_WORK: Final = 64
"""How often the bytes of a largest message may be looked at before one is given up."""


class Fault(NamedTuple):
    """Why a stream cannot be split any further: the cause that counts it, and one plain sentence."""

    cause: Literal["split-failed", "message-too-big"]
    text: str


class Splitter(ABC):
    """Cuts a stream into messages of at most ``max_message`` bytes. ``fault``: what is wrong, if anything."""

    def __init__(self, max_message: int) -> None:
        self.max_message = max_message
        self.fault: Fault | None = None
        self._rest = b""

    @property
    def unfinished(self) -> int:
        """Bytes of a message that has not ended yet."""
        return len(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete with a further piece of the stream, in their order."""
        if self.fault is not None:
            return
        data = self._rest + data if self._rest else data
        start = 0
        while start < len(data):
            size = self._size(data, start)
            if self.fault is None and max(size, len(data) - start if not size else 0) > self.max_message:
                self.fault = Fault("message-too-big", f"a message of more than {self.max_message} bytes")
            if self.fault is not None:
                self._rest = b""
                return
            if not size:
                break
            yield data[start : start + size]
            start += size
        self._rest = data[start:]

    @abstractmethod
    def _size(self, data: bytes, start: int) -> int:
        """Return the bytes of the message that begins at ``start``, 0 while it is not complete."""


class LengthSplitter(Splitter):
    """Messages that say how long they are: ``at`` bytes, then a length, then as many bytes as it says.

    Lengths of a fixed width have the highest byte first. A ``varint`` has seven bits a byte, the lowest
    first, and in each but the last the highest bit set (MQTT 3.1.1 §2.2.3, Protocol Buffers).
    """

    def __init__(self, kind: LengthKind, at: int, max_message: int) -> None:
        super().__init__(max_message)
        self._width = WIDTHS.get(kind)
        self._at = at

    def _size(self, data: bytes, start: int) -> int:
        field = start + self._at
        end, length = self._fixed(data, field) if self._width is not None else self._varint(data, field)
        if not end:
            return 0
        size = end + length - start
        if size > self.max_message:
            self.fault = Fault("message-too-big", f"a message of {size} bytes, where max_message is less")
        return size if len(data) - start >= size else 0

    def _fixed(self, data: bytes, field: int) -> tuple[int, int]:
        assert self._width is not None
        end = field + self._width
        return (end, int.from_bytes(data[field:end], "big")) if len(data) >= end else (0, 0)

    def _varint(self, data: bytes, field: int) -> tuple[int, int]:
        length = 0
        for number, byte in enumerate(data[field : field + LONGEST_VARINT]):
            length |= (byte & 0x7F) << 7 * number
            if not byte & 0x80:
                return field + number + 1, length
        if len(data) >= field + LONGEST_VARINT:
            self.fault = Fault("split-failed", f"a length of more than {LONGEST_VARINT} bytes")
        return 0, 0


class RegexSplitter(Splitter):
    """Messages that end where a regex is first found complete, looked for from the end of the one before.

    What the regex finds belongs to the message. That a piece of the stream has no such end is known from
    then on, because more bytes take no match away; so the earliest end can be halved in.
    """

    def __init__(self, pattern: str, max_message: int) -> None:
        super().__init__(max_message)
        self._regex: Any = compile_regex(pattern, binary=True)
        self._known = 0
        self._work = 0

    def _size(self, data: bytes, start: int) -> int:
        most = min(len(data) - start, self.max_message + 1)
        while self._known < most:
            look = min(most, max(2 * self._known, FIRST_LOOK))
            found = self._search(data, start, look)
            if found is not None:
                size = self._earliest(data, start, found.end())
                self._known = self._work = 0
                return size
            if self.fault is not None:
                return 0
            self._known = look
        return 0

    def _search(self, data: bytes, start: int, size: int) -> Any:
        self._work += size
        if self._work > MOST_WORK * max(self.max_message, FIRST_LOOK):
            self.fault = Fault("split-failed", "a message in so many pieces that its end is too hard to find")
            return None
        return self._regex.search(data[start : start + size])

    def _earliest(self, data: bytes, start: int, size: int) -> int:
        """Return the smallest size at which the regex is found, given one at which it is."""
        low, high, middle = self._known, size, size - 1
        while low < middle:
            if self._regex.search(data[start : start + middle]) is None:
                low = middle
            else:
                high = middle
            middle = (low + high) // 2
        return high


def check_split_regex(pattern: str) -> tuple[str, str | None] | None:
    """Return what keeps a regex from splitting a stream, and advice; None when nothing does."""
    try:
        regex = compile_regex(pattern, binary=True)
    except RegexError as error:
        return error.message, error.help
    if regex.search(b"") is not None:
        return (
            "this regex finds nothing at all, everywhere",
            "write what is at the end of a message: '\\r\\n'",
        )
    if _looks_ahead(pattern):
        return "in a stream nobody knows what comes next: $, \\b, \\B and \\z have no meaning", None
    return None


def _looks_ahead(pattern: str) -> bool:
    """Whether a regex asks what stands behind a match: the end of the text, or of a word."""
    is_escaped = in_class = False
    for character in pattern:
        if is_escaped:
            if character in "bBz" and not in_class:
                return True
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == "[":
            in_class = True
        elif character == "]":
            in_class = False
        elif character == "$" and not in_class:
            return True
    return False
