"""Chats in virtual time: whole runs of one or several workers against a server that may misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from performing import plan_of
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.plan import Plan
from wsrun.result.collector import Collector

MESSAGES = """
messages:
  join:
    json: { type: join, id: "{{ id }}", room: "{{ room }}" }
    reply: { match: { $.reply_to: "{{ id }}" } }
  say:
    json: { type: say, id: "{{ id }}", room: "{{ room }}" }
    deliver: { to: { room: "{{ room }}" }, where: { $.type: said }, id: $.id, within: 200ms }
"""
PROFILES = """
profiles:
  talker: { start: [ { send: join } ], mix: { say: 1 }, think: 100ms }
clients: { people: { assign: { room: "r{{ client.index % 2 }}" } } }
"""

Reach = Callable[["Chat", FakeConnection, dict[str, Any]], list[tuple[FakeConnection, float]]]
"""Who gets a message of somebody, and after how many seconds."""


def to_the_others(
    chat: Chat, sender: FakeConnection, message: dict[str, Any]
) -> list[tuple[FakeConnection, float]]:
    """Everybody else in the room, after 10 ms."""
    return [(one, 0.01) for one in chat.rooms.get(message["room"], ()) if one is not sender]


class Chat:
    """A server with rooms; ``reach`` decides who gets what is said. ``said`` and ``sent`` are its counts."""

    def __init__(self, reach: Reach = to_the_others) -> None:
        self.rooms: dict[str, list[FakeConnection]] = {}
        self.reach = reach
        self.said = 0
        self.sent = 0
        self.transport = FakeTransport(self.answer)

    def answer(self, connection: FakeConnection, payload: bytes) -> None:
        """Do what a message says."""
        message = json.loads(payload)
        match message["type"]:
            case "join":
                self.rooms.setdefault(message["room"], []).append(connection)
            case "leave":
                self.rooms[message["room"]].remove(connection)
            case "say":
                self.said += 1
                for other, after in self.reach(self, connection, message):
                    self.sent += 1
                    other.reply(json.dumps({**message, "type": "said"}), after)
                return
        connection.reply(json.dumps({"reply_to": message["id"]}), 0.001)


def chat(text: str, server: Chat | None = None, *, workers: int = 1) -> Collector:
    """Run a scenario and return what was collected."""
    return collected(plan_of(text), (server or Chat()).transport, workers)


def collected(plan: Plan, transport: FakeTransport, workers: int = 1) -> Collector:
    """Run a plan on several workers that share the clock and the server."""
    collector = Collector(plan, workers)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        worlds = [
            World(plan, transport, loop, worker=number, workers=workers, surroundings=around)
            for number in range(workers)
        ]
        start = loop.time()
        for world in worlds:
            world.begin(start)
        await asyncio.gather(*(Performance(world, lambda s: collector.add(s)).run() for world in worlds))

    run_virtual(main())
    collector.finish()
    return collector


def counts(collector: Collector, **labels: str) -> dict[str, int]:
    """Return the counters of deliveries that are not zero."""
    names = [f"delivery.{name}" for name in ("expected", "received", "late", "duplicates", "unsure")]
    found = {name: collector.store.counter(name, **labels) for name in (*names, "isolation.leaks")}
    return {name.partition(".")[2]: number for name, number in found.items() if number}
