"""Heartbeats: what a client asks again and again to know that the other side is there.

A connection has one entry in the agenda, for its next beat, and no task; what is not answered in time is
found by a queue of deadlines, as replies are. The first beats of clients are spread evenly over the interval,
by their numbers, so that thousands of clients do not beat together.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wsrun.engine.deadlines import Deadlines
from wsrun.metrics.snapshot import labels_of
from wsrun.plan import Plan
from wsrun.plan_resilience import HeartbeatPlan

if TYPE_CHECKING:
    from collections import deque

    from wsrun.engine.line import Line
    from wsrun.engine.programs import MessageProgram
    from wsrun.engine.world import World

LOST = "heartbeat-lost"
"""The cause of a loss by heartbeats that were missed."""

_SPREAD = 0.6180339887498949
"""The golden ratio less one: multiples of it, modulo one, are spread evenly however many there are."""


class Beat:
    """One heartbeat on its way; ``sent`` and ``deadline`` are absolute seconds of the clock."""

    __slots__ = ("deadline", "done", "heart", "sent")

    def __init__(self, heart: Heart, sent: float, deadline: float) -> None:
        self.heart = heart
        self.sent = sent
        self.deadline = deadline
        self.done = False


class Heartbeats:
    """The heartbeats of all groups of one worker."""

    def __init__(self, plan: Plan, messages: list[MessageProgram]) -> None:
        self._groups = [group.heartbeat for group in plan.groups]
        self._messages = messages
        self._deadlines: Deadlines[Beat] = Deadlines(lambda beat: beat.heart.miss(beat))

    def sweep(self, now: float) -> None:
        """Count what is unanswered at ``now``."""
        self._deadlines.sweep(now)

    def start(self, line: Line) -> None:
        """Let a new connection beat, if its group has heartbeats, and if they go over its socket."""
        plan = self._groups[line.session.group]
        if plan is None:
            return
        message = None if plan.message is None else self._messages[plan.message]
        if message is None or message.socket == line.socket.index:
            Heart(line, plan, message, self._deadlines.queue(plan.timeout)).start()


class Heart:
    """The heartbeats of one connection."""

    __slots__ = ("_in_a_row", "_line", "_message", "_number", "_pings", "_plan", "_queue")

    def __init__(
        self, line: Line, plan: HeartbeatPlan, message: MessageProgram | None, queue: deque[Beat]
    ) -> None:
        self._line = line
        self._plan = plan
        self._message = message
        self._queue = queue
        self._in_a_row = 0
        self._number = 0
        self._pings: dict[bytes, Beat] = {}

    def start(self) -> None:
        """Beat from now on."""
        line, world = self._line, self._line.world
        if self._message is None and line.connection is not None:
            line.connection.on_pong = self._ponged
        first = (line.session.number * _SPREAD) % 1 * self._plan.every
        world.agenda.call_at(world.clock() + first, self._beat)

    def miss(self, beat: Beat) -> None:
        """Take note of a beat that was not answered in time; too many in a row are a loss."""
        line, plan = self._line, self._plan
        if not self._is_beating:
            return
        self._forget(beat)
        line.world.recorder.count("heartbeat.missed", self._labels(beat))
        self._in_a_row += 1
        if plan.misses is not None and self._in_a_row >= plan.misses and line.connection is not None:
            line.blame = LOST
            line.connection.abort()

    def answered(self, beat: Beat, at: float) -> None:
        """Take note of an answer that came at ``at``, in seconds of the clock."""
        if beat.done:
            return
        beat.done = True
        self._in_a_row = 0
        self._line.world.recorder.sample("heartbeat.latency", self._labels(beat), max(at - beat.sent, 0.0))

    @property
    def _is_beating(self) -> bool:
        line = self._line
        return line.closing is None and not line.is_closing and not line.session.leaving

    def _beat(self, due: float) -> None:
        if not self._is_beating:
            return
        world = self._line.world
        now = world.clock()
        if self._line.is_open:
            self._send(now)
        due += self._plan.every
        if due <= now:
            # Held up: what was left out is not made up for in a burst.
            due = now + self._plan.every
        world.agenda.call_at(due, self._beat)

    def _send(self, now: float) -> None:
        line = self._line
        beat = Beat(self, now, now + self._plan.timeout)
        if self._message is None:
            assert line.connection is not None
            self._number += 1
            payload = self._number.to_bytes(8, "big")
            self._pings[payload] = beat
            line.connection.ping(payload)
        elif not line.send(self._message, None, _Answer(beat, line.world)):
            return
        self._queue.append(beat)

    def _ponged(self, payload: bytes, at: float) -> None:
        """Take a pong: it answers its ping, and those before (RFC 6455 section 5.5.3)."""
        if payload not in self._pings:
            return
        for known in list(self._pings):
            self.answered(self._pings.pop(known), at)
            if known == payload:
                break

    def _forget(self, beat: Beat) -> None:
        beat.done = True
        for payload, known in self._pings.items():
            if known is beat:
                del self._pings[payload]
                break

    def _labels(self, beat: Beat) -> tuple[tuple[str, str], ...]:
        line = self._line
        session, world = line.session, line.world
        return labels_of(world.labels(session.group, session.profile_index, world.stretch_at(beat.sent)))


class _Answer(asyncio.Future[bool]):
    """What waits for the reply of a heartbeat that is a message: it notes the moment of the reply itself.

    A reply that is not good answers nothing; the beat is then missed at its time.
    """

    def __init__(self, beat: Beat, world: World) -> None:
        super().__init__(loop=world.loop)
        self._beat = beat
        self._clock = world.clock

    def set_result(self, result: bool) -> None:
        """Take the outcome of the request."""
        if result:
            self._beat.heart.answered(self._beat, self._clock())
        super().set_result(result)
