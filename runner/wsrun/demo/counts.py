"""What the demo server counts: connections, refusals, messages, bytes, handshake times. No I/O, no clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

KEPT_TIMES = 1000
"""How many of the newest handshake times are kept."""


class Counted(Protocol):
    """What is read of a live connection."""

    messages_received: int
    messages_sent: int
    bytes_received: int
    bytes_sent: int

    def sync_counts(self) -> None:
        """Bring the counters up to date."""


@dataclass(slots=True)
class Traffic:
    """Whole messages and their payload bytes, both ways."""

    messages_received: int = 0
    messages_sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0

    def add(self, connection: Counted) -> None:
        """Add what ``connection`` has counted in its life."""
        connection.sync_counts()
        self.messages_received += connection.messages_received
        self.messages_sent += connection.messages_sent
        self.bytes_received += connection.bytes_received
        self.bytes_sent += connection.bytes_sent


@dataclass(slots=True)
class Counts:
    """Totals since the start or the last ``reset``.

    Live connections keep their own traffic; the totals are those of the closed ones (``past``) plus the
    living, less what all had at the last reset (``base``).
    """

    opened: int = 0
    closed: int = 0
    current: int = 0
    most: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    times: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_TIMES))
    times_count: int = 0
    times_total: float = 0.0
    times_least: float | None = None
    times_most: float | None = None
    past: Traffic = field(default_factory=Traffic)
    base: Traffic = field(default_factory=Traffic)

    def enter(self, handshake: float) -> None:
        """Count a connection whose handshake took this many seconds."""
        self.opened += 1
        self.current += 1
        self.most = max(self.most, self.current)
        self.times.append(handshake)
        self.times_count += 1
        self.times_total += handshake
        self.times_least = handshake if self.times_least is None else min(self.times_least, handshake)
        self.times_most = handshake if self.times_most is None else max(self.times_most, handshake)

    def leave(self, connection: Counted) -> None:
        """Count the end of a connection and keep its traffic."""
        self.closed += 1
        self.current -= 1
        self.past.add(connection)

    def refuse(self, status: int) -> None:
        """Count an upgrade that was answered with this HTTP status."""
        self.refused[status] += 1

    def traffic(self, living: Iterable[Counted]) -> Traffic:
        """Return the traffic since the last reset."""
        total = self._lifetime(living)
        return Traffic(
            total.messages_received - self.base.messages_received,
            total.messages_sent - self.base.messages_sent,
            total.bytes_received - self.base.bytes_received,
            total.bytes_sent - self.base.bytes_sent,
        )

    def reset(self, living: Iterable[Counted]) -> None:
        """Begin anew; the open connections stay, and are the only thing that is not zero afterwards."""
        base = self._lifetime(living)
        past, current = self.past, self.current
        self.__init__(past=past, base=base, current=current, most=current)  # type: ignore[misc]

    def _lifetime(self, living: Iterable[Counted]) -> Traffic:
        total = Traffic(
            self.past.messages_received,
            self.past.messages_sent,
            self.past.bytes_received,
            self.past.bytes_sent,
        )
        for connection in living:
            total.add(connection)
        return total

    def totals(self, living: Iterable[Counted]) -> dict[str, object]:
        """Return the exact totals, as ``GET /monitoring/counts`` shows them."""
        traffic = self.traffic(living)
        return {
            "connections_opened": self.opened,
            "connections_closed": self.closed,
            "upgrades_refused": {str(status): count for status, count in sorted(self.refused.items())},
            "messages_received": traffic.messages_received,
            "messages_sent": traffic.messages_sent,
            "bytes_received": traffic.bytes_received,
            "bytes_sent": traffic.bytes_sent,
        }

    def statistics(self, timestamp: float) -> dict[str, object]:
        """Return the statistics of ``GET /monitoring/websocket-stats``; times in seconds, None for no data.

        A connection that was tried was either opened or refused; ``success_rate`` is the percentage opened.
        """
        failed = self.refused.total()
        tried = self.opened + failed
        return {
            "total_connections": tried,
            "current_connections": self.current,
            "max_concurrent_connections": self.most,
            "connection_times": list(self.times),
            "failed_connections": failed,
            "last_connection_time": self.times[-1] if self.times else None,
            "avg_connection_time": self.times_total / self.times_count if self.times_count else None,
            "min_connection_time": self.times_least,
            "max_connection_time": self.times_most,
            "success_rate": 100.0 * self.opened / tried if tried else None,
            "timestamp": timestamp,
        }
