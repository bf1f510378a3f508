"""Times in which a client begins nothing new: its breaker is open, or its lifecycle has it idle.

A client that is held stays connected. It sends nothing of its mix, begins no pass of its flow, and is given
no scheduled message. What it waits for goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.engine.session import Session


def hold(session: Session) -> None:
    """Hold a client; each hold needs its release."""
    session.holds += 1
    if session.holds == 1:
        if session in session.world.ready:
            session.world.ready.discard(session)
            session.is_due_ready = True
        session.rouse()


def release(session: Session) -> None:
    """Take back one hold."""
    session.holds -= 1
    if session.holds:
        return
    speaker = session.speaker
    if session.is_due_ready and speaker is not None and speaker.is_open and not session.leaving:
        session.world.ready.add(session)
    session.is_due_ready = False
    session.rouse()


def offer(session: Session) -> None:
    """Let a client take scheduled messages, from the end of its holds on."""
    if session.holds:
        session.is_due_ready = True
    elif session not in session.world.ready:
        session.world.ready.add(session)


async def let_go(session: Session) -> None:
    """Wait until a client is held no more, told to leave, or lost."""
    while session.holds and not (session.leaving or session.is_lost):
        await session.sleep(None)
