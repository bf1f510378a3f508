"""One client from birth to leaving: connect, ``start``, the body until told to leave, ``end``, close.

=============  =====================  ==========================================
state          until                  then
=============  =====================  ==========================================
waiting        a handshake is free    connecting; gone when told to leave
connecting     the handshake ended    starting, or gone (counted by its outcome)
starting       ``start`` is done      working; ending when a step failed
working        told to leave or lost  settling
settling       no reply is awaited    ending
ending         ``end`` is done        closing
closing        the peer has closed    gone
=============  =====================  ==========================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from wsrun.engine.attending import attend, begin_anew, cut
from wsrun.engine.breaker import Breaker
from wsrun.engine.closing import count_close
from wsrun.engine.failover import move_on
from wsrun.engine.lifecycle import Cycle, begin_cycle, stay_away
from wsrun.engine.line import Line
from wsrun.engine.lines import Lines, is_lost, lines_of
from wsrun.engine.programs import TOKEN, ProfileProgram
from wsrun.engine.recovery import Recovery
from wsrun.engine.rows import NextRow
from wsrun.engine.stages import StagedCycle, Stages
from wsrun.expressions import MissingVariable
from wsrun.expressions.id_maker import IdMaker
from wsrun.metrics.recorder import Cell, Told
from wsrun.metrics.snapshot import labels_of
from wsrun.transports import Closing

if TYPE_CHECKING:
    from wsrun.engine.arrivals import Visit
    from wsrun.engine.http_line import HttpLine, Speaker
    from wsrun.engine.world import World

_CLOSE_GRACE = 1.0
"""Seconds beyond ``close_timeout`` after which a silent transport is given up."""


class Session:
    """A client. It is also the scope in which its templates are evaluated."""

    __slots__ = (
        "_messages_made",
        "_rng",
        "_rng_seed",
        "at_leave",
        "breaker",
        "client_id",
        "connections",
        "cycle",
        "group",
        "has_attempted",
        "has_cycled",
        "has_waited",
        "holds",
        "http",
        "hurried",
        "ids",
        "index",
        "is_at_work",
        "is_born",
        "is_browsing",
        "is_dismissed",
        "is_due_ready",
        "is_ending",
        "is_fresh",
        "is_idle",
        "is_started",
        "leaving",
        "line",
        "message_id",
        "moves",
        "number",
        "others",
        "phase",
        "profile_index",
        "recovery",
        "roused",
        "rows",
        "seq",
        "slot",
        "stages",
        "token_until",
        "variables",
        "visit",
        "wake",
        "world",
    )

    def __init__(self, world: World, group: int, slot: int, number: int, life: int) -> None:
        """``number`` is the client's number among all births of the run, ``life`` that of its slot."""
        self.world = world
        self.group = group
        self.slot = self.index = slot
        self.number = number
        self.client_id = f"{world.plan.groups[group].name}/{slot:04d}"
        self.phase = world.stretch.phase
        self.profile_index = world.profile_of(group, slot, self.phase)
        self.ids = IdMaker(number, time=world.time_digits)
        self.message_id = ""
        self.seq = 0
        self.variables: dict[str, Any] = {} if world.fanout is None else world.fanout.born(self)
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.token_until = float("inf")
        self.leaving = self.is_born = self.is_ending = False
        self.has_attempted = self.is_fresh = self.is_started = False
        self.is_idle = True
        self.at_leave: Callable[[], None] | None = None
        self.hurried = self.roused = False
        self.wake: asyncio.Future[None] | None = None
        self.connections = 0
        self.line: Line | None = None
        self.moves: dict[int, int] | None = None
        self.holds = 0
        self.is_due_ready = self.is_dismissed = self.is_at_work = False
        self.has_cycled = self.has_waited = False
        self.cycle: Cycle | StagedCycle | None = None
        self.stages: Stages | None = None
        plan = world.plan.groups[group]
        self.recovery = None if plan.reconnect is None else Recovery(self, plan.reconnect)
        self.breaker = None if plan.breaker is None else Breaker(self, plan.breaker)
        self.others: dict[int, Line] | None = {} if world.plan.sockets else None
        self.visit: Visit | None = None
        self.http: HttpLine | None = None
        self.is_browsing = False
        if world.http is not None:
            # What it brings along is only loaded where there are requests.
            from wsrun.engine.http_line import HttpLine

            self.http = HttpLine(self)
            self.is_browsing = not world.needs_socket(group, slot, self.phase)
        self._rng: Random | None = None
        self._rng_seed = f"{world.plan.seed}/{self.client_id}/{life}"
        self._messages_made = 0

    # The scope of templates

    @property
    def profile(self) -> str:
        """The name of the client's profile in this phase."""
        return self.world.profiles[self.profile_index].name

    @property
    def group_name(self) -> str:
        """The name of the client's group."""
        return self.world.plan.groups[self.group].name

    @property
    def rng(self) -> Random:
        """The client's own random stream; made when first drawn from, because it takes 2.5 KiB."""
        if self._rng is None:
            self._rng = Random(self._rng_seed)
        return self._rng

    def renew(self) -> None:
        """Take the next rows of data taken per message, and a new token when the old one has expired."""
        if self.world.clock() >= self.token_until:
            self.mint()
        self._messages_made += 1
        for data, picker in self.world.pickers:
            if data.per != "message":
                continue
            if data.take == "each":
                self.rows[data.name] = NextRow(self.world.decks[data.name])
            else:
                self.rows[data.name] = picker.row_for(self.number, self._messages_made) or {}

    # Life

    async def run(self) -> None:
        """Live; ends by itself when told to leave, when lost, or when the connection was not made."""
        try:
            await attend(self)
            while await stay_away(self):
                begin_anew(self)
                await attend(self)
        except MissingVariable as missing:
            self.error("missing-variable", f"at birth: nothing was written to {missing.name}")
        finally:
            if self.breaker is not None:
                self.breaker.end()
            cut(self)
            if self.world.fanout is not None:
                self.world.fanout.gone(self)
            if self.http is not None:
                self.http.leave_pending()
                if self.is_browsing and self.is_born:
                    self.world.count_browsing(-1)
            if self.world.rendezvous is not None:
                self.world.rendezvous.gone(self)

    def leave(self) -> None:
        """Tell the client to leave: it ends its session, and is gone."""
        self.is_dismissed = True
        self.retire()

    def retire(self) -> None:
        """Tell the client to end its session: it waits for its replies, runs ``end`` and closes."""
        self.leaving = True
        if self.world.fanout is not None:
            self.world.fanout.left(self)
        if self.world.rendezvous is not None:
            self.world.rendezvous.gone(self)
        self.world.ready.discard(self)
        if self.at_leave is not None:
            self.at_leave()
        self.rouse()

    def hurry(self) -> None:
        """Tell a client that is leaving that the drain is over: it sleeps no more."""
        self.hurried = True
        self.rouse()

    def rouse(self) -> None:
        """End a sleep, so that the client looks around."""
        self.roused = True
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)

    def enter_phase(self, phase: int) -> None:
        """Take up the role of a new phase, once; sleeps are kept where nothing changes for this client."""
        if phase <= self.phase:
            return
        world = self.world
        profile, behaviour = self.profile_index, world.behaviour(self.profile_index, self.phase)
        was_scheduled = world.is_scheduled(self.group, self.phase)
        self.phase = phase
        # Counted as open until the end is told, which is later than the moment of the last message.
        lines = lines_of(self)
        there = [line.socket for line in lines if line.closing is None and line.is_own]
        for socket in there:
            world.closed(self, socket)
        self.profile_index = world.profile_of(self.group, self.slot, phase)
        if world.fanout is not None and self.profile_index != profile:
            world.fanout.turned(self)
        if world.rendezvous is not None and self.profile_index != profile:
            world.rendezvous.gone(self)
            world.rendezvous.came(self)
        for socket in there:
            world.opened(self, socket)
        for line in lines:
            line.turn(world.stretch)
        if self.http is not None:
            self.http.turn(world.stretch)
        if profile != self.profile_index and self.is_at_work:
            begin_cycle(self)
        is_same = profile == self.profile_index and behaviour.is_like(world.behaviour(profile, phase))
        if was_scheduled or world.is_scheduled(self.group, phase) or not is_same:
            self.rouse()

    # Identity

    def born(self) -> None:
        """Write the variables that a client has from birth: rows, token, ``assign``; later a fresh token.

        Raises:
            MissingVariable: one of them cannot be made.
        """
        world = self.world
        if self.is_born:
            if world.clock() >= self.token_until:
                self.mint()
            return
        for data, picker in world.pickers:
            # A slot has one client at a time: its number is free again as soon as the client has left.
            number = world.seats.of(self) if data.take == "unique" else self.number
            self.rows[data.name] = picker.row_for(number, 0) or {}
        for name, value in world.assign[self.group]:
            self.variables[name] = value(self)
        self.mint()
        self.is_born = True

    def mint(self) -> None:
        """Make the client's token, when the scenario has one."""
        world = self.world
        if world.plan.jwt is None or world.claims is None:
            return
        from wsrun.tokens import mint

        now = world.clock()
        self.token_until = now + world.plan.jwt.lifetime
        self.variables[TOKEN] = mint(world.plan.jwt, world.claims(self), now + world.unix_offset)

    # Waiting

    async def rest(self, due: float) -> None:
        """Sleep until ``due``, whatever phases come, as long as there is a reason to stay."""
        while self.world.clock() < due:
            if self.hurried if self.is_ending else self.leaving or self.is_lost:
                return
            await self.sleep(due)

    async def sleep(self, due: float | None) -> None:
        """Sleep until ``due``, or until roused; None: until roused."""
        world = self.world
        self.wake = world.loop.create_future() if due is None else world.agenda.sleep_until(due)
        await self.wake
        self.wake = None

    async def settle(self) -> None:
        """Wait until no reply is awaited; each has its own timeout."""
        waiting = [request for line in lines_of(self) for request in line.requests()]
        if self.http is not None:
            waiting += self.http.requests()
        for request in waiting:
            if request.done:
                continue
            if not isinstance(request.future, asyncio.Future):
                request.future = self.world.loop.create_future()
            await request.future

    async def hang_up(self, lines: Iterable[Line], code: int = 1000, *, reset: bool = False) -> None:
        """Close connections, in good order or by a reset, and wait for their ends."""
        ending = []
        for line in lines:
            if line.connection is not None:
                line.mailbox.close()
                if line.closing is None:
                    ending.append(line)
                    line.is_closing = line.is_hanging_up = True
                    if reset:
                        line.connection.abort()
                    else:
                        line.connection.close(code)
        if self.world.fanout is not None and all(line.is_closing for line in lines_of(self)):
            self.world.fanout.left(self)
        for line in ending:
            await line.wait_closed(self.world.clock() + line.socket.target.close_timeout + _CLOSE_GRACE)

    # What the line tells

    @property
    def program(self) -> ProfileProgram:
        """What the client does, by its profile in this phase."""
        return self.world.profiles[self.profile_index]

    @property
    def speaker(self) -> Line | Lines | Speaker | None:
        """What the client speaks over: its connection, or all of them as one where it has several."""
        if self.http is not None:
            return self.http.speaker
        return self.line if self.others is None else Lines(self)

    @property
    def is_lost(self) -> bool:
        """Whether a connection ended and neither we nor a step of ours asked for it."""
        if self.line is not None and is_lost(self.line):
            return True
        return bool(self.others) and any(map(is_lost, lines_of(self)))

    @property
    def is_connected(self) -> bool:
        """Whether a connection is there."""
        if self.line is not None and self.line.is_open:
            return True
        return bool(self.others) and any(line.is_open for line in lines_of(self))

    def line_closed(self, line: Line, closing: Closing, at: float) -> None:
        """Count how a connection ended, and look around."""
        self.world.closed(self, line.socket)
        self.world.ready.discard(self)
        if not line.is_closing:
            move_on(self, line.socket)
            if self.recovery is not None:
                self.recovery.lost(line, at)
            if self.world.rendezvous is not None:
                self.world.rendezvous.gone(self, "lost")
            if self.breaker is not None:
                self.breaker.failed()
        count_close(self, line, closing, at)
        self.rouse()

    def count(self, name: str) -> None:
        """Add one to a counter of this client's group and profile."""
        world = self.world
        world.recorder.count(name, labels_of(world.labels(self.group, self.profile_index, world.stretch)))

    def error(self, cause: str, text: str | Told, cell: Cell | None = None) -> None:
        """Count an error of this client, under the labels of a message where it is about one."""
        world = self.world
        labels: dict[str, str | None] = {} if cell is None else dict(cell.labels)
        labels = labels or world.labels(self.group, self.profile_index, world.stretch)
        world.recorder.error(cause, self.client_id, world.elapsed(world.clock()), text, labels)

    def note(self, metric: str, text: Told, at: float) -> None:
        """Keep a sample of what was counted; ``at`` is absolute seconds of the clock."""
        self.world.recorder.note(metric, self.client_id, self.world.elapsed(at), text)
