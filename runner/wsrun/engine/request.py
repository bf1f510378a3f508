"""A message that waits for its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from wsrun.patterns import explain, show_payload
from wsrun.wording import cut, in_flow

if TYPE_CHECKING:
    from wsrun.engine.exchange import Exchange
    from wsrun.engine.http_line import HttpLine
    from wsrun.engine.line import Line
    from wsrun.engine.programs import MessageProgram
    from wsrun.metrics.recorder import Cell, Told
    from wsrun.patterns import Frame


Waiter: TypeAlias = "asyncio.Future[bool] | Exchange"
"""Who is told how a request ended: whether a good reply came."""


class Request:
    """One message in flight. Slotted and mutable because there is one for each message: 0.2 µs to make.

    ``due`` and ``sent`` are absolute seconds of the clock; ``future`` is None where nobody waits. ``table``
    and ``key`` say where it is found again, ``order`` is its place among the requests of its line.
    """

    __slots__ = ("cell", "done", "due", "future", "key", "line", "order", "program", "sent", "table")

    def __init__(
        self,
        line: Line | HttpLine,
        program: MessageProgram,
        cell: Cell,
        due: float,
        sent: float,
        future: Waiter | None,
        order: int,
        table: dict[Any, Request] | None = None,
        key: Any = None,
    ) -> None:
        self.line: Line | HttpLine = line
        self.program = program
        self.cell = cell
        self.due = due
        self.sent = sent
        self.future = future
        self.order = order
        self.done = False
        self.table = table
        self.key = key

    def use(self, cell: Cell, due: float, sent: float, order: int, key: Any) -> None:
        """Stand for the next message, when the one before is over."""
        self.cell = cell
        self.due = due
        self.sent = sent
        self.order = order
        self.key = key
        self.done = False

    @property
    def deadline(self) -> float:
        """When the reply is too late, in absolute seconds of the clock."""
        return self.sent + self.program.timeout


class PatternRequest(Request):
    """A request whose reply is more than a value to be found: its patterns, bound to its message.

    ``belongs`` says which frames are its own, None where the key alone does; ``until``, ``error`` and
    ``expect`` are None where the scenario names no such pattern. ``answers`` counts the frames so far,
    ``latest`` is when the last of them came, ``turns`` are the patterns of ``in_order`` that are still to
    come, the next one last.
    """

    __slots__ = ("answers", "belongs", "error", "expect", "latest", "turns", "until")

    def __init__(
        self,
        line: Line,
        program: MessageProgram,
        cell: Cell,
        due: float,
        sent: float,
        future: Waiter | None,
        order: int,
    ) -> None:
        super().__init__(line, program, cell, due, sent, future, order)
        session = line.session
        self.answers = 0
        self.latest = sent
        self.belongs: Callable[[Frame], bool] | None = None
        self.until: Callable[[Frame], bool] | None = None
        self.error: Callable[[Frame], bool] | None = None
        self.expect: Callable[[Frame], bool] | None = None
        if program.belongs is not None:
            self.belongs = program.belongs.bind(session)
        if program.until is not None:
            self.until = program.until.bind(session)
        if program.error is not None:
            self.error = program.error.bind(session)
        if program.expect is not None:
            self.expect = program.expect.bind(session)
        self.turns = [matcher.bind(session) for matcher in reversed(program.in_order)]

    def is_completed_by(self, frame: Frame) -> bool:
        """Take note of a frame, and tell whether the reply is complete with it."""
        if self.answers:
            self.cell.gaps.add(frame.at - self.latest)
        elif self.until is not None or self.program.count is not None:
            self.cell.first.add(frame.at - self.sent)
        self.latest = frame.at
        self.answers += 1
        if self.turns and self.turns[-1](frame):
            self.turns.pop()
        if self.until is not None:
            return self.until(frame)
        return self.answers >= (self.program.count or 1)

    def miss(self, frame: Frame) -> tuple[str, Told] | None:
        """Return the cause and the text of what is wrong with a complete reply, None where it is good."""
        program, expect = self.program, self.expect
        if expect is not None and not expect(frame):
            return "reply-unexpected", lambda: f"{explain(expect, frame)}, in {show_payload(frame.payload)}"
        if self.turns:
            # Before the count: which one is missing says more than that one is.
            missing, of = len(program.in_order) - len(self.turns), len(program.in_order)
            assert program.plan.reply is not None
            wanted = cut(in_flow(program.plan.reply.in_order[missing]))
            text = f"number {missing + 1} of the {of} in in_order did not come in its turn: {wanted}"
            return "reply-out-of-order", lambda: f"{text}; the last: {show_payload(frame.payload)}"
        if program.count is not None and self.answers != program.count:
            came = "1 message" if self.answers == 1 else f"{self.answers} messages"
            text = f"the reply had {came}, and count is {program.count}"
            return "reply-count", lambda: f"{text}; the last: {show_payload(frame.payload)}"
        return None
