"""The agenda: everything at its time, never before, in order."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import pytest
from tests.clock import run_virtual

from wsrun.engine import agenda as agenda_module
from wsrun.engine.agenda import Agenda
from wsrun.engine.alarm import LoopAlarm, TimerfdAlarm


def _agenda() -> Agenda:
    loop = asyncio.get_running_loop()
    return Agenda(loop, loop.time, real_time=False)


def test_calls_happen_at_their_times_in_order() -> None:
    """Entries run by due time, and those of one time in the order in which they were entered."""

    async def main() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        agenda = _agenda()
        seen: list[tuple[str, float]] = []
        for name, due in (("late", 3.0), ("first", 1.0), ("second", 1.0), ("middle", 2.0)):
            agenda.call_at(due, lambda _, name=name: seen.append((name, loop.time())))  # type: ignore[misc]
        await agenda.sleep_until(4.0)
        return seen

    assert run_virtual(main()) == [("first", 1.0), ("second", 1.0), ("middle", 2.0), ("late", 3.0)]


def test_an_earlier_entry_wakes_earlier() -> None:
    """What is entered later but due earlier does not wait for the alarm that was armed before."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        agenda = _agenda()
        agenda.sleep_until(10.0)
        await agenda.sleep_until(1.0)
        return loop.time()

    assert run_virtual(main()) == 1.0


def test_a_sleep_can_be_ended_early() -> None:
    """Whoever holds the future of a sleep may end it; its time then passes without harm."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        agenda = _agenda()
        sleep = agenda.sleep_until(5.0)
        agenda.call_at(2.0, lambda _: sleep.set_result(None))
        await sleep
        ended = loop.time()
        await agenda.sleep_until(6.0)
        return ended

    assert run_virtual(main()) == 2.0


def test_what_is_entered_while_running_waits_a_turn() -> None:
    """An entry that re-enters itself at once cannot keep the loop from turning."""

    async def main() -> int:
        agenda = _agenda()
        turns = 0

        def again(due: float) -> None:
            nonlocal turns
            turns += 1
            if turns < 5:
                agenda.call_at(due, again)

        agenda.call_at(1.0, again)
        await agenda.sleep_until(2.0)
        return turns

    assert run_virtual(main()) == 5


def test_nothing_wakes_after_close() -> None:
    """A closed agenda has forgotten everything."""

    async def main() -> list[float]:
        agenda = _agenda()
        seen: list[float] = []
        agenda.call_at(1.0, seen.append)
        agenda.close()
        await asyncio.sleep(3.0)
        return seen

    assert run_virtual(main()) == []


class CoarseAlarm(LoopAlarm):
    """One that rings ten times a second at most."""

    grain = 0.1


def coarse(*given: Any, real_time: bool) -> CoarseAlarm:
    """Stand in for ``make_alarm``."""
    return CoarseAlarm(*given)


def test_what_is_due_within_the_grain_of_an_alarm_shares_a_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late by less than the grain, never early; and on time again where wakes are further apart."""
    monkeypatch.setattr(agenda_module, "make_alarm", coarse)

    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        agenda = _agenda()
        seen: list[tuple[float, float]] = []
        for due in (1.0, 1.01, 1.02, 1.15, 1.3, 2.0, 2.05):
            agenda.call_at(due, lambda due: seen.append((due, round(loop.time(), 6))))
        await asyncio.sleep(2.02)
        # What is entered between two wakes is not held up.
        agenda.call_at(2.03, lambda due: seen.append((due, round(loop.time(), 6))))
        await asyncio.sleep(1.0)
        return seen

    assert run_virtual(main()) == [
        (1.0, 1.0),
        (1.01, 1.1),
        (1.02, 1.1),
        (1.15, 1.2),
        (1.3, 1.3),
        (2.0, 2.0),
        (2.03, 2.03),
        (2.05, 2.13),
    ]


def test_what_is_due_and_more_than_a_batch_does_not_wait_for_the_grain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop turns in between, and no time passes."""

    monkeypatch.setattr(agenda_module, "make_alarm", coarse)

    async def main() -> set[float]:
        loop = asyncio.get_running_loop()
        agenda = _agenda()
        seen: set[float] = set()
        for _ in range(3 * agenda_module.BATCH + 1):
            agenda.call_at(1.0, lambda _: seen.add(round(loop.time(), 6)))
        await asyncio.sleep(2.0)
        return seen

    assert run_virtual(main()) == {1.0}


def test_the_real_alarm_wakes_no_more_often_than_its_grain() -> None:
    """Two hundred entries within four milliseconds share forty wakes of 0.1 ms, and two at the ends."""
    if sys.platform != "linux":
        pytest.skip("timerfd is Linux's")

    async def main() -> tuple[int, list[float]]:
        looks = 0

        def clock() -> float:
            nonlocal looks
            looks += 1  # one for each wake
            return time.monotonic()

        agenda = Agenda(asyncio.get_running_loop(), clock)
        early: list[float] = []
        begin = time.monotonic() + 0.02
        for number in range(199):
            agenda.call_at(begin + number * 0.00002, lambda due: early.append(due - time.monotonic()))
        await agenda.sleep_until(begin + 199 * 0.00002)
        agenda.close()
        return looks, early

    looks, early = asyncio.run(main())
    assert looks <= 42
    assert max(early) <= 0


@pytest.mark.parametrize("loop_factory", ["asyncio", "uvloop"])
def test_the_real_alarm_never_wakes_early(loop_factory: str) -> None:
    """On both loops, a hundred sleeps of odd lengths all end at or after their due time."""
    uvloop = pytest.importorskip("uvloop")

    async def main() -> list[float]:
        agenda = Agenda(asyncio.get_running_loop(), time.monotonic)
        begun = time.monotonic()
        early = []
        for number in range(100):
            due = begun + number * 0.00137
            await agenda.sleep_until(due)
            early.append(due - time.monotonic())
        agenda.close()
        return [amount for amount in early if amount > 0]

    factory = uvloop.new_event_loop if loop_factory == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(main()) == []


def test_the_real_alarm_rings_once() -> None:
    """One that is not armed anew falls silent, and so does one that is closed by whom it wakes."""
    if sys.platform != "linux":
        pytest.skip("timerfd is Linux's")

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        woken: list[str] = []
        silent = TimerfdAlarm(loop, lambda: woken.append("silent"))
        closed = TimerfdAlarm(loop, lambda: (woken.append("closed"), closed.close())[0])
        silent.arm(time.monotonic())
        closed.arm(time.monotonic())
        for _ in range(20):
            await asyncio.sleep(0.001)
        silent.close()
        return sorted(woken)

    assert asyncio.run(main()) == ["closed", "silent"]


def test_the_loop_alarm_checks_the_clock_again() -> None:
    """A timer that fires before its time, as uvloop's may, is armed again instead of believed."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        woken: list[float] = []
        # This clock is behind the loop's: every timer seems to fire 0.25 s early.
        alarm = LoopAlarm(loop, lambda: woken.append(loop.time()), lambda: loop.time() - 0.25)
        alarm.arm(1.0)
        await asyncio.sleep(3.0)
        alarm.close()
        return woken

    assert run_virtual(main()) == [1.25]
