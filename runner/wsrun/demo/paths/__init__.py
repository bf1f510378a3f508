"""The WebSocket paths of the demo server: one module each, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wsrun.demo.answers import Answer
from wsrun.demo.http import Request
from wsrun.demo.paths import auth, faults, limited
from wsrun.demo.paths.echo import Echo
from wsrun.demo.paths.mcp import Mcp
from wsrun.demo.paths.prices import Prices
from wsrun.demo.paths.push import Push
from wsrun.demo.paths.resume import Resume
from wsrun.demo.paths.rpc import Rpc
from wsrun.demo.service import Service


@dataclass(frozen=True, slots=True)
class Path:
    """A WebSocket path: who answers an upgrade, and one line on what it does."""

    answer: Callable[[Service, Request], Answer]
    text: str


PATHS = {
    "/echo": Path(Echo, "sends every message back as it is"),
    "/chat": Path(auth.chat, "rooms: join, say, who, leave"),
    "/rpc": Path(Rpc, "answers requests after a scripted delay: ?latency=lognormal:20ms:80ms&seed=1"),
    "/mcp": Path(Mcp, "tools of an agent by JSON-RPC; each call tells its stages: ?latency=constant:20ms"),
    "/limited": Path(limited.answer, "has limits that are known: ?connections=100&capacity=500/s"),
    "/push": Path(Push, "pushes by itself: ?rate=100/s&size=100"),
    "/prices": Path(Prices, "ticks of the symbols that are subscribed to"),
    "/resume": Path(Resume, "sessions that outlive connections: ?rate=10/s&replay=true&drop=exponential:5s"),
    "/auth": Path(auth.answer, "an echo that wants a JWT, by Authorization: Bearer or ?token=, or a login"),
    "/faults/close": Path(faults.closes, "closes: ?code=1012&after=3, ?code=none"),
    "/faults/malformed": Path(faults.malformed, "sends a frame that is forbidden: ?kind=rsv&after=0"),
    "/faults/badutf8": Path(faults.bad_utf8, "sends a text frame that is no UTF-8: ?after=0"),
    "/faults/http200": Path(faults.http_200, "answers the upgrade with a page"),
    "/faults/silent": Path(faults.silent, "never answers the upgrade"),
    "/faults/slow-handshake": Path(faults.slow_handshake, "answers the upgrade late: ?for=3s"),
    "/faults/drop": Path(faults.drop, "resets the connection: ?after=3"),
    "/faults/no-pong": Path(faults.Deaf, "an echo that leaves pings unanswered: ?after=3"),
    "/faults/never-close": Path(faults.NeverClosing, "leaves a close frame unanswered"),
}
