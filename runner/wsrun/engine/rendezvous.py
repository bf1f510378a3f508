"""``sync``: clients of a group wait for each other, in a worker and, by the coordinator, over all of them.

A barrier belongs to a group and a name. It awaits every client of the group that has the step before it: one
whose flow has it, from birth on, and one whose ``start`` has it, until that is done. Who is told to leave, is
lost or ends is awaited no more, and who comes back is again. When all of them wait, all go on, and the next
round of the same barrier begins: a ``sync`` that is repeated is a new one each time.

With several workers each says when all of its own wait. The coordinator then asks every worker, so that one
that had nobody to await a moment ago has its say too, and releases them all when all agree.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from wsrun.engine.control import Ask, FromWorker, Gathered, Release
from wsrun.plan import Plan
from wsrun.plan_steps import StepPlan, SyncStep, all_steps

if TYPE_CHECKING:
    from wsrun.engine.session import Session
    from wsrun.engine.world import World

Key = tuple[int, str]
"""The index of a group, and the name of a ``sync``."""

Outcome = Literal["released", "left", "lost", "late"]
"""How waiting ended."""


class Barrier:
    """One barrier in one worker: who is awaited, and who of them waits. ``round`` counts the releases.

    ``limits`` is a heap of when each of those who wait gives up, and ``alarm`` the earliest time at which the
    agenda looks at it: one entry for all, as a barrier may be released a thousand times before it would run.
    """

    __slots__ = ("alarm", "awaited", "limits", "round", "told", "waiting")

    def __init__(self) -> None:
        self.limits: list[tuple[float, int, asyncio.Future[Outcome]]] = []
        self.alarm = float("inf")
        self.awaited: set[Session] = set()
        self.waiting: dict[Session, asyncio.Future[Outcome]] = {}
        self.round = 0
        self.told: bool | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all who are awaited wait."""
        return len(self.waiting) == len(self.awaited)


