"""``connect``, ``close`` and ``expect_close``: the connection as something that a flow does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.closing import judge_closes, may_take_close, take_close
from wsrun.engine.connecting import connect as make_connection
from wsrun.engine.lines import line_of, set_line
from wsrun.engine.steps import Run
from wsrun.patterns import Answer
from wsrun.plan_steps import CloseStep, ConnectStep, ExpectCloseStep
from wsrun.transports import ConnectFailure

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session


def connect(plan: ConnectStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``connect``; a connection that is still open is closed first."""
    if plan.refused is not None:
        return _refused(plan, compiler)

    async def run(session: Session) -> bool:
        session.is_idle = False
        judge_closes(session)
        line = line_of(session, plan.socket)
        if line is not None:
            # One on which nothing can be sent any more is waited for: a socket has one connection at a time.
            await session.hang_up([line])
        line = await make_connection(session, plan.socket)
        set_line(session, plan.socket, line)
        if session.recovery is not None:
            session.recovery.stepped(plan.socket, connected=line is not None)
        if session.world.fanout is not None and line is not None:
            session.world.fanout.returned(session)
        # Who is told to leave while waiting for a handshake has not failed.
        return line is not None or session.leaving

    return run


def _refused(plan: ConnectStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``connect`` that must be refused; a connection that is made all the same is closed."""
    matcher = compiler.matcher(plan.refused)
    assert matcher is not None

    async def run(session: Session) -> bool:
        session.is_idle = False
        judge_closes(session)
        before = line_of(session, plan.socket)
        if before is not None:
            await session.hang_up([before])
        fits = matcher.bind(session)
        is_right = False

        def excuse(failure: ConnectFailure) -> bool:
            nonlocal is_right
            if failure.status is not None:
                at = session.world.clock()
                is_right = fits(Answer(failure.status, failure.headers, failure.body, at))
            return is_right

        line = await make_connection(session, plan.socket, excuse)
        set_line(session, plan.socket, line)
        if line is None:
            return is_right or session.leaving
        await session.hang_up([line])
        set_line(session, plan.socket, None)
        session.error("not-refused", "connect: the target let in what it had to refuse")
        return False

    return run


def close(plan: CloseStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``close``."""

    async def run(session: Session) -> bool:
        line = line_of(session, plan.socket)
        if line is not None:
            await session.hang_up([line], plan.code, reset=plan.how == "reset")
        return True

    return run


def expect_close(plan: ExpectCloseStep, compiler: ProgramCompiler) -> Run:
    """Compile an ``expect_close``; a close that came just before the step counts."""

    async def run(session: Session) -> bool:
        line, world = line_of(session, plan.socket), session.world
        if line is None or (line.closing is not None and not may_take_close(line)):
            if not session.is_ending:
                session.count("expect.failed")
                session.error("not-connected", "expect_close: there was no connection that could be closed")
            return session.is_ending
        session.at_leave = line.end_wait
        closing = await line.wait_closed(world.clock() + plan.timeout)
        session.at_leave = None
        if closing is None and session.leaving and not session.is_ending:
            return True
        good = closing is not None and (not plan.codes or closing.code in plan.codes)
        take_close(line, None if good else "close-unexpected")
        session.count("expect.passed" if good else "expect.failed")
        if not good:
            wanted = ", ".join(map(str, sorted(plan.codes))) or "any code"
            got = "nothing" if closing is None else str(closing.code)
            session.error("close-unexpected", f"a close with {wanted} was expected; there was {got}")
        return good

    return run
