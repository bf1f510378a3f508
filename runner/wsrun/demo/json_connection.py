"""A connection whose messages are JSON objects, in and out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import orjson

from wsrun.demo.connection import Connection


class JsonConnection(Connection):
    """Takes JSON objects in ``take``; what is no object is answered with what is wrong."""

    __slots__ = ()

    @abstractmethod
    def take(self, message: dict[str, Any]) -> None:
        """Take a message."""

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Parse a message and pass it on."""
        try:
            message = orjson.loads(payload)
        except orjson.JSONDecodeError:
            message = None
        if isinstance(message, dict):
            self.take(message)
        else:
            self.refuse()

    def refuse(self) -> None:
        """Answer what is no JSON object."""
        self.send_json({"ok": False, "error": "a message is a JSON object"})

    def send_json(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.send(orjson.dumps(message))
