"""Whole runs of one worker in virtual time, against a fake server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeHttp, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.source import parse

Answer = Callable[[FakeConnection, bytes], None]


def plan_of(text: str, *, target: str = "") -> Plan:
    """Compile a scenario; the checks of the scenario are tested elsewhere."""
    head = f"wsrun: 1\ntarget: {{ url: ws://127.0.0.1:1/{target} }}\n"
    document = parse(head + text, "test.yaml", environ={})
    return compile_plan(document, seed=1)


def perform(plan: Plan, transport: FakeTransport, http: FakeHttp | None = None) -> list[Snapshot]:
    """Run a plan in virtual time and return its snapshots."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, surroundings=around, http=http)
        world.begin(loop.time())
        await Performance(world, snapshots.append).run()

    run_virtual(main())
    return snapshots


def causes(snapshots: list[Snapshot]) -> dict[str, int]:
    """Return how many errors of each cause there were."""
    found: dict[str, int] = {}
    for snapshot in snapshots:
        for cause, detail in snapshot.errors.items():
            found[cause] = found.get(cause, 0) + detail.count
    return found


def sentences(snapshots: list[Snapshot]) -> list[str]:
    """Return what was kept of the errors in words, in their order."""
    return [
        text for snapshot in snapshots for detail in snapshot.errors.values() for _, _, text in detail.samples
    ]