class Rendezvous:
    """All barriers of a worker; ``tell`` is how the coordinator is told, where there are several workers."""

    def __init__(self, world: World) -> None:
        self.tell: Callable[[FromWorker], None] | None = None
        self._world = world
        self._is_over = False
        self._waits = 0
        self._barriers: dict[Key, Barrier] = {}
        self._of_start = [names_of(profile.start) for profile in world.plan.profiles]
        self._of_flow = [names_of(profile.flow) for profile in world.plan.profiles]

    # What clients do

    def came(self, session: Session) -> None:
        """Await a client from now on: it is born, has connected, or has another profile."""
        if session.leaving:
            return
        for name in self._ahead(session):
            key = (session.group, name)
            barrier = self._barriers.setdefault(key, Barrier())
            if session not in barrier.awaited:
                barrier.awaited.add(session)
                self._look(key, barrier)

    def started(self, session: Session) -> None:
        """Await a client no more at what only its ``start`` has."""
        profile = session.profile_index
        for name in self._of_start[profile] - self._of_flow[profile]:
            self._forget(session, (session.group, name), "left")

    def gone(self, session: Session, outcome: Outcome = "left") -> None:
        """Await a client nowhere any more: it leaves, is lost, or has ended."""
        for key in [key for key, barrier in self._barriers.items() if session in barrier.awaited]:
            self._forget(session, key, outcome)

    async def wait(self, session: Session, name: str, patience: float) -> Outcome:
        """Wait until all are there, at most ``patience`` seconds."""
        world, key = self._world, (session.group, name)
        barrier = self._barriers.setdefault(key, Barrier())
        future: asyncio.Future[Outcome] = world.loop.create_future()
        barrier.awaited.add(session)
        barrier.waiting[session] = future
        self._look(key, barrier)
        if not future.done():
            self._limit(barrier, world.clock() + patience, future)
        outcome = await future
        if outcome == "late" and barrier.waiting.get(session) is future:
            del barrier.waiting[session]
            self._look(key, barrier)
        if name not in self._ahead(session):
            # A step of ``resume``: whoever has done it does not come again.
            self._forget(session, key, "left")
        return outcome

    def arrived(self, session: Session, name: str) -> tuple[int, int]:
        """Return how many clients of this worker wait at a barrier, and how many are awaited there."""
        barrier = self._barriers[session.group, name]
        return len(barrier.waiting), len(barrier.awaited)

    def close(self) -> None:
        """Release nobody any more: the run is over, and all are about to be told to leave, one by one."""
        self._is_over = True

    # What the coordinator says

    def ask(self, asked: Ask) -> None:
        """Answer whether all of this worker wait, when everybody who is due by now has been born."""
        world = self._world
        world.agenda.call_at(world.clock(), lambda _: self._answer(asked))

    def release(self, told: Release) -> None:
        """Let all who wait go on."""
        barrier = self._barriers.setdefault((told.group, told.name), Barrier())
        if barrier.round == told.round and not self._is_over:
            _release(barrier)

    def _answer(self, asked: Ask) -> None:
        key = (asked.group, asked.name)
        barrier = self._barriers.setdefault(key, Barrier())
        if barrier.round == asked.round and not self._is_over:
            self._say(key, barrier)

    # Within

    def _ahead(self, session: Session) -> frozenset[str]:
        """Return the names of the barriers that a client may still come to."""
        profile = session.profile_index
        of_start = frozenset[str]() if session.is_started else self._of_start[profile]
        return self._of_flow[profile] | of_start

    def _forget(self, session: Session, key: Key, outcome: Outcome) -> None:
        barrier = self._barriers.get(key)
        if barrier is not None and session in barrier.awaited:
            barrier.awaited.discard(session)
            future = barrier.waiting.pop(session, None)
            if future is not None:
                _end(future, outcome)
            self._look(key, barrier)

    def _limit(self, barrier: Barrier, due: float, future: asyncio.Future[Outcome]) -> None:
        """Let somebody wait until ``due`` at most."""
        self._waits += 1
        heapq.heappush(barrier.limits, (due, self._waits, future))
        self._arm(barrier)

    def _arm(self, barrier: Barrier) -> None:
        due = barrier.limits[0][0] if barrier.limits else float("inf")
        if due < barrier.alarm:
            barrier.alarm = due
            self._world.agenda.call_at(due, lambda due: self._ring(barrier, due))

    def _ring(self, barrier: Barrier, due: float) -> None:
        """Tell those whose time is up."""
        if due == barrier.alarm:
            barrier.alarm = float("inf")
        limits = barrier.limits
        while limits and (limits[0][0] <= due or limits[0][2].done()):
            _end(heapq.heappop(limits)[2], "late")
        self._arm(barrier)

    def _look(self, key: Key, barrier: Barrier) -> None:
        """Release a barrier that is whole, or tell the coordinator of what has changed about it."""
        if self._is_over:
            return
        if self.tell is None:
            if barrier.is_whole:
                _release(barrier)
        elif barrier.told != barrier.is_whole and (barrier.told is not None or barrier.waiting):
            self._say(key, barrier)

    def _say(self, key: Key, barrier: Barrier) -> None:
        assert self.tell is not None
        barrier.told = barrier.is_whole
        self.tell(Gathered(*key, barrier.round, barrier.told))


def names_of(steps: Iterable[StepPlan]) -> frozenset[str]:
    """Return the names of the ``sync`` steps among steps, those inside others too."""
    return frozenset(step.name for step in all_steps(steps) if isinstance(step, SyncStep))


def has_syncs(plan: Plan) -> bool:
    """Tell whether clients of a plan ever wait for each other."""
    steps = [step for p in plan.profiles for step in (*p.start, *p.flow, *(p.resume or ()))]
    return bool(names_of(steps))


def _release(barrier: Barrier) -> None:
    barrier.round += 1
    barrier.told = None
    barrier.limits.clear()
    waiting, barrier.waiting = barrier.waiting, {}
    for future in waiting.values():
        _end(future, "released")


def _end(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)
