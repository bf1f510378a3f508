"""Counting how a client's connection ended, and whether anybody wanted that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from wsrun.causes import cause_text
from wsrun.engine.lines import lines_of
from wsrun.metrics.snapshot import labels_of
from wsrun.transports import CloseSide, Closing

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.session import Session


def count_close(session: Session, line: Line, closing: Closing, at: float) -> None:
    """Count the end of a connection; one that nobody asked for or tolerates is an error.

    Where a step may still expect that close, the error waits for ``judge_closes``: a server that
    closes right after its last reply is often faster than the step.
    """
    world = session.world
    labels = world.labels(session.group, session.profile_index, world.stretch_at(at), line.socket)
    code, side = str(closing.code), closing.side
    server = dict(line.labels).get("server")
    world.recorder.count("closed", labels_of({**labels, "server": server, "code": code, "side": side}))
    is_ours = line.is_closing and (closing.side == "client" or not line.is_hanging_up)
    good = is_ours and (closing.cause is None or closing.cause == "aborted")
    if good or closing.code in world.plan.groups[session.group].tolerate_closes:
        world.log.closed(line, closing, at, None)
        return
    labels |= {"code": code, "side": side}
    cause = line.blame or closing.cause or f"closed-{closing.code}"
    world.log.closed(line, closing, at, cause)
    text = _close_text(closing) if line.blame is None else cause_text(line.blame)
    line.unjudged = partial(world.recorder.error, cause, session.client_id, world.elapsed(at), text, labels)
    if not session.program.expects_close:
        judge_closes(session)


def judge_closes(session: Session) -> None:
    """Count the closes that nobody asked for, and that no ``expect_close`` took."""
    for line in lines_of(session):
        if line.unjudged is not None:
            line.unjudged()
            line.unjudged = None


def take_close(line: Line) -> bool:
    """Take the close that came before it was expected; False where there is none to take."""
    if line.closing is None or line.is_closing:
        return False
    if line.unjudged is None and line.session.is_ending:
        return False
    line.unjudged = None
    return True


def _close_text(closing: Closing) -> str:
    who: Mapping[CloseSide, str] = {
        "client": "wsrun closed",
        "server": "the server closed",
        "network": "the network ended",
    }
    reason = f", “{closing.reason}”" if closing.reason else ""
    return f"{who[closing.side]} the connection with {closing.code}{reason}"
