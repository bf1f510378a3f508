"""A received message, parsed at most once."""

from __future__ import annotations

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

    ``is_known``: somebody looked for it, so that it is not unmatched even if nobody takes it.
    """

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
