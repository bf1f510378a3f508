"""Lifecycles: clients that come and go (intermittent), or are busy and idle in turn (bursty).

An intermittent client has one session after the other, each with its ``start``, body, ``end`` and close; in
between it is away, and its variables live on. A session that ends early, or is not to be had, is followed by
the time away as any other. A bursty client stays connected and is held while it is idle. The first time of
each is cut to a random part, so that clients that come together do not go on in step.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from wsrun.engine.holding import hold, release
from wsrun.engine.stages import StagedProgram
from wsrun.expressions import Tools
from wsrun.pacing.pauses import compile_pause
from wsrun.plan_resilience import LifecyclePlan

if TYPE_CHECKING:
    from wsrun.engine.session import Session


class LifecycleProgram(NamedTuple):
    """A lifecycle, ready to draw its times from."""

    is_intermittent: bool
    on: Callable[[Random], float]
    off: Callable[[Random], float]

    def begin(self, session: Session) -> Cycle:
        """Return the turns of a session that has begun its body."""
        return Cycle(session, self)

    def away(self, session: Session) -> float | None:
        """Return for how many seconds a client is away now; None: it does not come back."""
        return self.off(session.rng) if self.is_intermittent else None


def compile_lifecycle(plan: LifecyclePlan | None, tools: Tools) -> LifecycleProgram | StagedProgram | None:
    """Compile a lifecycle; None stays None."""
    if plan is None:
        return None
    if plan.on is None or plan.off is None:
        return StagedProgram(plan.kind, tools.extensions[plan.kind])
    return LifecycleProgram(plan.kind == "intermittent", compile_pause(plan.on), compile_pause(plan.off))


class Cycle:
    """The turns of one session, from the end of ``start`` to the end of the body."""

    __slots__ = ("_is_idle", "_is_over", "_program", "_session")

    def __init__(self, session: Session, program: LifecycleProgram) -> None:
        self._session = session
        self._program = program
        self._is_idle = False
        self._is_over = False

    def start(self) -> None:
        """Begin with the time in which the client is there, or active."""
        session = self._session
        length = self._program.on(session.rng)
        if not session.has_cycled:
            length *= session.rng.random()
            session.has_cycled = True
        self._after(length)

    def end(self) -> None:
        """End, whatever time it is."""
        self._is_over = True
        if self._is_idle:
            self._is_idle = False
            release(self._session)

    def _after(self, seconds: float) -> None:
        world = self._session.world
        world.agenda.call_at(world.clock() + seconds, self._turn)

    def _turn(self, _: float) -> None:
        session, program = self._session, self._program
        if self._is_over:
            return
        if program.is_intermittent:
            session.retire()
        elif self._is_idle:
            self._is_idle = False
            release(session)
            self._after(program.on(session.rng))
        else:
            self._is_idle = True
            hold(session)
            self._after(program.off(session.rng))


def begin_cycle(session: Session) -> None:
    """Begin the turns of a client that has begun its body, or has got another profile in it."""
    end_cycle(session)
    session.is_at_work = True
    program = session.program.lifecycle
    if program is not None:
        session.cycle = program.begin(session)
        session.cycle.start()


def end_cycle(session: Session) -> None:
    """End the turns of a client."""
    session.is_at_work = False
    if session.cycle is not None:
        session.cycle.end()
        session.cycle = None


async def stay_away(session: Session) -> bool:
    """Wait for the next session of an intermittent client; False where there is to be none."""
    program = session.program.lifecycle
    if session.is_dismissed or program is None:
        return False
    if session.visit is not None and session.program.flow:
        # Who arrived does a flow once.
        return False
    away = program.away(session)
    if away is None:
        return False
    if session.world.fanout is not None:
        session.world.fanout.left(session)
    if session.world.rendezvous is not None:
        session.world.rendezvous.gone(session)
    clock = session.world.clock
    due = clock() + away
    while clock() < due and not session.is_dismissed:
        await session.sleep(due)
    return not session.is_dismissed
