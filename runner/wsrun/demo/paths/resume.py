"""``/resume``: sessions that outlive their connections, and connections that are dropped."""

from __future__ import annotations

import secrets
import time
from random import Random
from typing import Any

from wsrun.demo.connection import Connection
from wsrun.demo.http import Request
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.latency import parse_latency
from wsrun.demo.paths.push import MOST_BACKLOG, read_rate
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service
from wsrun.units import parse_duration

MOST_SESSIONS = 100_000
"""Sessions that are remembered; beyond it the oldest is forgotten."""

MOST_REPLAYED = 10_000
"""Pushes that are sent again at one resume; what is older is left out."""


class Sessions:
    """When each session began, by its token, and until when it is kept without a connection."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._kept: dict[str, float] = {}

    def begin(self) -> str:
        """Begin a session and return its token."""
        if len(self._begun) >= MOST_SESSIONS:
            self.forget(next(iter(self._begun)))
        token = secrets.token_hex(8)
        self._begun[token] = time.monotonic()
        return token

    def find(self, token: str) -> float | None:
        """Return when a session began; None where there is none, or none any more."""
        if self._kept.get(token, float("inf")) < time.monotonic():
            self.forget(token)
        self._kept.pop(token, None)
        return self._begun.get(token)

    def leave(self, token: str, keep: float) -> None:
        """Keep a session for so many seconds."""
        if token in self._begun:
            self._kept[token] = time.monotonic() + keep

    def forget(self, token: str) -> None:
        """Forget a session."""
        self._begun.pop(token, None)
        self._kept.pop(token, None)


class Resume(JsonConnection):
    """Begins and resumes sessions, and pushes their numbers.

    Push n of a session is due n intervals after its beginning, whether somebody is connected or not; so what
    a client missed is known without being stored. Raises RequestError when the query cannot be read.
    """

    __slots__ = ("_begun", "_drop", "_interval", "_keep", "_n", "_replays", "_seed", "_sessions", "_token")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._interval = 1 / read_query(request, "rate", read_rate, 10.0)
        self._replays = read_query(request, "replay", _read_truth, True)
        self._keep = read_query(request, "keep", parse_duration, 60.0)
        self._drop = read_query(request, "drop", parse_latency, None)
        self._seed = read_query(request, "seed", read_count, None)
        self._sessions = service.part(Sessions)
        self._token = ""
        self._begun = 0.0
        self._n = 0

    def opened(self) -> None:
        """Set the moment at which the connection is dropped, where it is to be."""
        if self._drop is not None:
            rng = Random() if self._seed is None else Random(f"{self._seed}/{self.number}")
            after = self._drop.sample(rng)
            self.service.when_free(time.monotonic() + after, lambda: drop(self))

    def gone(self) -> None:
        """Keep the session for a while."""
        self._sessions.leave(self._token, self._keep)

    def take(self, message: dict[str, Any]) -> None:
        """Begin a session, or go on with one."""
        if self._token:
            self._answer(message, ok=False, error="this connection has its session")
        elif message.get("type") == "open":
            self._follow(message, self._sessions.begin(), 0)
        elif message.get("type") == "resume":
            token, last = message.get("token"), message.get("last")
            if not isinstance(token, str) or self._sessions.find(token) is None:
                self._answer(message, ok=False, error="there is no such session")
            elif not isinstance(last, int) or isinstance(last, bool) or last < 0:
                self._answer(message, ok=False, error="last is the number of the last push that came")
            else:
                self._follow(message, token, last)
        else:
            self._answer(message, ok=False, error="type is open or resume")

    def _answer(self, message: dict[str, Any], **told: Any) -> None:
        self.send_json({"id": message.get("id"), **told})

    def _follow(self, message: dict[str, Any], token: str, last: int) -> None:
        """Answer, send what was missed since push ``last`` if it is to be sent, and go on pushing."""
        self._token = token
        self._begun = self._sessions.find(token) or time.monotonic()
        due = max(int((time.monotonic() - self._begun) / self._interval), 0)
        missed = max(due - last, 0)
        self._answer(message, ok=True, token=token, missed=missed)
        self._n = due - min(missed, MOST_REPLAYED) if self._replays else due
        while self._n < due:
            self._push()
        self._wait()

    def _wait(self) -> None:
        self.service.when_free(self._begun + (self._n + 1) * self._interval, self._next)

    def _next(self) -> None:
        if self.is_open:
            self._push()
            self._wait()

    def _push(self) -> None:
        self._n += 1
        if self.backlog <= MOST_BACKLOG:
            self.send_json({"type": "push", "n": self._n, "t": time.time() * 1000})


def drop(connection: Connection) -> None:
    """Reset a connection that is still there."""
    if connection.is_open:
        connection.reset()


def _read_truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("it is true or false")
    return text == "true"
