"""How the generator itself is doing: a slow generator looks like a slow target, so it is measured too."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from wsrun.engine.world import World
from wsrun.metrics.snapshot import CLIENTS, Gauge, Series, series

TICK = 0.01
"""Seconds between probes of the loop's lag."""


class Fitness:
    """Probes one worker.

    Loop lag is how long after its due time a callback runs. Each missed tick is probed too, so that a stall
    of one second is a hundred samples and not one.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._process = psutil.Process()
        self._cpu = time.process_time()
        self._at = world.clock()
        self._descriptors = _count_descriptors()

    def start(self) -> None:
        """Probe from now on."""
        world = self._world
        self._cpu, self._at = time.process_time(), world.clock()
        world.agenda.call_at(world.clock() + TICK, self._tick)

    def _tick(self, due: float) -> None:
        world = self._world
        now = world.clock()
        while due <= now:
            world.recorder.loop_lag.append(now - due)
            due += TICK
        world.agenda.call_at(due, self._tick)

    def gauges(self, backlog: int) -> dict[Series, Gauge]:
        """Return the readings of the interval that ends now; ``backlog`` is unsent bytes."""
        world = self._world
        cpu, at = time.process_time(), world.clock()
        share = (cpu - self._cpu) / max(at - self._at, 1e-9)
        self._cpu, self._at = cpu, at
        worker = str(world.worker)
        connections = sum(world.open.values())
        made = {
            series("generator.cpu", worker=worker): Gauge.of(share),
            series("generator.memory", worker=worker): Gauge.of(float(self._process.memory_info().rss)),
            series("generator.descriptors", worker=worker): Gauge.of(float(self._descriptors + connections)),
            series("generator.backlog", worker=worker): Gauge.of(float(backlog)),
        }
        if world.plan.sockets or world.http is not None:
            # Clients have several connections, or none: how many there are does not say how many clients.
            made[series(CLIENTS, worker=worker)] = Gauge.of(float(world.present))
        for (group, profile, socket), number in world.open.items():
            labels = world.labels(group, profile, world.stretch, world.sockets[socket])
            made[series("open", worker=worker, **labels)] = Gauge.of(float(number))
        return made | world.breakers.gauges()


def _count_descriptors() -> int:
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return 0
