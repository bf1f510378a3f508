"""Everything that is to happen at a time, in one heap behind one alarm."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

from wsrun.engine.alarm import make_alarm

BATCH = 128
"""Entries that run before the loop turns: when thousands are due at once, replies are read in between."""


def _raise(error: Exception) -> None:
    raise error


class Agenda:
    """Calls functions and ends sleeps at their due times, never before.

    Times are absolute seconds of ``clock``. What is due at the same time happens in the order it was entered.
    An entry costs one heap push and one pop; the alarm is re-armed only when the earliest time changes, and
    not for less than its ``grain`` after a wake: what is due in between is late by less than that.
    ``failed`` gets what a function raised, which is a defect: the agenda goes on, so that others can end.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float], *, real_time: bool = True
    ) -> None:
        self.failed: Callable[[Exception], object] = _raise
        self._loop = loop
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[float], None] | asyncio.Future[None]]] = []
        self._order = 0
        self._armed = float("inf")
        self._alarm = make_alarm(loop, self._wake, clock, real_time=real_time)

    def call_at(self, due: float, function: Callable[[float], None]) -> None:
        """Call ``function(due)`` at ``due``; it must not raise."""
        self._push(due, function)

    def sleep_until(self, due: float) -> asyncio.Future[None]:
        """Return a future that ends at ``due``; whoever waits may end it earlier by setting its result."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._push(due, future)
        return future

    def close(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._alarm.close()

    def _push(self, due: float, what: Any) -> None:
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, what))
        if due < self._armed:
            self._armed = due
            self._alarm.arm(due)

    def _wake(self) -> None:
        heap = self._heap
        now, armed = self._clock(), self._armed
        # Taken out before any of them runs: what they enter waits a turn of the loop even when it is overdue,
        # so that replies are read, and other entries have their turn, however far behind a schedule is.
        entries: list[tuple[float, int, Callable[[float], None] | asyncio.Future[None]]] = []
        while heap and heap[0][0] <= now and len(entries) < BATCH:
            entries.append(heapq.heappop(heap))
        # Held low while the due ones run, so that what they add does not re-arm the alarm each time.
        self._armed = float("-inf")
        try:
            for due, _, what in entries:
                if isinstance(what, asyncio.Future):
                    if not what.done():
                        what.set_result(None)
                    continue
                try:
                    what(due)
                except Exception as error:
                    self.failed(error)
        finally:
            self._armed = float("inf")
            if heap:
                # Those that are left when a batch is full are due; they wait for the loop to turn, no longer.
                grain = self._alarm.grain if len(entries) < BATCH else 0.0
                self._armed = max(heap[0][0], min(armed, now) + grain)
                self._alarm.arm(self._armed)
