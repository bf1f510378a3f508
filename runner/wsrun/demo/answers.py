"""How an upgrade request may be answered, other than by a connection or an HTTP response."""

from __future__ import annotations

from dataclasses import dataclass

from wsrun.demo.connection import Connection
from wsrun.demo.http import Response


@dataclass(frozen=True, slots=True)
class Delayed:
    """The upgrade is sent after some seconds."""

    seconds: float
    connection: Connection


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is ever answered."""


Answer = Connection | Response | Delayed | Silence
