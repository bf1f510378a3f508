"""Frames that nobody has taken yet, and the ``expect`` step that waits for some of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from wsrun.engine.programs import Captures
from wsrun.engine.room import Room
from wsrun.metrics.recorder import Traffic
from wsrun.patterns import ABSENT, Frame

CAPACITY = 1000
"""Frames kept; beyond it the oldest is dropped, and counted.

So it is where all of them have more bytes than there is ``Room`` for; but the newest is always kept.
"""


def capture(captures: Captures, frame: Frame, variables: dict[str, Any]) -> None:
    """Write what a frame has of the captured values; what it has not keeps its value."""
    for name, source in captures:
        value = source(frame)
        if value is not ABSENT:
            variables[name] = value


class Expectation:
    """An ``expect`` step that waits for ``wanted`` more frames; ``future`` gets whether they came.

    ``last`` is the last frame that it took.
    """

    __slots__ = ("captures", "fits", "future", "last", "wanted")

    def __init__(self, fits: Callable[[Frame], bool], captures: Captures, wanted: int) -> None:
        self.fits = fits
        self.captures = captures
        self.wanted = wanted
        self.last: Frame | None = None
        self.future: asyncio.Future[bool] | None = None

    def take(self, frame: Frame, variables: dict[str, Any]) -> bool:
        """Take a frame if it is wanted and fits."""
        if not self.wanted or not self.fits(frame):
            return False
        self.wanted -= 1
        self.last = frame
        capture(self.captures, frame, variables)
        if not self.wanted:
            self.end(True)
        return True

    def end(self, met: bool) -> None:
        """End the wait."""
        if self.future is not None and not self.future.done():
            self.future.set_result(met)


class Mailbox:
    """The mailbox of one connection, open from the handshake until nothing will be expected any more.

    ``frames`` are those that nobody has taken yet, oldest first; ``unmatched`` is told of each that nobody
    will take any more. ``room`` says how many bytes there may be.
    """

    __slots__ = ("_expectation", "_room", "_size", "_unmatched", "_variables", "frames", "is_open")

    def __init__(
        self, variables: dict[str, Any], unmatched: Callable[[Frame], None], room: Room, *, is_open: bool
    ) -> None:
        self._room = room
        self.is_open = is_open
        self._unmatched = unmatched
        self.frames: deque[Frame] = deque()
        self._size = 0
        self._variables = variables
        self._expectation: Expectation | None = None

    def offer(self, frame: Frame) -> bool:
        """Hand a frame to whoever expects something; True when it was taken."""
        waiting = self._expectation
        return waiting is not None and waiting.take(frame, self._variables)

    def keep(self, frame: Frame, traffic: Traffic) -> None:
        """Keep a frame that nobody took for a later expectation."""
        if not self.is_open:
            self._unmatched(frame)
            return
        self.frames.append(frame)
        self._size += len(frame.payload)
        if len(self.frames) > CAPACITY or self._size > self._room.mail:
            self._make_room(traffic)

    def _make_room(self, traffic: Traffic) -> None:
        """Drop the oldest frames until the others are few and small enough."""
        frames = self.frames
        # What was taken meanwhile is still in the sum.
        size = sum(len(frame.payload) for frame in frames)
        while len(frames) > 1 and (len(frames) > CAPACITY or size > self._room.mail):
            dropped = frames.popleft()
            size -= len(dropped.payload)
            traffic.mailbox_dropped += 1
            self._unmatched(dropped)
        self._size = size

    def expect(self, expectation: Expectation) -> bool:
        """Read what is there, oldest first, and from then on what comes; True when all wanted was there."""
        frames = self.frames
        for _ in range(len(frames)):
            frame = frames.popleft()
            if not expectation.take(frame, self._variables):
                frames.append(frame)
        self.wait(expectation)
        return not expectation.wanted

    def read(self, expectation: Expectation, frame: Frame) -> None:
        """Hand over one frame of those that are there, if it is wanted and fits."""
        if expectation.take(frame, self._variables):
            self.frames.remove(frame)

    def wait(self, expectation: Expectation) -> None:
        """Hand over what comes from now on, as long as something is wanted."""
        self._expectation = expectation if expectation.wanted else None

    def release(self) -> None:
        """End the expectation, unmet if it still waits."""
        if self._expectation is not None:
            self._expectation.end(False)
            self._expectation = None

    def close(self) -> None:
        """Expect nothing any more: what is left was for nobody."""
        self.release()
        self.is_open = False
        for frame in self.frames:
            self._unmatched(frame)
        self.frames.clear()

    def end(self) -> None:
        """Close, as the connection is over: whoever was to be told of frames is let go.

        The connection knows its mailbox, and would wait for the garbage collector otherwise.
        """
        self.close()
        self._unmatched = _unheard


def _unheard(_: Frame) -> None:
    """Take a frame of a connection that is over: there is none."""
