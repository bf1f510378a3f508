"""``expect`` and ``expect_none``: frames that answer no request, in the mailbox or still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.leftovers import why_not_met
from wsrun.engine.mailbox import Expectation
from wsrun.engine.steps import Run
from wsrun.patterns import show_payload
from wsrun.plan_steps import ExpectNoneStep, ExpectStep

if TYPE_CHECKING:
    from wsrun.engine.http_line import Speaker
    from wsrun.engine.line import Line
    from wsrun.engine.lines import Lines
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session


def expect(plan: ExpectStep, compiler: ProgramCompiler) -> Run:
    """Compile an ``expect``."""
    matcher, captures = compiler.matcher(plan.pattern), compiler.captures(plan.capture)
    assert matcher is not None

    async def run(session: Session) -> bool:
        line = session.speaker
        if line is None:
            return False
        waiting = Expectation(matcher.bind(session), captures, plan.count)
        since = session.world.clock()
        met = await _wait(session, line, waiting, plan.timeout)
        if not met and session.leaving and not session.is_ending:
            return True
        if met or not plan.optional:
            session.count("expect.passed" if met else "expect.failed")
        if not met and not plan.optional:
            got = plan.count - waiting.wanted
            limit = f"within {plan.timeout:g} s" if line.is_open else "before the connection ended"
            text = f"{got} of {plan.count} expected messages {limit}"
            session.error("expect-failed", lambda: f"{text}; {why_not_met(session, waiting, since)}")
        return met or plan.optional

    return run


def expect_none(plan: ExpectNoneStep, compiler: ProgramCompiler) -> Run:
    """Compile an ``expect_none``."""
    matcher = compiler.matcher(plan.pattern)
    assert matcher is not None

    async def run(session: Session) -> bool:
        line = session.speaker
        if line is None:
            return False
        waiting = Expectation(matcher.bind(session), (), 1)
        came = await _wait(session, line, waiting, plan.length)
        if not came and ((session.leaving and not session.is_ending) or not line.is_open):
            # Whoever did not look to the end has seen nothing that proves anything.
            return session.leaving and not session.is_ending
        session.count("expect.failed" if came else "expect.passed")
        if came:
            frame = waiting.last
            assert frame is not None
            text = "a message came that must not come"
            session.error("unexpected-message", lambda: f"{text}: {show_payload(frame.payload)}")
        return not came

    return run


async def _wait(session: Session, line: Line | Lines | Speaker, waiting: Expectation, length: float) -> bool:
    """Wait until an expectation is met, at most ``length`` seconds.

    Ends early when the connection is gone, or the client is told to leave.
    """
    world = session.world
    met = line.mailbox.expect(waiting)
    if not met and line.is_open:
        waiting.future = world.loop.create_future()
        world.agenda.call_at(world.clock() + length, lambda _: waiting.end(False))
        session.at_leave = lambda: waiting.end(False)
        met = await waiting.future
        session.at_leave = None
    line.mailbox.release()
    return met
