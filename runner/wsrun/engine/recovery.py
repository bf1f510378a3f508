"""How a client comes back: after a loss, or when its connection was not made.

Each try waits for its backoff, drawn from the client's own random stream, connects, and does ``resume`` (or,
as long as ``start`` has not been done once, ``start`` from its connect on). A client that is lost again on
the way goes on trying; the count of tries begins anew when it is restored. Nobody waits here but the client
itself, so that one that is told to leave goes at once.

A flow that connects by itself makes its connection in its next pass, when the wait is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.body import body
from wsrun.engine.closing import judge_closes
from wsrun.engine.connecting import connect
from wsrun.engine.lifecycle import begin_cycle, end_cycle
from wsrun.engine.lines import is_lost, lines_of, set_line
from wsrun.engine.steps import run_steps
from wsrun.metrics.snapshot import labels_of
from wsrun.pacing.backoff import backoff
from wsrun.plan_resilience import ReconnectPlan

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.observers import Observers
    from wsrun.engine.session import Session


async def arrive(session: Session) -> bool:
    """Make the first connection; False when there is none to be had."""
    pool = session.world.pools.get(session.group)
    if pool is not None:
        pool.enter(session)
        return True
    while True:
        session.line = await connect(session)
        if session.line is not None:
            return True
        if session.recovery is None or not await session.recovery.wait():
            return False


async def begin(session: Session) -> bool:
    """Do ``start``; False when the session is not to go on."""
    good = await run_steps(session, session.program.start)
    recovery = session.recovery
    if recovery is not None:
        if not good:
            good = await recovery.come_back()
        recovery.started()
    close_mailboxes(session)
    return good


async def stay(session: Session) -> None:
    """Do the body, and again after each loss from which the client comes back."""
    begin_cycle(session)
    try:
        while True:
            program = session.program
            await body(session)
            if session.program is not program and await _connects_now(session):
                continue
            if session.recovery is None or not await session.recovery.come_back():
                return
    finally:
        end_cycle(session)


async def _connects_now(session: Session) -> bool:
    """Connect a client that had closed its connection itself, and whose new profile does not connect."""
    if session.leaving or session.visit is not None or session.program.connects:
        return False
    if session.is_connected or session.is_lost or session.is_browsing:
        return False
    if session.line is not None and session.line.closing is None:
        # It is going, and not gone: nobody knows yet whether it is lost.
        return False
    session.line = await connect(session)
    if session.recovery is not None:
        session.recovery.is_refused = session.line is None
    return session.line is not None


def close_mailboxes(session: Session) -> None:
    """Expect nothing any more, unless a step may still do so."""
    if not session.program.expects_later:
        for line in lines_of(session):
            line.mailbox.close()


def _is_ending(line: Line) -> bool:
    return line.closing is None and not (line.is_open or line.is_closing)


class Recovery:
    """What one client of a group with ``reconnect`` knows of its losses.

    ``is_refused``: a ``connect`` step made no connection.
    """

    __slots__ = ("_gone", "_is_started", "_lost_at", "_plan", "_seen", "_session", "_tries", "is_refused")

    def __init__(self, session: Session, plan: ReconnectPlan) -> None:
        self._session = session
        self._plan = plan
        self._tries = 0
        self._is_started = False
        self._lost_at: float | None = None
        self._gone: set[int] = set()
        self._seen: dict[int, Observers] = {}
        self.is_refused = False

    # What happens to the client

    def lost(self, line: Line, at: float) -> None:
        """Take note of a loss at ``at``, in seconds of the clock."""
        if self._lost_at is None:
            self._lost_at = at
        self._gone.add(line.socket.index)
        # Scheduled messages wait for the body, also where a hold ends during ``resume``.
        self._session.is_due_ready = False
        if line.observers is not None:
            self._seen[line.socket.index] = line.observers

    def connected(self, line: Line) -> None:
        """Take note of a new connection: its numbers go on where those of the lost one ended."""
        self._gone.discard(line.socket.index)
        seen = self._seen.pop(line.socket.index, None)
        if line.observers is not None and seen is not None:
            line.observers.follow(seen)

    def stepped(self, socket: int, *, connected: bool) -> None:
        """Take note of a ``connect`` step."""
        session = self._session
        self.is_refused = not connected and not session.leaving
        if not connected:
            self._gone.add(socket)
        if connected and self._is_started and session.program.returns_by_flow:
            self._restored()

    def started(self) -> None:
        """Take note that ``start`` is done."""
        self._is_started = True
        self._tries = 0

    # Coming back

    async def come_back(self) -> bool:
        """Try until the session is restored; False when it is not, or when nothing was lost."""
        session = self._session
        await self._settled()
        while self._may_come_back():
            judge_closes(session)
            if not await self.wait():
                break
            self.is_refused = False
            program = session.program
            if self._is_started and program.returns_by_flow:
                for socket in self._gone:
                    set_line(session, socket, None)
                self._gone.clear()
                return True
            again = program.resume if self._is_started else program.restart
            if not again.connects and not await self._connect():
                continue
            good = await run_steps(session, again.steps)
            await self._settled()
            if session.leaving:
                return False
            if session.is_connected and not session.is_lost:
                if not good:
                    break
                close_mailboxes(session)
                self._restored()
                return True
        if self._lost_at is not None and self._tries and not session.leaving:
            session.count("reconnect.failed")
        return False

    async def wait(self) -> bool:
        """Wait for the next try; False when there is none, or when the client is told to leave."""
        session, plan = self._session, self._plan
        if session.leaving or self._tries >= plan.attempts:
            return False
        clock = session.world.clock
        due = clock() + backoff(plan, self._tries, session.rng)
        self._tries += 1
        while clock() < due and not session.leaving:
            await session.sleep(due)
        return not session.leaving

    def _may_come_back(self) -> bool:
        """Whether the client is without a connection that it wants, and may try again."""
        session = self._session
        if session.leaving:
            return False
        codes = {
            line.closing.code for line in lines_of(session) if is_lost(line) and line.closing is not None
        }
        return (bool(codes) or self.is_refused) and codes.isdisjoint(self._plan.not_after)

    async def _connect(self) -> bool:
        """Connect anew what was lost, or was never there; False as soon as one of it is not to be had."""
        for socket in sorted(self._gone) or [0]:
            line = await connect(self._session, socket)
            set_line(self._session, socket, line)
            if line is None:
                self.is_refused = True
                return False
        return True

    async def _settled(self) -> None:
        """Wait until connections on which nothing can be sent any more have come to their end."""
        session = self._session
        while not session.leaving and any(map(_is_ending, lines_of(session))):
            await session.sleep(None)

    def _restored(self) -> None:
        """Count a loss that was made good."""
        session, world = self._session, self._session.world
        self._tries = 0
        if self._lost_at is None:
            return
        labels = labels_of(world.labels(session.group, session.profile_index, world.stretch))
        world.recorder.count("reconnect.done", labels)
        world.recorder.sample("reconnect.time", labels, world.clock() - self._lost_at)
        self._lost_at = None
