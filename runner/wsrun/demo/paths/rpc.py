"""``/rpc``: requests and replies with a scripted latency."""

from __future__ import annotations

import time
from functools import lru_cache, partial
from random import Random
from typing import Any

import orjson

from wsrun.demo.http import Request
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.latency import Latency, parse_latency
from wsrun.demo.query import read_query
from wsrun.demo.service import Service
from wsrun.units import UnitError, parse_duration

read_delay = lru_cache(maxsize=256)(parse_duration)
"""``parse_duration`` for delays that come in each message."""


class Rpc(JsonConnection):
    """Answers ``{id, delay?}`` with ``{id, ok}`` after the delay of message, connection or server.

    Raises:
        RequestError: on being made, when ``latency`` or ``seed`` in the query cannot be read.
    """

    __slots__ = ("_latency", "_rng")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        usual = service.settings.latency
        default = parse_latency(usual) if usual is not None else None
        self._latency: Latency | None = read_query(request, "latency", parse_latency, default)
        self._rng = Random(request.query.get("seed"))

    def take(self, message: dict[str, Any]) -> None:
        """Answer a request when its time has come."""
        arrived = time.monotonic()
        reply: dict[str, Any] = {"id": message.get("id"), "ok": True}
        delay = 0.0
        try:
            if "delay" in message:
                delay = read_delay(message["delay"])
            elif self._latency is not None:
                delay = self._latency.sample(self._rng)
        except (UnitError, TypeError) as error:
            reply = {"id": message.get("id"), "ok": False, "error": f"delay: {error}"}
        payload = orjson.dumps(reply)  # now, so that nothing but the sending is left to do when it is time
        if delay > 0:
            self.service.when_free(arrived + delay, partial(self.send, payload))
        else:
            self.send(payload)
