"""What a client does between ``start`` and ``end``: its flow, or its mix, until told to leave or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsrun.engine.backlog import drained
from wsrun.engine.exchange import Exchange
from wsrun.engine.holding import let_go, offer
from wsrun.engine.line import Line
from wsrun.engine.lines import Lines
from wsrun.engine.programs import Behaviour
from wsrun.engine.steps import StepProgram, run_steps
from wsrun.engine.trace import body_once

if TYPE_CHECKING:
    from wsrun.engine.http_line import Speaker
    from wsrun.engine.session import Session

SETTLE = 0.02
"""Seconds until a client without pauses that could not send tries again."""


async def body(session: Session) -> None:
    """Follow the flow, or the mix, until told to leave, or without a connection."""
    if session.world.plan.once:
        await body_once(session)
        return
    session.is_fresh = True
    visit = session.visit
    if visit is not None:
        visit.stay(session)
    while not session.leaving:
        line = session.line
        # A client whose only connection is open, the commonest, is asked nothing else for each pass.
        if line is None or line.closing is not None or session.others or not line.is_open:
            if session.is_lost:
                return
            if not (session.is_connected or session.program.reconnects or session.is_browsing):
                return
        if session.recovery is not None and session.recovery.is_refused:
            return
        flow = session.program.flow
        if flow and session.holds:
            # Its role may be another one afterwards.
            await let_go(session)
        elif flow:
            await _follow(session, flow)
            if visit is not None:
                # Who arrived does a flow once.
                return
        else:
            await _converse(session)


async def _follow(session: Session, flow: Sequence[StepProgram]) -> None:
    """Run the flow once; a step that fails ends this pass."""
    clock = session.world.clock
    begun = clock()
    session.is_idle = True
    session.has_waited = False
    good = await run_steps(session, flow)
    if (session.is_idle or not good) and clock() - begun < SETTLE:
        # What fails at once, or neither sends nor waits, must not be done faster than the clock.
        await session.rest(begun + SETTLE)
    elif not session.has_waited:
        # Nothing else would let the loop turn.
        await asyncio.sleep(0)


async def _converse(session: Session) -> None:
    """Think, send, await the reply, again and again; under a schedule only be there."""
    world, line = session.world, session.speaker
    assert line is not None
    clock = world.clock
    fresh = True
    if line.closing is None:
        offer(session)
    while not (session.leaving or session.program.flow) and line.closing is None:
        # Between the last message and the end of a connection there is nothing to do.
        behaviour = world.role(session) if line.is_open else None
        if behaviour is None:
            await session.sleep(None)
            fresh = True
            continue
        if behaviour.pause is None:
            await _exchange(session, line, behaviour)
            continue
        pause = behaviour.pause(session.rng)
        if fresh:
            # Clients that come together do not speak together: the first think is spread.
            pause *= session.rng.random()
            fresh = False
        due = clock() + pause
        await session.sleep(due)
        # Woken early; or the phase has turned, or the connection is going, and the news is on its way.
        if clock() < due or session.leaving or not line.is_open or world.role(session) is None:
            fresh = True
            continue
        program = behaviour.draw(session.rng)
        if line.connection is not None and line.connection.write_backlog > world.most_unsent:
            await drained(session, line)
        reply = world.loop.create_future() if program.has_reply else None
        if line.send(program, due, reply) and reply is not None:
            await reply
    if session.program.flow:
        world.ready.discard(session)


async def _exchange(session: Session, line: Line | Lines | Speaker, behaviour: Behaviour) -> None:
    """Send and await the reply, again and again without a pause, while the role stays what it is."""
    world = session.world
    create_future = world.loop.create_future
    connection = line.connection
    assert connection is not None
    session.roused = False
    while connection.is_open and not (session.roused or session.leaving):
        if behaviour.is_answered and isinstance(line, Line) and line.is_own:
            if not await Exchange(session, line, behaviour).run():
                await session.sleep(world.clock() + SETTLE)
            continue
        program = behaviour.draw(session.rng)
        if program.has_reply:
            reply = create_future()
            if line.send(program, None, reply):
                await reply
                continue
        elif line.send(program, None, None):
            # Nothing else would let the loop turn.
            await asyncio.sleep(0)
            if connection.write_backlog > world.most_unsent:
                await drained(session, line)
            continue
        # A message that cannot be made: not faster than the clock.
        await session.sleep(world.clock() + SETTLE)
