"""What clients of a pool speak over: a port each, and the pool's connections behind it.

A client of a group with a pool has no connection of its own. Its ``Port`` stands where others have one: what
it is given to send becomes an ``Order``, which the pool hands to a connection as soon as one is free. While a
``PooledLine`` is lent, it speaks in the name of the client: templates, captures and numbers are the
client's. Otherwise it belongs to its ``Holder``, as whom it connects, is checked and counts what is nobody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from wsrun.engine.closing import count_close, judge_close
from wsrun.engine.failover import move_on
from wsrun.engine.line import LATE, Line
from wsrun.engine.programs import MessageProgram, ProfileProgram
from wsrun.engine.request import Request, Waiter
from wsrun.engine.session import Session
from wsrun.engine.sockets import SocketProgram
from wsrun.expressions import MOST_CLIENTS, MissingVariable
from wsrun.metrics.snapshot import Labels
from wsrun.transports import Closing, Timings

if TYPE_CHECKING:
    from wsrun.engine.pool import Pool
    from wsrun.engine.world import World

NO_PROFILE = -1
"""The profile of a connection that belongs to no client."""


class Order(Request):
    """A message on its way through the pool, waited for like a request.

    ``sent`` is when the client asked for it; ``labels`` are those of the client then; ``lent`` is the
    connection that it goes over, once there is one.
    """

    __slots__ = ("labels", "lent")

    lent: PooledLine | None
    labels: Labels

    def end(self, *, good: bool) -> None:
        """Tell whoever waits whether all went well."""
        self.done = True
        if self.future is not None and not self.future.done():
            self.future.set_result(good)


class Port(Line):
    """A client's access to the pool, in place of a connection; always open until the client hangs up."""

    __slots__ = ("_orders", "_pool")

    is_own = False

    def __init__(self, session: Session, pool: Pool) -> None:
        super().__init__(session, session.world.sockets[0], mailbox=False)
        self._pool = pool
        self._orders: dict[int, Order] = {}
        self.connection = _Open(self)

    def send(
        self, program: MessageProgram, due: float | None, future: Waiter | None, old: Request | None = None
    ) -> bool:
        """Order a message; see ``Line.send``. False only where it could not even be tried."""
        world = self.world
        now = world.clock()
        stretch = self.stretch
        at = now if due is None else due
        if not stretch.start <= at < stretch.end:
            self.turn(world.stretch_at(at))
        cell = self.cells[program.index] or world.cell(self, program)
        if due is not None:
            world.recorder.send_lag.add(now - due)
            if now - due > LATE:
                cell.late += 1
        self.order += 1
        order = Order(self, program, cell, at, now, future, self.order)
        order.lent, order.labels = None, self.traffic.labels
        self._orders[order.order] = order
        return self._pool.take(order)

    def finished(self, order: Order, *, good: bool) -> None:
        """Take note of the end of an order."""
        del self._orders[order.order]
        order.end(good=good)

    def requests(self) -> list[Request]:
        """Return the orders that are under way, oldest first."""
        return list(self._orders.values())

    def leave_pending(self) -> None:
        """Give up what is still under way when the run is over."""
        for order in list(self._orders.values()):
            if order.lent is not None:
                order.lent.leave_pending()
            else:
                self._pool.give_up(order, "the run was over before a connection of the pool was free")


class _Open:
    """The connection of a port: there until it is closed, which nobody hears of."""

    __slots__ = (
        "_port",
        "bytes_received",
        "is_open",
        "on_pong",
        "set_cookies",
        "subprotocol",
        "timings",
        "write_backlog",
    )

    def __init__(self, port: Port) -> None:
        self._port = port
        self.is_open = True
        self.write_backlog = self.bytes_received = 0
        self.subprotocol: str | None = None
        self.set_cookies: tuple[str, ...] = ()
        self.timings = Timings(total=0.0)
        self.on_pong: Callable[[bytes, float], None] | None = None

    def send_text(self, payload: bytes) -> None:
        """Nothing is sent past the pool."""

    send_binary = ping = send_text

    def pause_reading(self) -> None:
        """A port reads nothing itself."""

    resume_reading = pause_reading

    def close(self, code: int = 1000) -> None:
        """End."""
        self.is_open = False
        self._port.closing = Closing(code, "", "client")

    def abort(self) -> None:
        """End at once, which is the same."""
        self.close()


