"""A received message, or an HTTP answer, parsed at most once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson


class Absent:
    """The value of a source that is not in the frame; nothing equals it."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()

_UNREAD: Final = object()


class Frame:
    """A message: ``payload`` is str for text, bytes for binary; ``at`` is when it came, by the clock.

    ``is_known``: somebody looked for it, so that it is not unmatched even if nobody takes it. ``socket`` is
    the name of the socket that it came over. ``status`` is ABSENT: only an ``Answer`` has one.
    """

    socket: str = "main"
    status: Any = ABSENT

    __slots__ = ("_document", "at", "is_known", "payload")

    def __init__(self, payload: str | bytes, at: float, document: Any = _UNREAD) -> None:
        self.payload = payload
        self.at = at
        self.is_known = False
        self._document = document

    def json(self) -> Any:
        """Return the payload parsed as JSON, ABSENT when it is none."""
        if self._document is _UNREAD:
            try:
                self._document = orjson.loads(self.payload)
            except ValueError:
                self._document = ABSENT
        return self._document

    def header(self, name: str) -> Any:
        """Return the value of a header, by its name in lower case; a WebSocket message has none."""
        return ABSENT


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
