"""Calls at an exact time: never before it, and a fraction of a millisecond after it on an idle machine.

Event loops round their timers to a millisecond and may fire early. On Linux the deadlines therefore wait in
one heap of ours, and a timerfd (`timerfd_create(2)`), which has the resolution of the kernel's clock, wakes
the loop for the first of them. Elsewhere the loop's own timer is used, and checked, so that it is late but
never early.
"""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import math
import os
import sys
import time
from collections.abc import Callable
from itertools import count

CLOCK_MONOTONIC = 1
TFD_NONBLOCK = os.O_NONBLOCK if sys.platform != "win32" else 0
TFD_CLOEXEC = os.O_CLOEXEC if sys.platform != "win32" else 0
TFD_TIMER_ABSTIME = 1


class TimerSpec(ctypes.Structure):
    """``struct itimerspec`` of 64-bit Linux: the interval, then the time of the first expiry."""

    _fields_ = (
        ("interval_seconds", ctypes.c_long),
        ("interval_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


class TimerDescriptor:
    """A timerfd on the clock of ``time.monotonic``.

    Raises:
        OSError: on making one, where the system has none.
    """

    def __init__(self) -> None:
        if sys.platform != "linux" or ctypes.sizeof(ctypes.c_long) != 8:
            raise OSError("timerfd is known on 64-bit Linux only")
        library = ctypes.CDLL(None, use_errno=True)
        self.descriptor = int(library.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._set_time = library.timerfd_settime
        self._spec = TimerSpec()

    def arm(self, when: float) -> None:
        """Become readable at ``when``, or at once if that has passed."""
        fraction, seconds = math.modf(max(when, 1e-9))  # zero would disarm it
        nanoseconds = math.ceil(fraction * 1e9)
        self._spec.seconds = int(seconds) + nanoseconds // 10**9
        self._spec.nanoseconds = nanoseconds % 10**9
        self._set_time(self.descriptor, TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)

    def clear(self) -> None:
        """Be no longer readable."""
        try:
            os.read(self.descriptor, 8)
        except BlockingIOError:
            return  # it was armed anew in the meantime

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)


class Deadlines:
    """Calls functions at times of ``time.monotonic``, in the order of their times, then of their arrival."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, exact: bool = True) -> None:
        self._loop = loop
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._armed_for = math.inf
        self._handle: asyncio.TimerHandle | None = None
        self._timer: TimerDescriptor | None = None
        if exact:
            try:
                self._timer = TimerDescriptor()
            except OSError:
                return
            loop.add_reader(self._timer.descriptor, self._wake)

    @property
    def is_exact(self) -> bool:
        """Whether a timerfd keeps the time."""
        return self._timer is not None

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call ``call`` at ``when``, or in the next turn of the loop if that has passed."""
        heapq.heappush(self._waiting, (when, next(self._order), call))
        if when < self._armed_for:
            self._arm(when)

    def close(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()
        if self._handle is not None:
            self._handle.cancel()
        if self._timer is not None:
            self._loop.remove_reader(self._timer.descriptor)
            self._timer.close()
            self._timer = None

    def _arm(self, when: float) -> None:
        self._armed_for = when
        if self._timer is not None:
            self._timer.arm(when)
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, when - time.monotonic()), self._wake)

    def _wake(self) -> None:
        """Call what is due, then wait for the next."""
        if self._timer is not None:
            self._timer.clear()
        self._armed_for = math.inf
        waiting = self._waiting
        started = time.monotonic()
        # Only what was due at the start: who asks to be called again at once must not starve the loop.
        due = []
        while waiting and waiting[0][0] <= started:
            due.append(heapq.heappop(waiting)[2])
        for call in due:
            call()
        if waiting and waiting[0][0] < self._armed_for:
            self._arm(waiting[0][0])
