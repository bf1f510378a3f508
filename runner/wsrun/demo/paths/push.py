"""``/push``: messages at a fixed rate that nobody asked for."""

from __future__ import annotations

import time

from wsrun.demo.connection import Connection
from wsrun.demo.http import Request
from wsrun.demo.query import read_query
from wsrun.demo.service import Service
from wsrun.units import parse_rate, parse_size

MOST_BACKLOG = 1 << 20
"""Bytes that may wait for a slow reader; pushes that are due beyond that are left out."""

MOST_RATE = 100_000.0
"""Pushes a second that a connection may ask for."""

MOST_SIZE = 1 << 20
"""Bytes that a push may have."""


def read_rate(text: str) -> float:
    """Read how many pushes a second."""
    rate = parse_rate(text)
    if not 0 < rate <= MOST_RATE:
        raise ValueError(f"it is above zero and at most {MOST_RATE:.0f}/s")
    return rate


def read_size(text: str) -> int:
    """Read a size; a bare number is bytes here, as a query is not a scenario."""
    size = int(text) if text.isascii() and text.isdigit() else parse_size(text)
    if size > MOST_SIZE:
        raise ValueError("it is at most 1MiB")
    return size


class Push(Connection):
    """Pushes ``{type: push, n, t}``, filled up with ``pad`` to the size asked for.

    ``n`` counts the pushes that were due from 1, so that a gap shows what a slow reader has missed; ``t`` is
    the time of the sending, in milliseconds since 1970. Raises RequestError when the query cannot be read.
    """

    __slots__ = ("_interval", "_n", "_size", "_started")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._interval = 1 / read_query(request, "rate", read_rate, 1.0)
        self._size = read_query(request, "size", read_size, 0)
        self._n = 0
        self._started = 0.0

    def opened(self) -> None:
        """Begin: the first push is due one interval from now."""
        self._started = time.monotonic()
        self._wait()

    def _wait(self) -> None:
        self.service.when_free(self._started + (self._n + 1) * self._interval, self._push)

    def _push(self) -> None:
        """Push, and wait for the next; what is late is sent at once, so that the rate holds."""
        if not self.is_open:
            return
        self._n += 1
        if self.backlog <= MOST_BACKLOG:
            text = f'{{"type":"push","n":{self._n},"t":{time.time() * 1000:.3f}'
            room = self._size - len(text) - len(',"pad":""}')
            self.send(f'{text},"pad":"{"x" * room}"}}'.encode() if room >= 0 else f"{text}}}".encode())
        self._wait()
