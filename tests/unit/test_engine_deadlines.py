"""Deadlines: each unanswered request expires once, none early, and memory follows those in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from wsrun.engine import deadlines as module
from wsrun.engine.deadlines import Deadlines
from wsrun.engine.request import Request


@dataclass(eq=False)
class Asked:
    """As much of a request as deadlines look at."""

    deadline: float
    done: bool = False
    expired: int = 0


def made() -> tuple[Deadlines, list[Asked]]:
    """Return deadlines, and the requests that they expired; an expired request is done, as in a worker."""
    expired: list[Asked] = []

    def expire(request: Request) -> None:
        asked = cast("Asked", request)
        asked.done = True
        asked.expired += 1
        expired.append(asked)

    return Deadlines(expire), expired


def test_a_request_expires_at_its_deadline_and_not_before() -> None:
    """The deadline itself is too late already."""
    deadlines, expired = made()
    request = Asked(deadline=5.0)
    cast("Any", deadlines.queue(5.0)).append(request)

    deadlines.sweep(4.999)
    assert expired == []
    deadlines.sweep(5.0)
    assert expired == [request]
    deadlines.sweep(6.0)
    assert request.expired == 1


def test_requests_of_one_timeout_share_a_queue() -> None:
    """So that a worker has as many queues as the scenario has timeouts."""
    deadlines, _ = made()

    assert deadlines.queue(1.0) is deadlines.queue(1.0)
    assert deadlines.queue(1.0) is not deadlines.queue(2.0)


def test_a_long_timeout_does_not_hold_up_a_short_one() -> None:
    """Each has its own queue."""
    deadlines, expired = made()
    long, short = Asked(deadline=60.0), Asked(deadline=1.5)
    cast("Any", deadlines.queue(60.0)).append(long)
    cast("Any", deadlines.queue(1.0)).append(short)

    deadlines.sweep(2.0)

    assert expired == [short]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 5.0]), st.floats(0, 0.5), st.none() | st.floats(0.01, 10)),
        max_size=60,
    ),
    st.lists(st.floats(0.01, 3), min_size=1, max_size=20),
)
def test_exactly_those_without_a_reply_in_time_expire(
    sent: list[tuple[float, float, float | None]], steps: list[float]
) -> None:
    """Whatever the order of replies and sweeps: once each, at the first sweep that is not early."""
    deadlines, expired = made()
    requests: list[tuple[Asked, float | None]] = []
    now = 0.0
    for timeout, pause, reply in sent:
        now += pause
        request = Asked(deadline=now + timeout)
        cast("Any", deadlines.queue(timeout)).append(request)
        requests.append((request, None if reply is None else now + reply))
    for step in steps:
        now += step
        for request, reply in requests:
            if reply is not None and reply <= now and not request.done:
                request.done = True
        before = len(expired)
        deadlines.sweep(now)
        assert all(request.deadline <= now for request in expired[before:])
        assert all(request.done or request.deadline > now for request, _ in requests)
    assert all(request.expired <= 1 for request, _ in requests)


def test_memory_follows_the_requests_in_flight_and_not_the_timeout() -> None:
    """A reply that came leaves its request behind one that waits; the queue is rebuilt before it grows."""
    deadlines, expired = made()
    queue = cast("Any", deadlines.queue(3600.0))
    waiting = Asked(deadline=3600.0)
    queue.append(waiting)
    longest = 0
    for number in range(50_000):
        queue.append(Asked(deadline=3600.0 + number, done=True))
        if number % 500 == 0:
            deadlines.sweep(0.0)
            longest = max(longest, len(queue))

    assert longest < module._REBUILD_AT
    assert queue[0] is waiting
    assert expired == []


def test_a_queue_full_of_waiting_requests_is_not_rebuilt_each_time() -> None:
    """The bound moves to twice what waits, so that sweeping stays cheap."""
    deadlines, _ = made()
    queue = cast("Any", deadlines.queue(60.0))
    queue.extend(Asked(deadline=60.0) for _ in range(module._REBUILD_AT))
    deadlines.sweep(0.0)

    assert deadlines._rebuild_at[60.0] == 2 * module._REBUILD_AT
    queue.extend(Asked(deadline=60.0, done=True) for _ in range(module._REBUILD_AT))
    deadlines.sweep(0.0)
    assert len(queue) == module._REBUILD_AT


def test_a_kept_request_expires_at_the_deadline_that_it_has_by_then() -> None:
    """It stands for one message after the other: the deadlines of those that were answered are nothing."""
    deadlines, expired = made()
    request = Asked(deadline=1.0)
    cast("Any", deadlines).keep(request)

    request.deadline = 1.7
    deadlines.sweep(1.0)
    deadlines.sweep(1.69)
    assert expired == []
    deadlines.sweep(1.7)
    assert expired == [request]


def test_a_kept_request_that_goes_on_after_it_expired_is_kept_on() -> None:
    """Its client sends the next message as soon as it hears of the timeout."""

    def go_on(asked: Asked) -> None:
        asked.deadline += 5.0
        asked.expired += 1

    deadlines = Deadlines(go_on)
    request = Asked(deadline=1.0)
    deadlines.keep(request)

    for second in range(20):
        deadlines.sweep(float(second))

    assert request.expired == 4


def test_a_kept_request_that_is_over_is_forgotten() -> None:
    """What is done at a deadline that it had is used no more, whatever becomes of it."""
    deadlines, expired = made()
    request = Asked(deadline=1.0, done=True)
    cast("Any", deadlines).keep(request)

    deadlines.sweep(1.0)
    request.done = False
    deadlines.sweep(9.0)
    assert expired == []
