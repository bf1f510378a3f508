"""A closed loop without pauses: each reply sends the client's next message, while its coroutine sleeps.

Waking a coroutine through a future and the loop costs 1 µs a message, a quarter of all that wsrun adds to the
transport (``benchmarks/roundtrip.py``). So the request holds an ``Exchange`` where others hold a future.
Where the client has one message, whose replies are told by its id, one request stands for all of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wsrun.engine.request import Request

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.programs import Behaviour, MessageProgram
    from wsrun.engine.session import Session


class Exchange:
    """One client's turn-taking with its server, from one ``run`` to what ends it."""

    __slots__ = (
        "_behaviour",
        "_connection",
        "_is_going_on",
        "_is_made",
        "_line",
        "_over",
        "_request",
        "_session",
    )

    done = staticmethod(bool)
    """It is never done, and says so without a frame of Python: ``bool()`` is False."""

    def __init__(self, session: Session, line: Line, behaviour: Behaviour) -> None:
        """``line`` has a connection."""
        assert line.connection is not None
        self._session = session
        self._line = line
        self._connection = line.connection
        self._behaviour = behaviour
        self._is_made = self._is_going_on = True
        self._request: Request | None = None
        self._over: asyncio.Future[None] = session.world.loop.create_future()

    async def run(self) -> bool:
        """Send, and again at each reply, until roused, told to leave or disconnected.

        False when a message could not be made.
        """
        only = self._behaviour.only
        if only is not None and only.simple and only.key_is_id:
            self._request = self._standing(only)
        self.set_result(True)
        try:
            await self._over
        finally:
            # A client that is cancelled hears of its last request later, and must not go on.
            self._is_going_on = False
        return self._is_made

    def set_result(self, good: bool) -> None:
        """Take note of the end of a request, whatever it was, and send the next message."""
        session = self._session
        if self._is_going_on and self._connection.is_open and not (session.roused or session.leaving):
            behaviour = self._behaviour
            program = behaviour.only or behaviour.draw(session.rng)
            if self._line.send(program, None, self, self._request):
                return
            self._is_made = False
        if not self._over.done():
            self._over.set_result(None)

    def _standing(self, program: MessageProgram) -> Request:
        """Make the request that stands for one message after the other; so far it is over."""
        line, now = self._line, self._session.world.clock()
        cell = line.cells[program.index] or line.world.cell(line, program)
        request = Request(line, program, cell, now, now, self, 0, line.tables[program.table])
        request.done = True
        self._session.world.deadlines.keep(request)
        return request
