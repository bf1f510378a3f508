"""One deadline queue a worker instead of a timer a reply.

Requests with the same timeout fall due in the order in which they were sent, so each distinct timeout is a
queue and a sweep looks only at the heads. A reply that came leaves its request in the queue; the sweep drops
it when it reaches the head, and a queue that holds mostly finished requests is rebuilt, so that memory
follows the requests in flight and not the timeout.

A request that stands for one message after the other lies in a heap instead, once: when the deadline that it
had comes, it is looked at, and put back with the one that it has by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

SWEEP = 0.02
"""Seconds between sweeps: a timeout is noticed by the second one after it; its sample is the deadline all the
same."""

_REBUILD_AT = 4096


class Awaited(Protocol):
    """Something with an answer to wait for; ``deadline`` is absolute seconds of the clock."""

    done: bool

    @property
    def deadline(self) -> float:
        """When the answer is too late."""


T = TypeVar("T", bound=Awaited)


class Deadlines(Generic[T]):
    """What is awaited, by timeout; ``expire`` is called with each whose deadline has passed unanswered."""

    def __init__(self, expire: Callable[[T], None]) -> None:
        self._expire = expire
        self._kept: list[tuple[float, int, T]] = []
        self._order = 0
        self._queues: dict[float, deque[T]] = {}
        self._rebuild_at: dict[float, int] = {}

    def queue(self, timeout: float) -> deque[T]:
        """Return the queue of a timeout (seconds); the sender appends to it in the order of sending."""
        self._rebuild_at.setdefault(timeout, _REBUILD_AT)
        return self._queues.setdefault(timeout, deque())

    def keep(self, request: T) -> None:
        """Look after a request that is used again, until it is done at a deadline that it had."""
        self._order += 1
        heappush(self._kept, (request.deadline, self._order, request))

    def sweep(self, now: float) -> None:
        """Expire what is due at ``now`` and let go of what is finished."""
        while self._kept and self._kept[0][0] <= now:
            _, _, request = heappop(self._kept)
            if not request.done and request.deadline <= now:
                self._expire(request)
            if not request.done:
                self.keep(request)
        for timeout, queue in self._queues.items():
            while queue and (queue[0].done or queue[0].deadline <= now):
                request = queue.popleft()
                if not request.done:
                    self._expire(request)
            if len(queue) >= self._rebuild_at[timeout]:
                waiting = [request for request in queue if not request.done]
                queue.clear()
                queue.extend(waiting)
                self._rebuild_at[timeout] = max(_REBUILD_AT, 2 * len(waiting))
