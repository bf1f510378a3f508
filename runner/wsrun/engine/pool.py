"""Pools: many clients over few connections, each of which is lent for one message and its reply.

A worker's part of a pool is exact: connection n of the ``max`` (and of the ``min``) belongs to worker n mod
workers. A connection is opened when an order finds none free, and closed when it was idle for ``idle`` and is
not one of the ``min``. The most recently used one is lent first, so that those not needed fall idle. Orders
wait by priority, then in turn. A connection that fails its check is closed and replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from wsrun.engine.borrowing import Holder, Order, PooledLine, Port
from wsrun.engine.connecting import connect
from wsrun.engine.precedence import RANKS
from wsrun.metrics.snapshot import Gauge, Labels, Series, series
from wsrun.plan_resilience import PoolPlan

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.session import Session
    from wsrun.engine.sockets import SocketProgram
    from wsrun.engine.world import World

TICK = 0.1
"""Seconds between looks at which connections are idle for too long, due for a check, or missing."""

MOST_OVER = 64
"""Orders that are over and wait all the same, before they are cleared away."""

RETRY = 1.0
"""Seconds after an attempt that failed before the pool makes the next one."""


class Pool:
    """One worker's part of the pool of a group."""

    def __init__(self, world: World, group: int, plan: PoolPlan, tasks: asyncio.TaskGroup) -> None:
        self.group = group
        self.plan = plan
        self._world = world
        self._tasks = tasks
        self._check = None if plan.check is None else world.messages[plan.check]
        self._numbers = list(range(world.worker, plan.most, world.workers))
        self._least = len(range(world.worker, plan.least, world.workers))
        self._free = self._numbers[::-1]
        self._lives = dict.fromkeys(self._numbers, 0)
        self._moves: dict[int, dict[int, int]] = {number: {} for number in self._numbers}
        self._lines: dict[Line, int] = {}
        self._idle: list[PooledLine] = []
        self._holders: dict[asyncio.Task[None], Holder] = {}
        self._opening = 0
        self._blocked_until = float("-inf")
        self._waiting: list[tuple[int, int, Order]] = []
        self._queued = 0
        self._order = 0
        self._is_stopped = False

    # Life

    def start(self) -> None:
        """Open the least connections, and look after them from now on."""
        self._grow()
        self._world.agenda.call_at(self._world.clock() + TICK, self._tick)

    def stop(self) -> None:
        """Close all connections; the clients are gone."""
        self._is_stopped = True
        for holder in self._holders.values():
            holder.leave()

    async def wait(self, until: float) -> None:
        """Wait until all connections have come to their end, at most until a moment of the clock."""
        agenda = self._world.agenda
        while self._holders and self._world.clock() < until:
            await agenda.sleep_until(min(self._world.clock() + 0.01, until))
        for task in list(self._holders):
            task.cancel()

    def enter(self, session: Session) -> None:
        """Give a client its access; raises MissingVariable when the client cannot be born."""
        session.born()
        port = session.line = Port(session, self)
        if session.visit is not None:
            session.visit.begun(session, port.traffic.labels)

    def gauge(self) -> tuple[Series, Gauge]:
        """Return how many connections there are."""
        world = self._world
        name = world.plan.groups[self.group].name
        key = series("pool.size", worker=str(world.worker), group=name, **world.stretch.labels)
        return key, Gauge.of(float(len(self._lines)))

    @property
    def write_backlog(self) -> int:
        """Bytes given to the connections that the system has not taken yet."""
        connections = (line.connection for line in self._lines if line.is_open)
        return sum(connection.write_backlog for connection in connections if connection is not None)

    # Orders

    def take(self, order: Order) -> bool:
        """Send an order over a free connection, or let it wait; False when it could not be sent."""
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                is_sent, is_lent = self._lend(line, order)
                if not is_lent:
                    self._give_back(line)
                return is_sent
        rank = RANKS[order.program.plan.priority] if self._world.has_priorities else 0
        self._order += 1
        self._queued += 1
        heappush(self._waiting, (rank, self._order, order))
        due = order.sent + self.plan.acquire_timeout
        self._world.agenda.call_at(due, lambda _: self._expire(order))
        self._grow()
        return True

    def give_up(self, order: Order, text: str) -> None:
        """End an order that got no connection."""
        self._queued -= 1
        self._world.recorder.count("pool.timeouts", order.labels)
        self._count_wait(order)
        order.line.session.error("pool-timeout", f"{order.program.name}: {text}", order.cell)
        self._finish(order, good=False)
        if len(self._waiting) > 2 * self._queued + MOST_OVER:
            # Where no connection becomes free, nobody comes past those that are over.
            self._waiting = [entry for entry in self._waiting if not entry[2].done]
            heapify(self._waiting)

    def _expire(self, order: Order) -> None:
        if not order.done and order.lent is None:
            self.give_up(order, f"no connection of the pool was free within {self.plan.acquire_timeout:g} s")

    def _next_order(self) -> Order | None:
        while self._waiting:
            order = heappop(self._waiting)[2]
            if not order.done:
                self._queued -= 1
                return order
        return None

    def _lend(self, line: PooledLine, order: Order) -> tuple[bool, bool]:
        """Send an order; return whether it was sent, and whether the connection is lent until a reply."""
        order.lent = line
        self._count_wait(order)
        reply = self._world.loop.create_future() if order.program.has_reply else None
        if not line.forward(order, reply):
            self._finish(order, good=False)
            return False, False
        if reply is None:
            self._finish(order, good=True)
            return True, False
        reply.add_done_callback(partial(self._answered, line, order))
        return True, True

    def _answered(self, line: PooledLine, order: Order, reply: asyncio.Future[bool]) -> None:
        self._finish(order, good=not reply.cancelled() and reply.result())
        self._give_back(line)

    def _finish(self, order: Order, *, good: bool) -> None:
        port = order.line
        assert isinstance(port, Port)
        port.finished(order, good=good)

    def _count_wait(self, order: Order) -> None:
        self._world.recorder.sample("pool.wait", order.labels, self._world.clock() - order.sent)

    def _give_back(self, line: PooledLine) -> None:
        """Take a connection back, and lend it to whoever waits."""
        if line.closing is None:
            line.give_back()
        line.idle_since = self._world.clock()
        while line.is_open and not line.holder.leaving:
            order = self._next_order()
            if order is None:
                self._idle.append(line)
                return
            if self._lend(line, order)[1]:
                return
            line.give_back()

    # Connections

    def ended(self, line: Line) -> None:
        """Take note of the end of a connection."""
        number = self._lines.pop(line, None)
        if number is None:
            # It ended as it was made: whoever makes it sees that.
            return
        self._free.append(number)
        if line in self._idle:
            self._idle.remove(line)
        self._grow()

    def _grow(self) -> None:
        """Open connections as long as some are wanted, and allowed."""
        if self._is_stopped or self._world.clock() < self._blocked_until:
            return
        while self._free and (self._opening < self._queued or self._size < self._least):
            self._open()

    @property
    def _size(self) -> int:
        return len(self._lines) + self._opening

    def _open(self) -> None:
        number = self._free.pop()
        holder = Holder(self._world, self, number, self._lives[number])
        # A connection that was lost, or refused, is made at the next server, as that of a client would be.
        holder.moves = self._moves[number]
        self._lives[number] += 1
        self._opening += 1
        task = self._tasks.create_task(self._hold(holder, number))
        self._holders[task] = holder
        task.add_done_callback(self._holders.pop)

    async def _hold(self, holder: Holder, number: int) -> None:
        line: PooledLine | None = None

        def made(socket: SocketProgram, labels: Labels) -> PooledLine:
            nonlocal line
            line = PooledLine(holder, socket, labels, self)
            return line

        try:
            is_made = await connect(holder, make=made) is not None
        finally:
            self._opening -= 1
        if not is_made or line is None or line.closing is not None:
            self._free.append(number)
            self._blocked_until = self._world.clock() + RETRY
            return
        self._lines[line] = number
        await holder.hold(line, partial(self._give_back, line))

    # Care

    def _tick(self, due: float) -> None:
        if self._is_stopped:
            return
        world = self._world
        now = world.clock()
        for line in [line for line in self._idle if line.is_open]:
            if now - line.idle_since >= self.plan.idle and self._size > self._least:
                self._retire(line)
            elif self._check is not None and now - max(line.checked, line.idle_since) >= self.plan.every:
                self._idle.remove(line)
                line.checked = now
                reply = world.loop.create_future()
                reply.add_done_callback(partial(self._checked, line))
                if not line.send(self._check, None, reply):
                    reply.set_result(False)
        self._grow()
        world.agenda.call_at(max(due + TICK, now), self._tick)

    def _checked(self, line: PooledLine, reply: asyncio.Future[bool]) -> None:
        idle_since = line.idle_since
        if not reply.cancelled() and reply.result():
            self._give_back(line)
            if line in self._idle:
                # A check is no use: what nobody needs falls idle all the same.
                line.idle_since = idle_since
        elif line.closing is None and not self._is_stopped:
            # Whoever does not answer would not answer a close either.
            line.holder.is_mistrusted = True
            self._retire(line)
            if self._free and self._world.clock() >= self._blocked_until:
                self._open()

    def _retire(self, line: PooledLine) -> None:
        if line in self._idle:
            self._idle.remove(line)
        line.holder.leave()


def pools_of(world: World, tasks: asyncio.TaskGroup) -> Iterator[Pool]:
    """Make the pools of a worker."""
    for group in world.plan.groups:
        if group.pool is not None:
            yield Pool(world, group.index, group.pool, tasks)
