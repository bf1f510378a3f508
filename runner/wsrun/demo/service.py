"""What all connections of a demo server share."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from wsrun.demo.counts import Counts

if TYPE_CHECKING:
    from wsrun.demo.connection import Connection
    from wsrun.demo.settings import Settings


class Service:
    """The state of a demo server: its settings, its live connections, its counts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts = Counts()
        self.living: dict[int, Connection] = {}
        self._numbers = count(1)

    def enter(self, connection: Connection) -> None:
        """Take in a connection whose upgrade has been sent."""
        connection.number = next(self._numbers)
        self.living[connection.number] = connection
        self.counts.enter(time.monotonic() - connection.accepted_at)

    def leave(self, connection: Connection) -> None:
        """Let a connection go."""
        if self.living.pop(connection.number, None) is not None:
            self.counts.leave(connection)

    def close_all(self, code: int, reason: str) -> None:
        """Begin the closing of every connection."""
        for connection in list(self.living.values()):
            connection.close(code, reason)
