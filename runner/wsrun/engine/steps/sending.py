"""``send``: one message or several at once, and the wait for their replies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wsrun.engine.backlog import drained
from wsrun.engine.lines import line_of
from wsrun.engine.precedence import by_priority
from wsrun.engine.steps import Run
from wsrun.plan_steps import SendStep

if TYPE_CHECKING:
    from wsrun.engine.programs import MessageProgram, ProgramCompiler
    from wsrun.engine.session import Session


def send(plan: SendStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``send``; of several messages the higher priority goes first."""
    indexes = plan.messages * plan.times
    if len(indexes) == 1 and plan.wait:
        return _one(compiler.messages[indexes[0]])
    programs = by_priority(compiler.messages[index] for index in indexes)

    async def run(session: Session) -> bool:
        loop, line = session.world.loop, session.speaker
        if line is None:
            return False
        await drained(session, line)
        replies: list[asyncio.Future[bool]] = []
        good = True
        for program in programs:
            future = loop.create_future() if program.has_reply and plan.wait else None
            if not line.send(program, None, future):
                good = False
            elif future is not None:
                replies.append(future)
        for reply in replies:
            good = await reply and good
        return good

    return run


def _one(program: MessageProgram) -> Run:
    """The commonest step of all, without lists."""
    if program.http is not None:
        return _request(program)
    has_reply, socket = program.has_reply, program.socket

    async def run(session: Session) -> bool:
        line = session.line if not socket else line_of(session, socket)
        if line is None:
            return False
        if not has_reply:
            await drained(session, line)
            return line.send(program, None, None)
        future: asyncio.Future[bool] = session.world.loop.create_future()
        if not line.send(program, None, future):
            return False
        session.has_waited = True
        return await future

    return run


def _request(program: MessageProgram) -> Run:
    """One request of HTTP, which needs no connection of the client's own."""

    async def run(session: Session) -> bool:
        speaker = session.speaker
        assert speaker is not None
        session.is_idle = False
        future = session.world.loop.create_future()
        return speaker.send(program, None, future) and await future

    return run
