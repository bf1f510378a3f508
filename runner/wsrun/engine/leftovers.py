"""What came and was nobody's, kept to be shown beside what did not come.

Nothing here is done for a frame that somebody took, and texts are made for the few failures that are kept.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from wsrun.engine.lines import lines_of
from wsrun.engine.request import PatternRequest
from wsrun.patterns import Frame, explain, explain_key, show_payload

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.mailbox import Expectation
    from wsrun.engine.request import Request
    from wsrun.engine.session import Session

KEPT = 4096
"""Bytes (characters, in a text) of a left-over message that a connection keeps, beyond which it is cut."""


class Leftover:
    """The first frame that nobody took after a request was sent; ``order`` is the request's on its line."""

    __slots__ = ("at", "order", "payload", "size")

    def __init__(self, frame: Frame, order: int) -> None:
        self.at = frame.at
        self.order = order
        self.size = len(frame.payload)
        self.payload = frame.payload[:KEPT]


def leave(line: Line, frame: Frame) -> None:
    """Leave a frame that nobody took to whoever expects it later."""
    if line.leftover is None or line.leftover.order != line.order:
        line.leftover = Leftover(frame, line.order)
    line.mailbox.keep(frame, line.traffic)


def why_no_reply(line: Line, request: Request) -> str:
    """Say what a request that timed out got instead of its reply."""
    text = f"no reply within {request.program.timeout:g} s"
    if isinstance(request, PatternRequest) and request.answers:
        whole = "until" if request.until is not None else f"count, which is {request.program.count}"
        came = "1 message of it" if request.answers == 1 else f"{request.answers} messages of it"
        return f"{text} that is complete: {came} came, short of {whole}"
    left = line.leftover
    if left is None or left.at < request.sent:
        return f"{text}, and nothing came that could be one"
    why = "" if left.size > KEPT else f" ({_mismatch(request, line.frame(left.payload, left.at))})"
    return f"{text}; what came meanwhile is no reply{why}: {show_payload(left.payload, left.size)}"


def why_failed(frame: Frame) -> str:
    """Say what a reply was that fits ``error``."""
    return f"the reply was one of the errors that the scenario names: {show_payload(frame.payload)}"


def why_not_met(session: Session, waiting: Expectation, since: float) -> str:
    """Say what came instead of an expected message; ``since`` is when the wait began."""
    lines = lines_of(session)
    others = [frame for line in lines for frame in line.mailbox.frames if not waiting.fits(frame)]
    if not others:
        # The end of a connection empties its mailbox.
        others = [frame for line in lines for frame in _again(line, since)]
    if not others:
        return "and nothing else came"
    first = min(others, key=attrgetter("at"))
    came = "what came" if len(others) == 1 else f"{len(others)} others came, the first"
    return f"{came} does not fit ({explain(waiting.fits, first)}): {show_payload(first.payload)}"


def _again(line: Line, since: float) -> list[Frame]:
    """Return the left-over message of a connection, if it came after a time and was kept whole."""
    left = line.leftover
    if left is None or left.at < since or left.size > KEPT:
        return []
    return [line.frame(left.payload, left.at)]


def _mismatch(request: Request, frame: Frame) -> str:
    """Say why a frame does not belong to a request that is told by its patterns, or by its key."""
    if isinstance(request, PatternRequest) and request.belongs is not None:
        return explain(request.belongs, frame)
    sources = request.line.world.correlators[request.program.table].key
    return explain_key(sources, request.key, frame)