class PooledLine(Line):
    """A connection of a pool. ``idle_since`` and ``checked`` are seconds of the clock."""

    __slots__ = ("_pool", "checked", "holder", "idle_since")

    def __init__(self, holder: Holder, socket: SocketProgram, labels: Labels, pool: Pool) -> None:
        super().__init__(holder, socket, mailbox=False, labels=labels)
        self.holder = holder
        self._pool = pool
        self.idle_since = self.checked = self.world.clock()

    def forward(self, order: Order, reply: asyncio.Future[bool] | None) -> bool:
        """Send an order in the name of its client; its round trip counts from the order's own time.

        Raises nothing; returns False, with the failure counted, when the message cannot be made or sent.
        """
        self.session = order.line.session
        self.turn(self.world.stretch_at(order.due))
        lags = self.world.recorder.send_lag
        known = len(lags)
        if not self.send(order.program, order.due, reply):
            return False
        # The wait was for the pool, as pool.wait tells; how late wsrun itself was, the port has recorded.
        if len(lags) > known and lags.pop() > LATE:
            cell = self.cells[order.program.index]
            assert cell is not None
            cell.late -= 1
        return True

    def give_back(self) -> None:
        """Belong to the pool again."""
        self.session = self.holder
        self.turn(self.world.stretch)

    def closed(self, closing: Closing, at: float) -> None:
        """Take note of the end: the client loses its request, and the pool its connection."""
        for request in self.requests():
            self.lose(request)
        self.give_back()
        super().closed(closing, at)


class Holder(Session):
    """The owner of one connection of a pool: the scope of its URL and headers, of its checks and rules.

    Its ``client.index`` is the number of the connection in the pool, ``client.id`` is like ``all/pool-0007``.
    It has rows of data that are taken in turn or at random, and of ``assign`` what can be made of those.
    ``is_mistrusted``: its connection failed a check, and is reset when it ends.
    """

    __slots__ = ("_pool", "is_mistrusted")

    def __init__(self, world: World, pool: Pool, number: int, life: int) -> None:
        """``number`` is that of the connection in the whole pool, ``life`` counts those before it."""
        serial = MOST_CLIENTS - 1 - (number + life * pool.plan.most) % (MOST_CLIENTS // 2)
        super().__init__(world, pool.group, number, serial, life)
        self.client_id = f"{self.group_name}/pool-{number:04d}"
        self.profile_index = NO_PROFILE
        self._rng_seed = f"{world.plan.seed}/{self.client_id}/{life}"
        self._pool = pool
        self.is_mistrusted = False

    @property
    def profile(self) -> str:
        """A connection has no profile."""
        return ""

    @property
    def program(self) -> ProfileProgram:
        """That of any profile of its group; none of them may expect anything here."""
        return self.world.profiles[self.world.plan.groups[self.group].profiles[0][0]]

    def born(self) -> None:
        """Write the variables that a connection can have."""
        world = self.world
        for data, picker in world.pickers:
            if data.take in ("cycle", "random"):
                self.rows[data.name] = picker.row_for(self.index, 0) or {}
        for name, value in world.assign[self.group]:
            with suppress(MissingVariable):
                self.variables[name] = value(self)
        self.mint()

    def line_closed(self, line: Line, closing: Closing, at: float) -> None:
        """Count how the connection ended, and tell the pool."""
        self.world.closed(self, line.socket)
        if not line.is_closing or self.is_mistrusted:
            move_on(self, line.socket)
        count_close(self, line, closing, at)
        judge_close(line)
        self._pool.ended(line)
        self.rouse()

    async def hold(self, line: Line, connected: Callable[[], None]) -> None:
        """Have a connection until told to leave or until it is lost."""
        self.line = line
        # Nobody expects anything on it: what is no reply is unmatched.
        line.mailbox.close()
        connected()
        try:
            while line.closing is None and not self.leaving:
                await self.sleep(None)
            await self.hang_up([line], reset=self.is_mistrusted)
        finally:
            if line.closing is None and line.connection is not None:
                # What the transport will say comes too late to be counted.
                line.leave_pending()
                line.connection.abort()
