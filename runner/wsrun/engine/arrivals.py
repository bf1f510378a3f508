"""Clients that arrive at a rate, whatever the target does: an open model in sessions, never early.

Each worker reads the arrivals of the whole run and takes its own: arrival n sits on seat n mod ``at_most``,
and the seats, as everything else, are dealt out to the workers in turn, so that a worker has its exact part
of ``at_most``. Without ``at_most`` arrival n belongs to worker n mod workers. Who comes while all seats of
the worker are taken is counted in ``connect.dropped``; whose connection is begun noticeably after the time of
its arrival, in ``connect.late``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from wsrun.engine.roster import AT_ONCE, Roster
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.metrics.recorder import ARRIVALS
from wsrun.metrics.snapshot import Labels, labels_of
from wsrun.pacing.pauses import compile_pause
from wsrun.pacing.visits import Arrival, Comings
from wsrun.plan import PhasePlan

LATE = 0.010
"""A connection that was begun more than this many seconds after its arrival counts as late."""

SKIPPED_AT_ONCE = 1000
"""Arrivals of other workers that are passed over before the loop turns."""


class Visit:
    """What is particular to a client that arrived.

    ``due`` is when, in absolute seconds, until its first connection has been begun. ``seat`` is a number that
    no other client has that came by an arrival and is there.
    """

    __slots__ = ("_leave", "_stay", "due", "seat")

    def __init__(self, due: float, seat: int, stay: float | None, leave: Callable[[Session], None]) -> None:
        self.due: float | None = due
        self.seat = seat
        self._stay = stay
        self._leave = leave

    def begun(self, session: Session, labels: Labels) -> None:
        """Note that the client begins its connection, or its flow where that connects."""
        if self.due is not None and session.world.clock() - self.due > LATE:
            session.world.recorder.count("connect.late", labels)
        self.due = None

    def stay(self, session: Session) -> None:
        """Let the client stay from now on for its time; one with a flow stays as long as that takes."""
        if self._stay is None or session.program.flow:
            return
        world = session.world
        world.agenda.call_at(world.clock() + self._stay, lambda _: self._leave(session))
        self._stay = None


class Arrivals:
    """Admits one worker's share of those who arrive."""

    def __init__(self, world: World, roster: Roster) -> None:
        self._world = world
        self._roster = roster
        self._comings = Comings(world.plan)
        self._phases: deque[PhasePlan] = deque()
        self._arrivals: Iterator[Arrival] = iter(())
        self._following: Arrival | None = None
        self._living = 0
        self._free: list[int] = []
        self._seats = world.worker
        self._stays = [
            None if phase.stay is None else compile_pause(phase.stay) for phase in world.plan.phases
        ]

    def extend(self, phases: Iterable[PhasePlan]) -> None:
        """Learn of the phases that come next; each client is admitted at its time."""
        self._phases += phases
        if self._following is None:
            self._advance()
            self._wait()

    def stop(self, until: float) -> None:
        """Admit nobody any more; who was due before ``until`` (absolute seconds) counts as dropped."""
        start = self._world.start
        while self._following is not None and start + self._following.at < until:
            if self._is_own(self._following):
                self._drop(self._count(self._following))
            self._advance()
        self._following = None

    def _advance(self) -> None:
        """Go to this worker's next arrival, or past some of other workers; None when there is none."""
        self._following = None
        while True:
            for skipped, arrival in enumerate(self._arrivals):
                if self._is_own(arrival) or skipped >= SKIPPED_AT_ONCE:
                    self._following = arrival
                    return
            if not self._phases:
                return
            self._arrivals = self._comings.arrivals(self._phases.popleft())

    def _is_own(self, arrival: Arrival) -> bool:
        world = self._world
        most = world.plan.phases[arrival.phase_index].at_most
        seat = arrival.number if most is None else arrival.number % most
        return seat % world.workers == world.worker

    def _wait(self) -> None:
        if self._following is not None:
            self._world.agenda.call_at(self._world.start + self._following.at, self._run)

    def _run(self, _: float) -> None:
        """Admit who is due by now, as far as they are of the same phase."""
        world = self._world
        now = world.clock()
        phase = None if self._following is None else self._following.phase_index
        for _ in range(AT_ONCE):
            arrival = self._following
            if arrival is None or arrival.phase_index != phase or world.start + arrival.at > now:
                break
            if self._is_own(arrival):
                self._admit(arrival)
            self._advance()
        self._wait()

    def _admit(self, arrival: Arrival) -> None:
        world = self._world
        number = world.births + arrival.number
        if not world.has_rows(number):
            # `take: each`: every row has been taken, so there are no more clients.
            return
        labels = self._count(arrival)
        most = world.plan.phases[arrival.phase_index].at_most
        if most is not None and self._living >= len(range(world.worker, most, world.workers)):
            self._drop(labels)
            return
        session = Session(world, arrival.group, arrival.slot, number, 0)
        draw = self._stays[arrival.phase_index]
        stay = None if draw is None else draw(session.rng)
        due = world.start + arrival.at
        visit = session.visit = Visit(due, self._take_seat(), stay, self._roster.dismiss)
        if session.program.connects:
            visit.begun(session, labels)
        self._living += 1
        self._roster.admit(session, lambda: self._gone(visit))

    def _count(self, arrival: Arrival) -> Labels:
        """Count an arrival, and return the labels of its numbers."""
        world = self._world
        stretch = world.stretch_at(world.start + arrival.at)
        profile = world.profile_of(arrival.group, arrival.slot, stretch.phase)
        labels = labels_of(world.labels(arrival.group, profile, stretch))
        world.recorder.count(ARRIVALS, labels)
        return labels

    def _drop(self, labels: Labels) -> None:
        self._world.recorder.count("connect.dropped", labels)

    def _take_seat(self) -> int:
        if self._free:
            return heappop(self._free)
        seat = self._seats
        self._seats += self._world.workers
        return seat

    def _gone(self, visit: Visit) -> None:
        self._living -= 1
        heappush(self._free, visit.seat)
