"""What all connections of a demo server share."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from wsrun.demo.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsrun.demo.connection import Connection
    from wsrun.demo.deadlines import Deadlines
    from wsrun.demo.settings import Settings

Part = TypeVar("Part")


class Service:
    """The state of a demo server: its settings, its live connections, its counts, its stalls."""

    def __init__(self, settings: Settings, deadlines: Deadlines) -> None:
        self.settings = settings
        self.deadlines = deadlines
        self.counts = Counts()
        self.living: dict[int, Connection] = {}
        self.stalled_until = 0.0
        self._is_stalled = False
        self._numbers = count(1)
        self._parts: dict[type[Any], Any] = {}

    def part(self, kind: type[Part]) -> Part:
        """Return the one object of ``kind`` that a path's connections share, made when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        part: Part = self._parts[kind]
        return part

    def enter(self, connection: Connection) -> None:
        """Take in a connection whose upgrade has been sent."""
        connection.number = next(self._numbers)
        self.living[connection.number] = connection
        self.counts.enter(time.monotonic() - connection.accepted_at)
        if self._is_stalled:
            connection.hold()

    def leave(self, connection: Connection) -> None:
        """Let a connection go."""
        if self.living.pop(connection.number, None) is not None:
            self.counts.leave(connection)

    def close_all(self, code: int, reason: str) -> None:
        """Begin the closing of every connection."""
        for connection in list(self.living.values()):
            connection.close(code, reason)

    def stall(self, seconds: float) -> None:
        """Answer and push nothing for some seconds; what comes meanwhile is answered afterwards.

        Nobody is read from, and what the server does by the clock waits in ``when_free``. A second stall
        within the first can only make it longer.
        """
        self.stalled_until = max(self.stalled_until, time.monotonic() + seconds)
        if not self._is_stalled:
            self._is_stalled = True
            for connection in self.living.values():
                connection.hold()
        self.deadlines.at(self.stalled_until, self._end_stall)

    def _end_stall(self) -> None:
        if self._is_stalled and time.monotonic() >= self.stalled_until:
            self._is_stalled = False
            for connection in list(self.living.values()):
                connection.release()

    def when_free(self, when: float, call: Callable[[], None]) -> None:
        """Call ``call`` at ``when``, or after the stall that the server is in by then."""

        def call_unless_stalled() -> None:
            if self._is_stalled:
                self.deadlines.at(self.stalled_until, call_unless_stalled)
            else:
                call()

        self.deadlines.at(when, call_unless_stalled)
