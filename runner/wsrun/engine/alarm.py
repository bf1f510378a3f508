"""Waking at a due time, never before it.

uvloop's timers count whole milliseconds from the start of the loop's iteration and may fire up to 1 ms early
(libuv#4773, uvloop#755). A Linux ``timerfd`` (timerfd_create(2)) counts nanoseconds on the clock that stamps
messages, so it is used where it can be had; elsewhere a loop timer is re-armed until the time has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import sys
from collections.abc import Callable
from typing import Protocol

_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_TFD_TIMER_ABSTIME = 1
_CLOCK_MONOTONIC = 1


class Alarm(Protocol):
    """Calls back once when the armed time has come.

    ``grain`` is how many seconds should lie between two calls at least.
    """

    grain: float

    def arm(self, due: float) -> None:
        """Wake at ``due`` (seconds of the clock), replacing what was armed."""

    def close(self) -> None:
        """Never wake again."""


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class TimerfdAlarm:
    """An alarm on a Linux timerfd; its clock is ``time.monotonic``.

    To set it and be woken by it takes more on a virtual machine than to send a message: at 20 000 messages a
    second, two at a time save a fifth of all CPU.
    """

    grain = 0.0001

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """Raise OSError where the system has no timerfd."""
        library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(library, "timerfd_create"):
            raise OSError("no timerfd on this system")
        self._settime = library.timerfd_settime
        self._descriptor = library.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._loop = loop
        self._wake = wake
        self._is_seen = False
        self._spec = _Itimerspec()
        self._value = self._spec.value
        self._reference = ctypes.byref(self._spec)
        loop.add_reader(self._descriptor, self._expired)

    def _expired(self) -> None:
        # Arming it anew says that the expiry was seen, as reading it does. Nearly every wake arms, which
        # spares the read; a wake for an expiry that was re-armed just before finds nothing due.
        self._is_seen = False
        self._wake()
        if not self._is_seen:
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, 8)

    def arm(self, due: float) -> None:
        """Wake at ``due``; a time in the past wakes at once."""
        self._is_seen = True
        value = self._value
        value.seconds, value.nanoseconds = divmod(max(int(due * 1e9) + 1, 1), 1_000_000_000)
        self._settime(self._descriptor, _TFD_TIMER_ABSTIME, self._reference, None)

    def close(self) -> None:
        """Give the descriptor back."""
        self._is_seen = True  # Whoever wakes may close: there is nothing to read then.
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)


class LoopAlarm:
    """An alarm on the loop's own timers, for other systems and for virtual time."""

    grain = 0.0

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._wake = wake
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0

    def _expired(self) -> None:
        self._handle = None
        if self._clock() < self._due:
            self.arm(self._due)
        else:
            self._wake()

    def arm(self, due: float) -> None:
        """Wake at ``due``, re-checked against the clock when the timer fires."""
        if self._handle is not None:
            self._handle.cancel()
        self._due = due
        self._handle = self._loop.call_later(max(due - self._clock(), 0.0), self._expired)

    def close(self) -> None:
        """Cancel the timer."""
        if self._handle is not None:
            self._handle.cancel()


def make_alarm(
    loop: asyncio.AbstractEventLoop, wake: Callable[[], None], clock: Callable[[], float], *, real_time: bool
) -> Alarm:
    """Return the most exact alarm that this system has; virtual time needs the loop's own timers."""
    if real_time and sys.platform == "linux":
        try:
            return TimerfdAlarm(loop, wake)
        except OSError:
            pass
    return LoopAlarm(loop, wake, clock)
