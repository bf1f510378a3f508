"""``/limited``: a server whose limits are known beforehand, for whoever searches for them."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import orjson

from wsrun.demo.answers import Answer
from wsrun.demo.http import Request, Response
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service
from wsrun.units import parse_rate

MOST_WAITING = 100_000
"""Messages that may wait; what is more is answered at once, as refused."""


class Limits:
    """What the connections of the path share: how many there are, and the queue of its one server."""

    def __init__(self) -> None:
        self.connections = 0
        self.waiting = 0
        self.free_at = 0.0

    def book(self, now: float, duration: float) -> float:
        """Return when a message that comes ``now`` and takes so long is served: after all before it."""
        self.free_at = max(self.free_at, now) + duration
        return self.free_at


class Limited(JsonConnection):
    """Answers ``{id}`` with ``{id, ok}`` when its turn has come.

    Raises:
        RequestError: on being made, when ``capacity`` in the query cannot be read.
    """

    __slots__ = ("_duration", "_limits")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        capacity = read_query(request, "capacity", parse_rate, 0.0)
        self._duration = 1 / capacity if capacity else 0.0
        self._limits = service.part(Limits)

    def opened(self) -> None:
        """Take a place."""
        self._limits.connections += 1

    def gone(self) -> None:
        """Give the place back."""
        self._limits.connections -= 1

    def take(self, message: dict[str, Any]) -> None:
        """Answer a request after those that came before it."""
        limits = self._limits
        if not self._duration:
            self.send_json({"id": message.get("id"), "ok": True})
        elif limits.waiting >= MOST_WAITING:
            self.send_json({"id": message.get("id"), "ok": False, "error": "busy"})
        else:
            limits.waiting += 1
            payload = orjson.dumps({"id": message.get("id"), "ok": True})
            when = limits.book(time.monotonic(), self._duration)
            self.service.when_free(when, partial(self._serve, payload))

    def _serve(self, payload: bytes) -> None:
        self._limits.waiting -= 1
        self.send(payload)


def answer(service: Service, request: Request) -> Answer:
    """Return a connection, or the refusal of one too many."""
    most = read_query(request, "connections", read_count, 0)
    if most and service.part(Limits).connections >= most:
        return Response(503, f"this path has its {most} connections\n".encode())
    return Limited(service, request)
