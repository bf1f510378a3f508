"""The clients of one worker: who is there, who comes and who goes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.expressions import IdMaker
from wsrun.pacing.population import Change, Population, whole_clients
from wsrun.plan import PhasePlan

AT_ONCE = 100
"""Clients that come, or are told to leave, before the loop turns."""


class Roster:
    """Follows the planned changes of the population.

    Every worker reads the changes of the whole run, so that births are numbered alike in all of them, and
    carries out those of its own slots (see ``engine.seats``).
    """

    def __init__(self, world: World, tasks: asyncio.TaskGroup) -> None:
        self._world = world
        self._tasks = tasks
        self._population = Population()
        self._stages: deque[PhasePlan] = deque()
        self._changes: Iterator[Change] = iter(())
        self._is_waiting = True
        self._is_stopped = False
        self._births = 0
        self._lives: dict[tuple[int, int], int] = {}
        self._present: dict[tuple[int, int], Session] = {}
        self._running: dict[asyncio.Task[None], Session] = {}
        self._latest: dict[tuple[int, int], asyncio.Task[None]] = {}
        searches = any(phase.search is not None for phase in world.plan.phases)
        self._known: dict[tuple[int, int], tuple[int, IdMaker]] | None = {} if searches else None
        """Where there are searches: the number and the ids of each client that came and was not told to
        leave."""

    def extend(self, stages: Iterable[PhasePlan]) -> None:
        """Learn of the phases, or levels of a search, that come next; each change happens at its time."""
        self._stages += stages
        if self._is_waiting:
            self._go_on(self._next())

    def replace_missing(self, stage: PhasePlan) -> None:
        """Connect anew whom a level of a search wants and who was refused or lost before, at its pace.

        They come in the middle of the time in which the level settles: those whom it does not want any more
        have gone by then, on all workers, and take no place at a server that holds only so many.
        """
        assert stage.search is not None and self._known is not None
        world, search = self._world, stage.search
        gap = world.workers / stage.connect_rate if stage.connect_rate else 0.0
        wanted = float("inf")
        if search.axis == "clients":
            wanted = whole_clients(search.held[0].value)
        missing = [
            key
            for key in self._known
            if key not in self._present and (key[0] != search.group or key[1] < wanted)
        ]
        begin = world.clock() + stage.warm_up / 2
        for number, key in enumerate(missing):
            world.agenda.call_at(begin + number * gap, partial(self._return, key))

    def admit(self, session: Session, gone: Callable[[], None] | None = None) -> None:
        """Let a client live; ``gone`` is called when it has ended."""
        key = (session.group, session.slot)
        self._present[key] = session
        before = self._latest.get(key)
        task = self._tasks.create_task(session.run() if before is None else _after(before, session))
        self._running[task] = session
        if self._world.keeps_rows_apart:
            self._latest[key] = task
        task.add_done_callback(lambda done: self._gone(done, gone))

    def dismiss(self, session: Session) -> None:
        """Tell a client to leave, unless it has been told."""
        if self._present.get((session.group, session.slot)) is session:
            del self._present[session.group, session.slot]
            session.leave()

    def session_at(self, group: int, slot: int) -> Session | None:
        """Return the client in a slot, if there is one that was not told to leave."""
        return self._present.get((group, slot))

    @property
    def sessions(self) -> list[Session]:
        """All clients that still run, those that were told to leave included."""
        return list(self._running.values())

    @property
    def present(self) -> list[Session]:
        """The clients that were not told to leave."""
        return list(self._present.values())

    @property
    def is_over(self) -> bool:
        """Whether everybody who is planned has come, and left by themselves."""
        return self._births >= self._world.births and not self._running

    async def stop(self) -> None:
        """Admit nobody any more, and tell everybody to leave, some at a time."""
        self._is_stopped = True
        leaving = self.present
        self._present.clear()
        for number, session in enumerate(leaving):
            session.leave()
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def cancel(self) -> None:
        """End everybody at once."""
        for task in list(self._running):
            task.cancel()

    async def wait(self, until: float) -> bool:
        """Wait until nobody runs, at most until a moment of the clock; True when nobody does."""
        world = self._world
        while self._running and world.clock() < until:
            await world.agenda.sleep_until(min(world.clock() + 0.01, until))
        return not self._running

    def _next(self) -> tuple[Change, int] | None:
        """Return the next change of this worker's slots, and how many clients of the run came before it."""
        world = self._world
        while True:
            for change in self._changes:
                number = self._births
                self._births += change.enter
                if world.seats.is_own(change.group, change.slot):
                    return change, number
            if not self._stages:
                return None
            self._changes = self._population.changes(self._stages.popleft())

    def _go_on(self, numbered: tuple[Change, int] | None) -> None:
        """Wait for the next change; without one, to be told of more stages."""
        self._is_waiting = numbered is None
        if numbered is not None:
            self._at_its_time(numbered)

    def _at_its_time(self, numbered: tuple[Change, int]) -> None:
        at = self._world.start + numbered[0].at
        self._world.agenda.call_at(at, partial(self._carry_out, numbered))

    def _carry_out(self, numbered: tuple[Change, int] | None, due: float) -> None:
        """Carry out a change and those that are due by now too, as far as they are of the same phase."""
        world = self._world
        for _ in range(AT_ONCE):
            if numbered is None:
                break
            if self._is_stopped:
                return
            phase = numbered[0].phase_index
            self._apply(*numbered)
            numbered = self._next()
            if numbered is None or numbered[0].phase_index != phase:
                break
            if world.start + numbered[0].at > world.clock():
                break
        self._go_on(numbered)

    def _apply(self, change: Change, number: int) -> None:
        key = (change.group, change.slot)
        if change.enter:
            self._enter(key, number)
            return
        if self._known is not None:
            self._known.pop(key, None)
        session = self._present.pop(key, None)
        if session is not None:
            session.leave()

    def _enter(self, key: tuple[int, int], number: int) -> None:
        world = self._world
        if not world.has_rows(number):
            # `take: each`: every row has been taken, so there are no more clients.
            return
        life = self._lives.get(key, 0)
        self._lives[key] = life + 1
        session = Session(world, *key, number, life)
        if self._known is not None:
            session.ids = self._known.setdefault(key, (number, session.ids))[1]
        self.admit(session)

    def _return(self, key: tuple[int, int], _: float) -> None:
        """Let a client that is missing come again, as far as it is still wanted."""
        assert self._known is not None
        if key in self._known and key not in self._present and not self._is_stopped:
            self._enter(key, self._known[key][0])

    def _gone(self, task: asyncio.Task[None], gone: Callable[[], None] | None) -> None:
        session = self._running.pop(task)
        if self._latest.get((session.group, session.slot)) is task:
            del self._latest[session.group, session.slot]
        if gone is not None:
            gone()
        key = (session.group, session.slot)
        if self._present.get(key) is session:
            del self._present[key]


async def _after(before: asyncio.Task[None], session: Session) -> None:
    """Let a client live when the one whose row it has is gone, who may still be saying goodbye."""
    if not before.done():
        await asyncio.wait([before])
    if not session.leaving:
        await session.run()
