"""One worker's run from its first client to its last: phases, schedules, snapshots, drain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from wsrun.engine.arrivals import Arrivals
from wsrun.engine.backlog import late_kept, most_unsent
from wsrun.engine.control import Ask, EndSearch, HoldLevel, Release
from wsrun.engine.deadlines import SWEEP
from wsrun.engine.fitness import Fitness
from wsrun.engine.lines import backlog_of, lines_of
from wsrun.engine.pauses import Pauses
from wsrun.engine.pool import pools_of
from wsrun.engine.roster import Roster
from wsrun.engine.schedule import Schedule
from wsrun.engine.world import World
from wsrun.metrics.recorder import Stretch
from wsrun.metrics.snapshot import Gauge, Series, Snapshot
from wsrun.plan import PhasePlan

CATCH_UP = 1.0
"""Seconds beyond the end of the phases for messages that were due before it; the rest is dropped."""

PAUSE = 0.005
"""Seconds between looks at whether something that has to come to its end has done so."""

TOLD_AT_ONCE = 200
"""Clients that take up a new role before the loop turns."""

OFF_BEAT = 0.0013
"""Seconds after the end of an interval at which it is folded.

Round rates have a message due at each full second. A fold takes about half a millisecond, in which no reply
is stamped: on the beat it would delay just these, and be seen in the 99.9th percentile.
"""

FAREWELL = 0.25
"""Seconds in which a transport tells of the connections that it was made to abort."""

CLOSING_GRACE = 2.0
"""Seconds beyond drain and ``close_timeout`` after which whoever still runs is cancelled."""


class Performance:
    """Performs a worker's share of a plan; ``emit`` gets each interval's snapshot.

    ``pauses``: where those of garbage collection are measured; None: nowhere.
    """

    def __init__(self, world: World, emit: Callable[[Snapshot], None], pauses: Pauses | None = None) -> None:
        self._world = world
        self._emit = emit
        self._fitness = Fitness(world, pauses)
        self._schedules: list[Schedule] = []
        self._roster: Roster
        self._arrivals: Arrivals
        self._over: asyncio.Future[None] = world.loop.create_future()
        self._phase = -1
        self._index = 0
        self._last = 0.0
        self._looked = 0.0
        self._unfolded: tuple[float, dict[Series, Gauge]] | None = None

    def stop(self) -> None:
        """End the phases now and go on with the drain."""
        if not self._over.done():
            self._over.set_result(None)

    def hold(self, told: HoldLevel) -> None:
        """Go on with another level of the search."""
        if not self._over.done():
            self._world.course.hold(told)
            self._go(self._world.extend())

    def end_search(self, told: EndSearch) -> None:
        """Go on with what follows the search."""
        if not self._over.done():
            self._world.course.end_search(told)
            self._go(self._world.extend())

    def ask(self, asked: Ask) -> None:
        """Say whether all clients of this worker wait where it is asked."""
        if self._world.rendezvous is not None:
            self._world.rendezvous.ask(asked)

    def release(self, told: Release) -> None:
        """Let the clients go on who wait where it is told."""
        if self._world.rendezvous is not None:
            self._world.rendezvous.release(told)

    async def run(self) -> None:
        """Perform; the last snapshot has been emitted when this returns."""
        world = self._world
        agenda, plan = world.agenda, world.plan
        async with asyncio.TaskGroup() as tasks:
            # As a task of the group, so that it ends everybody and the worker with them.
            agenda.failed = lambda error: tasks.create_task(_fail(error))
            self._roster = Roster(world, tasks)
            self._arrivals = Arrivals(world, self._roster)
            world.pools = {pool.group: pool for pool in pools_of(world, tasks)}
            for pool in world.pools.values():
                agenda.call_at(world.start, lambda _, pool=pool: pool.start())  # type: ignore[misc]
            self._go(world.stretches)
            agenda.call_at(world.start + plan.interval, self._read)
            agenda.call_at(world.start + SWEEP, self._sweep)
            self._fitness.start()
            if plan.once:
                agenda.call_at(world.start + PAUSE, self._look)
            await self._over
            await self._drain()
        await self._farewell()
        world.log.leave()
        # The run may end in the moment between a reading and its fold.
        self._fold(world.clock())
        self._snapshot(max(world.elapsed(world.clock()), self._last), self._gauges())
        agenda.close()
        if world.http is not None:
            await world.http.close()

    async def _drain(self) -> None:
        world = self._world
        await self._drain_clients()
        for pool in world.pools.values():
            pool.stop()
        for pool in world.pools.values():
            await pool.wait(world.clock() + world.plan.close_timeout + CLOSING_GRACE)

    async def _drain_clients(self) -> None:
        world, roster = self._world, self._roster
        await self._catch_up()
        if world.rendezvous is not None:
            world.rendezvous.close()
        await roster.stop()
        limit = world.clock() + world.plan.drain
        if await roster.wait(limit):
            return
        world.deadlines.sweep(world.clock())
        for session in roster.sessions:
            for line in lines_of(session):
                line.leave_pending()
            if session.http is not None:
                session.http.leave_pending()
            session.hurry()
        if not await roster.wait(world.clock() + world.plan.close_timeout + CLOSING_GRACE):
            roster.cancel()

    async def _farewell(self) -> None:
        """Hear of the ends of connections that were aborted; nobody waited for them."""
        world = self._world
        limit = world.clock() + FAREWELL
        while any(world.open.values()) and world.clock() < limit:
            await world.agenda.sleep_until(world.clock() + PAUSE)

    async def _catch_up(self) -> None:
        """Send what was due until now; what cannot be sent soon has to show, as dropped."""
        world = self._world
        end = min(world.clock(), world.start + world.plan.duration)
        limit = end + CATCH_UP
        self._arrivals.stop(end)
        for schedule in self._schedules:
            schedule.stop(end)
        while any(schedule.is_behind for schedule in self._schedules) and world.clock() < limit:
            await world.agenda.sleep_until(world.clock() + PAUSE)
        for schedule in self._schedules:
            schedule.give_up()

    def _go(self, stretches: Iterable[Stretch]) -> None:
        """Enter what the course has come to into the agenda."""
        world, leg = self._world, self._world.course.leg
        for stretch in stretches:
            world.agenda.call_at(stretch.start, partial(self._enter, stretch))
        for stage in leg.stages:
            world.agenda.call_at(world.start + stage.start, partial(self._begin, stage))
        self._roster.extend(leg.stages)
        self._arrivals.extend(leg.stages)
        if leg.end is not None:
            world.agenda.call_at(world.start + leg.end, lambda _: self.stop())

    def _look(self, _: float) -> None:
        """End a functional test as soon as everybody is done."""
        if self._roster.is_over:
            self.stop()
        elif not self._over.done():
            self._world.agenda.call_at(self._world.clock() + PAUSE, self._look)

    def _enter(self, stretch: Stretch, _: float) -> None:
        world = self._world
        if self._over.done() and stretch.phase < len(world.plan.phases):
            return
        world.stretch = stretch
        world.recorder.enter(stretch.labels)

    def _begin(self, stage: PhasePlan, _: float) -> None:
        """Begin a phase, or a level of a search."""
        world = self._world
        if self._over.done():
            return
        world.handshakes.set_limit(-(-stage.handshakes // world.workers))
        if stage.index != max(self._phase, 0):
            self._turn(stage.index)
        self._phase = stage.index
        if stage.search is not None:
            self._roster.replace_missing(stage)
        for group in stage.rate:
            schedule = Schedule(world, self._roster, stage, group)
            self._schedules.append(schedule)
            schedule.start()

    def _turn(self, phase: int) -> None:
        """Tell the clients whose role changes, some at a time: thousands at once would hold up the loop."""
        world = self._world
        changed = world.groups_that_change(phase)
        sessions = [session for session in self._roster.sessions if session.group in changed]

        def tell(_: float) -> None:
            for session in sessions[-TOLD_AT_ONCE:]:
                session.enter_phase(phase)
            del sessions[-TOLD_AT_ONCE:]
            if sessions:
                world.agenda.call_at(world.clock(), tell)

        tell(0.0)

    def _sweep(self, due: float) -> None:
        """Let requests expire whose deadline had passed at the last look.

        The loop has turned since: a reply that came in time, while wsrun was held up, has been read.
        """
        world = self._world
        world.deadlines.sweep(self._looked)
        world.heartbeats.sweep(self._looked)
        self._looked = world.clock()
        world.agenda.call_at(max(due + SWEEP, self._looked), self._sweep)

    def _read(self, due: float) -> None:
        """Read the gauges as an interval ends, and fold what it brought a moment later."""
        world = self._world
        self._unfolded = (world.elapsed(due), self._gauges())
        world.agenda.call_at(due + OFF_BEAT, self._fold)
        world.agenda.call_at(due + world.plan.interval, self._read)

    def _fold(self, _: float) -> None:
        """Fold the interval whose gauges were read."""
        if self._unfolded is not None:
            interval, self._unfolded = self._unfolded, None
            self._snapshot(*interval)

    def _gauges(self) -> dict[Series, Gauge]:
        sessions = self._roster.sessions
        lines = [session.line for session in sessions if session.line is not None]
        if self._world.plan.sockets:
            lines += [line for session in sessions for line in (session.others or {}).values()]
        self._world.most_unsent, self._world.late_kept = most_unsent(len(lines)), late_kept(len(lines))
        self._world.room.share(len(lines))
        # A look takes half a microsecond, and where nothing was sent nothing waits: with tens of thousands of
        # idle clients all the looks would hold up the loop at the end of each interval.
        backlog = sum(backlog_of(line) for line in lines if line.seq)
        pools = self._world.pools.values()
        gauges = self._fitness.gauges(backlog + sum(pool.write_backlog for pool in pools))
        return gauges | dict(pool.gauge() for pool in pools)

    def _snapshot(self, end: float, gauges: dict[Series, Gauge]) -> None:
        world = self._world
        snapshot = world.recorder.snapshot(self._index, self._last, end, gauges)
        if world.fanout is not None:
            snapshot.facts = world.fanout.take()
        self._emit(snapshot)
        self._index += 1
        self._last = end


async def _fail(error: Exception) -> None:
    raise error
