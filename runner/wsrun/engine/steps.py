"""The steps of ``start`` and ``end``: each takes a client and tells whether it was good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsrun.engine.mailbox import Expectation
from wsrun.engine.programs import Step, sends
from wsrun.plan import ExpectStep, SendStep, ThinkStep

if TYPE_CHECKING:
    from wsrun.engine.session import Session


async def run_steps(session: Session, steps: Sequence[Step], *, ending: bool = False) -> bool:
    """Run steps in order; the first that fails ends them. True when all were good.

    ``end`` runs whatever was before, less what needs a lost connection; ``start`` stops without harm when
    the client is told to leave.
    """
    for step in steps:
        if session.leaving and not ending:
            return True
        if not session.is_connected and not isinstance(step.plan, ThinkStep):
            if ending:
                continue
            return False
        if not await _run(session, step, ending=ending):
            return False
    return True


async def _run(session: Session, step: Step, *, ending: bool) -> bool:
    plan = step.plan
    if isinstance(plan, SendStep):
        return await _send(session, step, plan)
    if isinstance(plan, ExpectStep):
        return await _expect(session, step, plan)
    assert step.pause is not None
    await session.rest(session.world.clock() + step.pause(session.rng), ending=ending)
    return True


async def _send(session: Session, step: Step, plan: SendStep) -> bool:
    """Send messages at once, then wait for their replies."""
    loop, line = session.world.loop, session.line
    assert line is not None
    replies: list[asyncio.Future[bool]] = []
    good = True
    for program in sends(step, session.world.messages):
        future = loop.create_future() if program.has_reply and plan.wait else None
        if not line.send(program, None, future):
            good = False
        elif future is not None:
            replies.append(future)
    for reply in replies:
        good = await reply and good
    return good


async def _expect(session: Session, step: Step, plan: ExpectStep) -> bool:
    """Wait for frames that fit; good when they came, or when the step is optional."""
    world, line = session.world, session.line
    assert line is not None and step.matcher is not None
    waiting = Expectation(step.matcher.bind(session), step.captures, plan.count)
    met = line.mailbox.expect(waiting)
    if not met and line.is_open:
        waiting.future = world.loop.create_future()
        world.agenda.call_at(world.clock() + plan.timeout, lambda _: waiting.end(False))
        met = await waiting.future
    line.mailbox.release()
    if met or not plan.optional:
        session.count("expect.passed" if met else "expect.failed")
    if not met and not plan.optional:
        limit = f"within {plan.timeout:g} s" if line.is_open else "before the connection ended"
        got = plan.count - waiting.wanted
        session.error("expect-failed", f"{got} of {plan.count} expected messages {limit}")
    return met or plan.optional
