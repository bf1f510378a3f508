"""Counting how a client's connection ended, and whether anybody wanted that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from wsrun.causes import cause_text
from wsrun.engine.lines import lines_of
from wsrun.metrics.snapshot import labels_of
from wsrun.transports import CloseSide, Closing

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.session import Session


class Unjudged(NamedTuple):
    """The end of a connection of which it is not known yet whether it was wanted.

    ``labels`` are those of the error that it is if nobody expected it, None where it is none.
    """

    closing: Closing
    at: float
    labels: dict[str, str | None] | None


def count_close(session: Session, line: Line, closing: Closing, at: float) -> None:
    """Count the end of a connection; one that nobody asked for or tolerates is an error.

    Where a step may expect that close, or waits for it, what is to be said of it waits for the step, or for
    ``judge_closes``: a server that closes right after its last reply is often faster than the step.
    """
    world = session.world
    labels = world.labels(session.group, session.profile_index, world.stretch_at(at), line.socket)
    code, side = str(closing.code), closing.side
    server = dict(line.labels).get("server")
    world.recorder.count("closed", labels_of({**labels, "server": server, "code": code, "side": side}))
    is_ours = line.is_closing and (closing.side == "client" or not line.is_hanging_up)
    good = is_ours and (closing.cause is None or closing.cause == "aborted")
    if good or closing.code in world.plan.groups[session.group].tolerate_closes:
        line.unjudged = Unjudged(closing, at, None)
    else:
        line.unjudged = Unjudged(closing, at, labels | {"code": code, "side": side})
    if line.is_hanging_up or not session.program.expects_close:
        judge_close(line)


def judge_closes(session: Session) -> None:
    """Judge the closes that no ``expect_close`` took: those that nobody asked for are errors."""
    for line in lines_of(session):
        judge_close(line)


def judge_close(line: Line) -> None:
    """Judge the close of one connection, if it is still to be judged."""
    if line.unjudged is None:
        return
    closing, at, labels = line.unjudged
    line.unjudged = None
    session, world = line.session, line.world
    cause = None
    if labels is not None:
        cause = line.blame or closing.cause or f"closed-{closing.code}"
        text = _close_text(closing) if line.blame is None else cause_text(line.blame)
        world.recorder.error(cause, session.client_id, world.elapsed(at), text, labels)
    world.log.closed(line, closing, at, cause)


def may_take_close(line: Line) -> bool:
    """Tell whether a step may take a close that came before it was expected."""
    if line.closing is None or line.is_closing:
        return False
    return line.unjudged is not None or not line.session.is_ending


def take_close(line: Line, cause: str | None) -> None:
    """Take a close that a step expected; ``cause`` is what was wrong with it, None: nothing."""
    if line.unjudged is not None:
        line.world.log.closed(line, line.unjudged.closing, line.unjudged.at, cause)
        line.unjudged = None


def _close_text(closing: Closing) -> str:
    who: Mapping[CloseSide, str] = {
        "client": "wsrun closed",
        "server": "the server closed",
        "network": "the network ended",
    }
    reason = f", “{closing.reason}”" if closing.reason else ""
    return f"{who[closing.side]} the connection with {closing.code}{reason}"
