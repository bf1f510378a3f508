"""A received message, or an HTTP answer, parsed at most once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from wsrun.patterns.regexes import RegexError, compile_regex


class Absent:
    """The value of a source that is not in the frame; nothing equals it."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()

UNREAD: Final[Any] = object()
"""The document of a frame that nobody has parsed yet."""


class Frame:
    """A message: ``payload`` is str for text, bytes for binary; ``at`` is when it came, by the clock.

    ``is_known``: somebody looked for it, so that it is not unmatched even if nobody takes it. ``socket`` is
    the name of the socket that it came over. ``status`` is ABSENT: only an ``Answer`` has one.
    ``document`` is the payload parsed as JSON, where that was done before.
    """

    socket: str = "main"
    status: Any = ABSENT

    __slots__ = ("_document", "at", "is_known", "payload")

    def __init__(self, payload: str | bytes, at: float, document: Any = UNREAD) -> None:
        self.payload = payload
        self.at = at
        self.is_known = False
        self._document = document

    def json(self) -> Any:
        """Return the payload parsed as JSON, ABSENT when it is none."""
        if self._document is UNREAD:
            try:
                self._document = orjson.loads(self.payload)
            except ValueError:
                self._document = ABSENT
        return self._document

    def header(self, name: str) -> Any:
        """Return the value of a header, by its name in lower case; a WebSocket message has none."""
        return ABSENT


def frames_of(socket: str, json_in: str | None) -> type[Frame]:
    """Return the kind of frame that comes over a socket; ``json_in``: a regex whose first group is JSON."""
    if json_in is None and socket == Frame.socket:
        return Frame
    if json_in is None:
        return type("SocketFrame", (Frame,), {"__slots__": (), "socket": socket})
    for_text, for_binary = compile_regex(json_in), _for_binary(json_in)

    class EmbeddedFrame(Frame):
        """A message with JSON in it, read where the regex finds it and not before somebody asks."""

        __slots__ = ()

        def json(self) -> Any:
            if self._document is UNREAD:
                payload = self.payload
                found: Any = None
                if isinstance(payload, str):
                    found = for_text.search(payload.encode("utf-8", "replace"))
                elif for_binary is not None:
                    found = for_binary.search(payload)
                inner = None if found is None else found.group(1)
                try:
                    self._document = ABSENT if inner is None else orjson.loads(inner)
                except ValueError:
                    self._document = ABSENT
            return self._document

    EmbeddedFrame.socket = socket
    return EmbeddedFrame


def _for_binary(pattern: str) -> Any:
    """Return a regex for bytes; None where it has characters that no byte is."""
    try:
        return compile_regex(pattern, binary=True)
    except RegexError:
        return None


class Answer(Frame):
    """An HTTP answer: ``status``, headers, and the body as its payload, a str where it is UTF-8."""

    __slots__ = ("_headers", "status")

    def __init__(self, status: int, headers: Iterable[tuple[str, str]], body: bytes, at: float) -> None:
        try:
            payload: str | bytes = body.decode()
        except UnicodeDecodeError:
            payload = body
        super().__init__(payload, at)
        self.status = status
        self._headers: dict[str, str] = {}
        for name, value in headers:
            known = self._headers.get(name.lower())
            self._headers[name.lower()] = value if known is None else f"{known}, {value}"

    def header(self, name: str) -> Any:
        """Return the value of a header, by its name in lower case; those of one name are joined by commas."""
        return self._headers.get(name, ABSENT)
