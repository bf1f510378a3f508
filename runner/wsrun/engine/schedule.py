"""Messages at a rate: an open model that never waits for replies and never sends early.

Message k of a phase is due at the k-th offset of its arrivals and belongs to client slot k mod N, where N is
the number of clients planned at that moment; so every worker knows by itself which messages are its own, and
the choice does not depend on how many workers there are. A slot that is not open hands its message to the
next open client of the same worker.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsrun.engine.roster import Roster
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.metrics.snapshot import labels_of
from wsrun.pacing.arrivals import offsets
from wsrun.pacing.levels import level_at
from wsrun.pacing.population import whole_clients
from wsrun.plan import PhasePlan

BATCH = 64
"""Messages sent before the loop turns, so that replies are read even when the schedule is behind."""


class Schedule:
    """Sends one group's messages of one phase."""

    def __init__(self, world: World, roster: Roster, phase: PhasePlan, group: int) -> None:
        self._world = world
        self._roster = roster
        self._phase = phase
        self._group = group
        self._begin = world.start + phase.start
        self._clients = world.clients_level(group, phase.index)
        self._offsets: Iterator[float] = offsets(
            phase.rate[group],
            phase.bursts.get(group),
            phase.duration,
            poisson=phase.poisson,
            seed=f"{world.plan.seed}/{phase.index}/{group}",
        )
        self._number = -1
        self._due = 0.0
        self._slot = 0
        self._turn = 0
        self._stopped = False

    def start(self) -> None:
        """Send from now on, each message at its time."""
        if self._advance():
            self._world.agenda.call_at(self._due, self._run)

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True

    def _advance(self) -> bool:
        """Go to this worker's next message; False when there is none."""
        world, phase = self._world, self._phase
        constant = self._clients.start == self._clients.end
        planned = whole_clients(self._clients.start)
        for offset in self._offsets:
            self._number += 1
            if not constant:
                planned = whole_clients(level_at(self._clients, offset, phase.duration))
            self._slot = self._number % planned if planned else 0
            if self._slot % world.workers == world.worker:
                self._due = self._begin + offset
                return True
        return False

    def _run(self, _: float) -> None:
        world = self._world
        now = world.clock()
        sent = 0
        while self._due <= now and not self._stopped:
            self._send()
            sent += 1
            if not self._advance():
                return
            if sent >= BATCH:
                break
        if not self._stopped:
            world.agenda.call_at(self._due, self._run)

    def _send(self) -> None:
        world = self._world
        session = self._roster.session_at(self._group, self._slot)
        if session is None or not self._can_send(session):
            session = self._next_open()
        if session is None or session.line is None:
            stretch = world.stretch_at(self._due)
            labels = {"group": world.plan.groups[self._group].name, **stretch.labels}
            world.recorder.count("messages.dropped", labels_of(labels))
            return
        behaviour = world.behaviour(session.profile_index, self._phase.index)
        session.line.send(behaviour.draw(session.rng), self._due, None)

    def _can_send(self, session: Session) -> bool:
        if not (session.is_ready and session.is_connected):
            return False
        return bool(self._world.behaviour(session.profile_index, self._phase.index).messages)

    def _next_open(self) -> Session | None:
        clients = self._roster.in_group(self._group)
        for _ in clients:
            self._turn = (self._turn + 1) % len(clients)
            if self._can_send(clients[self._turn]):
                return clients[self._turn]
        return None
