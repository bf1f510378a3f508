"""Slow consumers: clients that read no faster than they are told to, so that the target has to wait.

A message that was read costs its time; until that is over the connection is not read, and what comes fills
the buffers of both systems and then the target's own. Messages that came with one read of the socket are
delivered together, and pay together: the pace holds on average. Once the client closes it reads at full
speed, because the target's answer stands behind everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.transports import Closing, Sink

if TYPE_CHECKING:
    from wsrun.engine.line import Line


class SlowSink:
    """Stands between a transport and the sink of a line, and keeps the pace of the client's profile."""

    __slots__ = ("_free_at", "_is_waiting", "_line", "_sink")

    def __init__(self, line: Line, sink: Sink) -> None:
        self._line = line
        self._sink = sink
        self._free_at = 0.0
        self._is_waiting = False

    def received(self, payload: str | bytes, at: float) -> None:
        """Hand a message on, and read no more until its time is over."""
        self._sink.received(payload, at)
        line = self._line
        pace = line.session.program.read
        if pace is None or line.is_closing or line.connection is None or not line.connection.is_open:
            return
        amount = 1
        if pace.unit == "bytes":
            amount = len(payload.encode() if isinstance(payload, str) else payload)
        self._free_at = max(self._free_at, at) + amount / pace.a_second
        if not self._is_waiting:
            self._is_waiting = True
            line.connection.pause_reading()
            line.world.agenda.call_at(self._free_at, self._go_on)

    def closed(self, closing: Closing, at: float) -> None:
        """Hand the end on."""
        self._sink.closed(closing, at)

    def _go_on(self, _: float) -> None:
        line = self._line
        if line.connection is None or line.closing is not None:
            return
        if line.world.clock() < self._free_at and not line.is_closing:
            line.world.agenda.call_at(self._free_at, self._go_on)
            return
        self._is_waiting = False
        line.connection.resume_reading()
