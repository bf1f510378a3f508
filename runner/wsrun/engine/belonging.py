"""Whose a frame is: a waiting request's, one's that has timed out, or one's that was answered before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.request import PatternRequest, Request
from wsrun.expressions import parse_id
from wsrun.patterns import ABSENT, Frame

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.session import Session


def oldest_fit(line: Line, frame: Frame) -> Request | None:
    """Return the oldest waiting request that a frame belongs to."""
    best: Request | None = None
    for correlator, table in zip(line.world.correlators, line.tables, strict=True):
        if not table:
            continue
        for extract in correlator.extracts:
            key = extract(frame)
            if key is ABSENT:
                continue
            request = table.get(key)
            if request is None or (best is not None and best.order < request.order):
                continue
            if not isinstance(request, PatternRequest) or request.belongs is None or request.belongs(frame):
                best = request
    for request in line.waiting:
        if best is not None and best.order < request.order:
            break
        if request.belongs is not None and request.belongs(frame):
            return request
    return best


def remember(line: Line, request: Request) -> None:
    """Keep the key of a request that nobody waits for any more, to know its reply when it comes."""
    if request.table is None or request.key is ABSENT:
        return
    if line.late is None:
        line.late = {}
    while len(line.late) >= line.world.late_kept:
        del line.late[next(iter(line.late))]
    line.late[request.key] = request.cell


def is_late(line: Line, frame: Frame) -> bool:
    """Count a frame that answers a request which has timed out; ``line.late`` has some."""
    assert line.late is not None
    for correlator in line.world.correlators:
        for extract in correlator.extracts:
            cell = line.late.pop(extract(frame), None)
            if cell is not None:
                cell.late_replies += 1
                return True
    return False


def is_extra(session: Session, frame: Frame) -> bool:
    """Count a frame that answers a request of this client which was answered before."""
    for correlator in session.world.correlators:
        for extract in correlator.extracts:
            key = extract(frame)
            # The id itself says whether this client sent it, so nothing is kept per answered message.
            told = parse_id(key) if isinstance(key, str) else None
            if told is not None and told[0] == session.number and told[2] <= session.ids.made:
                session.count("replies.extra")
                return True
    return False
