"""The WebSocket paths of the demo server: one module each, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wsrun.demo.connection import Connection
from wsrun.demo.http import Request, Response
from wsrun.demo.paths.echo import Echo
from wsrun.demo.service import Service


@dataclass(frozen=True, slots=True)
class Path:
    """A WebSocket path: who answers an upgrade, and one line on what it does."""

    answer: Callable[[Service, Request], Connection | Response]
    text: str


def paths() -> dict[str, Path]:
    """Return the table of WebSocket paths."""
    return {
        "/echo": Path(Echo, "sends every message back as it is"),
    }
