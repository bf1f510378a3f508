"""The settings of a demo server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line of the demo server sets.

    ``port`` 0 lets the system choose. ``max_per_user`` and ``max_connections``: None is no limit.
    ``latency``: the delay of ``/rpc`` when neither the connection nor the message says one, None is no delay.
    """

    host: str = "127.0.0.1"
    port: int = 0
    jwt_secret: str = "demo-secret"
    max_per_user: int | None = None
    max_connections: int | None = None
    latency: str | None = None
