"""The clients of one worker: who is there, who comes and who goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.pacing.population import Change, all_changes

LEAVING_AT_ONCE = 100
"""Clients that are told to leave before the loop turns."""


class Roster:
    """Follows the planned changes of the population.

    Every worker reads the changes of the whole run, so that births are numbered alike in all of them, and
    carries out those of its own slots (slot mod workers).
    """

    def __init__(self, world: World, tasks: asyncio.TaskGroup) -> None:
        self._world = world
        self._tasks = tasks
        self._changes: Iterator[Change] = all_changes(world.plan.phases)
        self._births = 0
        self._lives: dict[tuple[int, int], int] = {}
        self._present: dict[tuple[int, int], Session] = {}
        self._by_group: dict[int, list[Session]] = {}
        self._running: dict[asyncio.Task[None], Session] = {}

    def start(self) -> None:
        """Carry out the changes from now on, each at its time."""
        self._next()

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

    def in_group(self, group: int) -> list[Session]:
        """Return a group's clients that were not told to leave; kept while nobody comes or goes."""
        found = self._by_group.get(group)
        if found is None:
            found = self._by_group[group] = [s for s in self._present.values() if s.group == group]
        return found

    async def stop(self) -> None:
        """Admit nobody any more, and tell everybody to leave, some at a time."""
        self._changes = iter(())
        leaving = self.present
        self._present.clear()
        self._by_group.clear()
        for number, session in enumerate(leaving):
            session.leave()
            if number % LEAVING_AT_ONCE == 0:
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

    def _next(self) -> None:
        world = self._world
        for change in self._changes:
            number = self._births
            self._births += change.enter
            if change.slot % world.workers == world.worker:
                world.agenda.call_at(world.start + change.at, partial(self._apply, change, number))
                return

    def _apply(self, change: Change, number: int, _: float) -> None:
        key = (change.group, change.slot)
        if change.enter:
            self._enter(key, number)
        else:
            session = self._present.pop(key, None)
            self._by_group.pop(change.group, None)
            if session is not None:
                session.leave()
        self._next()

    def _enter(self, key: tuple[int, int], number: int) -> None:
        world = self._world
        if any(picker.row_for(number, 0) is None for data, picker in world.pickers if data.per == "client"):
            # `take: each`: every row has been taken, so there are no more clients.
            return
        life = self._lives.get(key, 0)
        self._lives[key] = life + 1
        self._by_group.pop(key[0], None)
        session = self._present[key] = Session(world, *key, number, life)
        task = self._tasks.create_task(session.run())
        self._running[task] = session
        task.add_done_callback(lambda done: self._gone(done, key))

    def _gone(self, task: asyncio.Task[None], key: tuple[int, int]) -> None:
        session = self._running.pop(task)
        if self._present.get(key) is session:
            del self._present[key]
            self._by_group.pop(key[0], None)
