"""How the generator itself is doing: a slow generator looks like a slow target, so it is measured too."""

from __future__ import annotations

import math
import time
from pathlib import Path

import psutil

from wsrun.engine.pauses import Pauses
from wsrun.engine.world import World
from wsrun.metrics.snapshot import CLIENTS, Gauge, Series, series

_DESCRIPTORS = "/proc/self/fd"

TICK = 0.01
"""Seconds between probes of the loop's lag."""


class Fitness:
    """Probes one worker.

    Loop lag is how long after its due time a callback runs. Each missed tick is probed too, so that a stall
    of one second is a hundred samples and not one.
    """

    def __init__(self, world: World, pauses: Pauses | None = None) -> None:
        """``pauses``: where those of garbage collection are measured; None: nowhere."""
        self._world = world
        self._pauses = pauses
        self._process = psutil.Process()
        self._cpu = time.process_time()
        self._at = world.clock()
        self._descriptors = _count_descriptors()
        self._number = 0

    def start(self) -> None:
        """Probe from now on."""
        world = self._world
        self._cpu, self._at = time.process_time(), world.clock()
        if self._pauses is not None:
            # Those of the start are over.
            self._pauses.take()
        # On the grid of the run's start, as other looks are: each wake of an idle worker costs 50 µs.
        self._number = math.floor((world.clock() - world.start) / TICK) + 1
        world.agenda.call_at(self._due, self._tick)

    def _tick(self, _: float) -> None:
        world = self._world
        now = world.clock()
        while self._due <= now:
            world.recorder.loop_lag.add(now - self._due)
            self._number += 1
        world.agenda.call_at(self._due, self._tick)

    @property
    def _due(self) -> float:
        """When the next probe is due, by its number: a sum of steps would leave the grid in time."""
        return self._world.start + self._number * TICK

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
            series("generator.descriptors", worker=worker): Gauge.of(float(self._open_files(connections))),
            series("generator.backlog", worker=worker): Gauge.of(float(backlog)),
        }
        if world.plan.sockets or world.http is not None:
            # Clients have several connections, or none: how many there are does not say how many clients.
            made[series(CLIENTS, worker=worker)] = Gauge.of(float(world.present))
        for (group, profile, socket), number in world.open.items():
            labels = world.labels(group, profile, world.stretch, world.sockets[socket])
            made[series("open", worker=worker, **labels)] = Gauge.of(float(number))
        if self._pauses is not None:
            taken = self._pauses.take()
            for seconds in taken:
                world.recorder.sample("generator.gc", world.recorder.own_labels, seconds)
            if not taken:
                made[series("generator.gc", worker=worker)] = Gauge.of(0.0)
        return made | world.breakers.gauges()

    def _open_files(self, connections: int) -> int:
        """Return how many descriptors this process has open, of which ``connections`` are counted anyway."""
        return _open_now() or self._descriptors + connections


def _open_now() -> int:
    """Return the number of open descriptors where the system tells it at once (Linux since 6.2), else 0."""
    try:
        return Path(_DESCRIPTORS).stat().st_size
    except OSError:
        return 0


def _count_descriptors() -> int:
    try:
        return len(list(Path(_DESCRIPTORS).iterdir()))
    except OSError:
        return 0
