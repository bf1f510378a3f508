"""Deadlines on real event loops: in order, and never early."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from wsrun.demo.deadlines import Deadlines
from wsrun.demo.server import loop_factory

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "fastest": loop_factory(),
}


@pytest.mark.parametrize("exact", [True, False], ids=["timerfd", "loop timer"])
@pytest.mark.parametrize("loop", LOOPS)
def test_calls_come_in_order_and_never_early(loop: str, exact: bool) -> None:
    """However they are asked for, calls happen by their time, then by their turn, and not too soon."""

    async def run() -> None:
        deadlines = Deadlines(asyncio.get_running_loop(), exact=exact)
        start = time.monotonic()
        wanted = [0.0213, 0.0007, 0.0, -1.0, 0.0102, 0.0102, 0.0309, 0.0051]
        called: list[int] = []
        early: list[float] = []
        done = asyncio.Event()

        def call(number: int) -> None:
            early.append(min(0.0, time.monotonic() - (start + wanted[number])))
            called.append(number)
            if len(called) == len(wanted):
                done.set()

        for number, offset in enumerate(wanted):
            deadlines.at(start + offset, partial(call, number))
        await asyncio.wait_for(done.wait(), 10)
        assert called == sorted(range(len(wanted)), key=lambda number: (wanted[number], number))
        assert early == [0.0] * len(wanted)
        deadlines.close()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(run())


@pytest.mark.parametrize("exact", [True, False], ids=["timerfd", "loop timer"])
def test_a_call_that_asks_again_at_once_starves_nobody(exact: bool) -> None:
    """Other callbacks of the loop get their turn between calls that are always due."""

    async def run() -> None:
        deadlines = Deadlines(asyncio.get_running_loop(), exact=exact)
        calls = 0

        def call() -> None:
            nonlocal calls
            calls += 1
            deadlines.at(0.0, call)

        call()
        for _ in range(20):
            await asyncio.sleep(0)
        assert calls > 1
        deadlines.close()
        seen = calls
        await asyncio.sleep(0.005)
        assert calls == seen

    asyncio.run(run())
