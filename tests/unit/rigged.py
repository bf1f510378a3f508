"""A network whose ends take their time, and a generator whose own time can be spent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import Closing, Endpoint, Sink
from wsrun.transports.request import address_of

QUIET: Callable[[FakeConnection, bytes], None] = lambda connection, payload: None  # noqa: E731


class Wire(FakeConnection):
    """A connection that ends as real ones do: first nothing can be sent, later the sink is told.

    Its transport says how long it takes: ``send_takes`` seconds of the generator's own time for a message,
    ``close_takes`` for an orderly close, ``abort_takes`` for a reset.
    """

    transport: Network

    def send_text(self, payload: bytes) -> None:
        spend(self.transport.send_takes)
        super().send_text(payload)

    send_binary = send_text

    def end_later(self, after: float, closing: Closing) -> None:
        """Send and deliver nothing any more, and tell of the end after a while."""
        if self.is_open:
            self.is_open = False
            self.loop.call_later(after, lambda: self.sink.closed(closing, self.loop.time()))

    def close(self, code: int = 1000) -> None:
        self.end_later(self.transport.close_takes, Closing(code, "", "client"))

    def abort(self) -> None:
        self.is_open = True
        self.end_later(self.transport.abort_takes, Closing(1006, "", "client", "aborted"))


@dataclass
class Network(FakeTransport):
    """Connects through wires."""

    send_takes: float = 0.0
    close_takes: float = 0.0
    abort_takes: float = 0.001
    begun: list[float] = field(default_factory=list)

    async def open(self, endpoint: Endpoint, sink: Sink) -> Wire:
        address_of(endpoint)
        number = self.attempts
        self.attempts += 1
        self.begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.latency)
        failure = self.refuse(number)
        if failure is not None:
            raise failure
        wire = Wire(self, endpoint, sink)
        self.connections.append(wire)
        return wire


def spend(seconds: float) -> None:
    """Let the clock run on while the loop stands still."""
    loop: Any = asyncio.get_running_loop()
    loop._jumping.now += seconds


def scenario(text: str, target: str = "url: ws://127.0.0.1:1/") -> Plan:
    """Compile a scenario with a target of its own."""
    document = parse(f"wsrun: 1\ntarget: {{ {target} }}\n{text}", "test.yaml", environ={})
    return compile_plan(document, seed=1)


def perform_with(
    plan: Plan, transport: FakeTransport, act: Callable[[World, Performance], None], **surroundings: int
) -> Store:
    """Run a worker's share in virtual time after ``act`` has seen to its world."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, surroundings=around, **surroundings)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        act(world, performance)
        await performance.run()

    run_virtual(main())
    return stored(snapshots)


def connections(store: Store) -> dict[str, int]:
    """Return the counters of connections that must add up."""
    return {name: store.counter(f"connect.{name}") for name in connections_of()}


def connections_of(**counts: int) -> dict[str, int]:
    """Return counters of connections, zero where none is given."""
    return {"attempted": 0, "established": 0, "refused": 0, "timed_out": 0, "failed": 0, **counts}
