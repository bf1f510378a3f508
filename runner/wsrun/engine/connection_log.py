"""The connections of one worker one by one: where each stands, and what is kept of it when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.metrics.connections import ConnectionBudget, ConnectionRecord, State

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.world import World
    from wsrun.transports import Closing


class ConnectionLog:
    """Follows connections from their attempt; costs nothing per message, as lines count by themselves."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._budget = ConnectionBudget(world.workers)
        self._begun: dict[Line, float] = {}
        self._made: dict[Line, float] = {}

    def begin(self, line: Line) -> None:
        """Take note of an attempt."""
        self._begun[line] = self._world.clock()

    def made(self, line: Line) -> None:
        """Take note of a connection that is open."""
        self._made[line] = self._world.clock()

    def failed(self, line: Line, cause: str) -> None:
        """Take note of an attempt that came to nothing."""
        self._keep(line, "failed", self._world.clock(), cause=cause)

    def closed(self, line: Line, closing: Closing, at: float, cause: str | None) -> None:
        """Take note of the end of a connection; ``cause`` is what was wrong with it, None: nothing."""
        self._keep(line, "closed", at, code=closing.code, side=closing.side, cause=cause)

    def leave(self) -> None:
        """Keep what is known of those that are not over, at the end of the run."""
        now = self._world.clock()
        for line in list(self._begun):
            state: State = "connecting"
            if line in self._made:
                state = "closing" if line.is_closing else "open"
            self._keep(line, state, now)

    def _keep(
        self,
        line: Line,
        state: State,
        at: float,
        *,
        code: int | None = None,
        side: str | None = None,
        cause: str | None = None,
    ) -> None:
        begun, made = self._begun.pop(line, None), self._made.pop(line, None)
        if begun is None:
            return
        session, world, labels = line.session, self._world, dict(line.labels)
        connection = line.connection
        row = ConnectionRecord(
            begun=world.elapsed(begun),
            client=session.client_id,
            group=session.group_name,
            socket=labels.get("socket"),
            server=labels.get("server"),
            state=state,
            connect=None if connection is None else connection.timings.total,
            lasted=None if made is None else max(at - made, 0.0),
            sent=line.seq,
            expected=line.order,
            received=0 if connection is None else connection.bytes_received,
            code=code,
            side=side,
            cause=cause,
        )
        if self._budget.admits(row):
            world.recorder.connections.append(row)
