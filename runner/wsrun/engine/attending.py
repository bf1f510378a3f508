"""One session of a client, from its connection to its close, and what lies between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.closing import judge_closes
from wsrun.engine.lines import lines_of
from wsrun.engine.recovery import Recovery, arrive, begin, stay
from wsrun.engine.steps import run_steps

if TYPE_CHECKING:
    from wsrun.engine.session import Session


async def attend(session: Session) -> None:
    """Have a session: it ends when told to, when lost, or when there is no connection.

    Raises:
        MissingVariable: something that the client has from birth cannot be made.
    """
    is_new, rendezvous = not session.is_born, session.world.rendezvous
    if rendezvous is not None:
        rendezvous.came(session)
    if session.program.connects:
        session.born()
    elif session.is_browsing:
        session.born()
        if is_new:
            session.world.count_browsing(1)
    elif not await arrive(session):
        return
    good, fanout = await begin(session), session.world.fanout
    session.is_started = True
    if rendezvous is not None:
        rendezvous.started(session)
    if good:
        if fanout is not None:
            (fanout.returned if session.has_cycled else fanout.entered)(session)
        await stay(session)
    await session.settle()
    session.is_ending = True
    session.is_fresh = False
    if fanout is not None and not session.is_lost:
        # Who has done its flow once goes by itself, as one that is told to.
        fanout.left(session)
    judge_closes(session)
    await run_steps(session, session.program.end)
    await session.settle()
    await session.hang_up(lines_of(session))


def begin_anew(session: Session) -> None:
    """Forget the session that is over; the client keeps its variables."""
    cut(session)
    session.line = None
    if session.others:
        session.others.clear()
    session.leaving = session.is_ending = session.is_started = False
    plan = session.world.plan.groups[session.group].reconnect
    session.recovery = None if plan is None else Recovery(session, plan)


def cut(session: Session) -> None:
    """Cut what is still connected; what the transport will say comes too late to be counted."""
    judge_closes(session)
    for line in lines_of(session):
        if line.closing is None and line.connection is not None:
            line.leave_pending()
            line.connection.abort()
