"""A message that waits for its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsrun.engine.programs import MessageProgram
    from wsrun.metrics.recorder import Cell
    from wsrun.patterns import Frame

Fits = Any
"""``Callable[[Frame], bool]``; an alias because mypy cannot store callables in slots of a class body."""


class Request:
    """One message in flight. Slotted and mutable because there is one for each message.

    ``due``, ``sent`` and ``deadline`` are absolute seconds of the clock; ``future`` is None in an open model,
    where nobody waits. ``table`` and ``key`` say where it is found again, ``order`` is its place among the
    requests of its client. ``belongs``, ``until``, ``error`` and ``expect`` are bound to the values of this
    message, and None where the scenario names no such pattern.
    """

    __slots__ = (
        "answers",
        "belongs",
        "cell",
        "deadline",
        "done",
        "due",
        "error",
        "expect",
        "future",
        "key",
        "order",
        "program",
        "sent",
        "session",
        "table",
        "until",
    )

    def __init__(self, session: Any, program: MessageProgram, cell: Cell, due: float, sent: float) -> None:
        self.session = session
        self.program = program
        self.cell = cell
        self.due = due
        self.sent = sent
        self.deadline = sent + program.timeout
        self.done = False
        self.answers = 0
        self.key: Any = None
        self.order = 0
        self.table: dict[Any, Request] | None = None
        self.future: asyncio.Future[bool] | None = None
        self.belongs: Callable[[Frame], bool] | None = None
        self.until: Callable[[Frame], bool] | None = None
        self.error: Callable[[Frame], bool] | None = None
        self.expect: Callable[[Frame], bool] | None = None
