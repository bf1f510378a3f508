"""The probes of a worker's own fitness, in virtual time."""

from __future__ import annotations

import asyncio
import gc
import os
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from runs import plan_of
from tests.clock import run_virtual
from tests.fakes import FakeTransport

from wsrun.engine import fitness as fitness_module
from wsrun.engine.fitness import TICK, Fitness
from wsrun.engine.pauses import Pauses
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.snapshot import series

PLAN = plan_of()


def world_with(clock: Callable[[], float]) -> World:
    loop = asyncio.get_running_loop()
    around = Surroundings(clock=clock, unix_offset=1.7e9, real_time=False)
    world = World(PLAN, FakeTransport(lambda connection, payload: None), loop, worker=2, surroundings=around)
    world.begin(loop.time())
    return world


def lags(seconds: float, stalls: dict[float, float]) -> array[float]:
    """Return the lags that were probed in some seconds of virtual time, with stalls (time: length)."""

    async def main() -> array[float]:
        loop = asyncio.get_running_loop()
        # A stall is time that passes while nothing runs: the worker's clock is ahead of the loop's then.
        world = world_with(lambda: loop.time() + sum(s for at, s in stalls.items() if loop.time() >= at))
        Fitness(world).start()
        await asyncio.sleep(seconds)
        found = world.recorder.loop_lag
        world.agenda.close()
        return found

    return run_virtual(main())


def test_a_loop_that_keeps_up_has_no_lag() -> None:
    """A hundred probes a second, all of them on time."""
    found = lags(1.005, {})

    assert len(found) == 100
    assert max(found) == pytest.approx(0.0, abs=1e-6)


def test_probes_are_on_the_grid_of_the_start() -> None:
    """Where other looks are taken too, whenever the probing begins: one wake serves both."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        world = world_with(loop.time)
        world.begin(0.0043)
        seen: list[float] = []
        call_at = world.agenda.call_at

        class Listening:
            def call_at(self, due: float, function: Callable[[float], None]) -> None:
                seen.append(due)
                call_at(due, function)

        real, world.agenda = world.agenda, Listening()  # type: ignore[assignment]
        await asyncio.sleep(0.1)
        Fitness(world).start()
        await asyncio.sleep(0.03)
        real.close()
        return seen

    assert run_virtual(main()) == pytest.approx([0.1043, 0.1143, 0.1243, 0.1343])


def test_a_stall_is_probed_for_as_long_as_it_lasts() -> None:
    """Each missed tick has its own lag, so that one second of standing still is a hundred samples."""
    found = sorted(lags(0.505, {0.25: 1.0}))

    assert len(found) == 150
    assert found[-1] == pytest.approx(1.0, abs=2 * TICK)
    late = [lag for lag in found if lag > TICK]
    assert len(late) == pytest.approx(100, abs=2)
    assert late == pytest.approx([TICK * (number + 1) for number in range(len(late))], abs=2 * TICK)


def test_readings_are_the_workers_own_and_the_open_clients_by_group_and_profile() -> None:
    """CPU as a share of the time since the last reading, memory, descriptors, backlog, clients."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = world_with(loop.time)
        fitness = Fitness(world)
        fitness.start()
        world.open[0, 0, 0] = 3
        world.open[0, 1, 0] = 2
        await asyncio.sleep(1.0)
        made = fitness.gauges(backlog=77)
        world.agenda.close()

        assert {name for name, _ in made} == {
            "generator.cpu",
            "generator.memory",
            "generator.descriptors",
            "generator.backlog",
            "open",
        }
        assert all(("worker", "2") in labels for _, labels in made)
        assert made[series("generator.backlog", worker="2")].last == 77.0
        assert made[series("generator.memory", worker="2")].last > 1e6
        # Virtual time takes no CPU: a second of it is far more than it took.
        assert 0.0 <= made[series("generator.cpu", worker="2")].last < 1.0
        place = {"worker": "2", "group": "all", "phase": "arrive", "part": "warm-up"}
        assert made[series("open", profile="active", **place)].last == 3.0
        assert made[series("open", profile="passive", **place)].last == 2.0

    run_virtual(main())


def test_descriptors_are_those_at_the_start_and_the_open_clients_where_the_system_does_not_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counting them anew each interval would cost more than it tells."""
    monkeypatch.setattr(fitness_module, "_open_now", lambda: 0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = world_with(loop.time)
        fitness = Fitness(world)
        key = series("generator.descriptors", worker="2")
        before = fitness.gauges(0)[key].last
        world.open[0, 0, 0] = 10
        assert fitness.gauges(0)[key].last == before + 10
        world.agenda.close()

    run_virtual(main())


@pytest.mark.skipif(not fitness_module._open_now(), reason="the system does not tell how many are open")
def test_descriptors_are_all_that_are_open_where_the_system_tells(tmp_path: Path) -> None:
    """Those of HTTP and of files too."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = world_with(loop.time)
        fitness = Fitness(world)
        key = series("generator.descriptors", worker="2")
        before = fitness.gauges(0)[key].last
        with ExitStack() as stack:
            for number in range(10):
                stack.callback(os.close, os.open(tmp_path / str(number), os.O_CREAT))
            assert fitness.gauges(0)[key].last == before + 10
        world.agenda.close()

    run_virtual(main())


def test_pauses_of_garbage_collection_are_measured_from_start_to_end() -> None:
    """Each by itself, by the clock; those before the start of the run are left out."""
    now = [0.0]
    pauses = Pauses(lambda: now[0])

    def pause(seconds: float) -> None:
        pauses.heard("start", {})
        now[0] += seconds
        pauses.heard("stop", {})

    async def main() -> None:
        loop = asyncio.get_running_loop()
        world = world_with(loop.time)
        fitness = Fitness(world, pauses)
        pause(9.0)
        fitness.start()
        key = series("generator.gc", worker="2")
        assert fitness.gauges(0)[key].last == 0.0
        pause(0.25)
        pause(0.5)
        assert key not in fitness.gauges(0)
        found = world.recorder.snapshot(0, 0.0, 1.0, {}).distributions
        (told,) = (histogram for (name, _), histogram in found.items() if name == "generator.gc")
        assert (told.count, told.total, told.maximum) == (2, 0.75, 0.5)
        assert fitness.gauges(0)[key].last == 0.0
        world.agenda.close()

    run_virtual(main())


def test_real_collections_are_heard_until_told_otherwise() -> None:
    """``gc.callbacks`` tells of each; nothing is left there afterwards."""
    pauses = Pauses()
    pauses.start()
    gc.collect()
    pauses.stop()
    heard = pauses.take()
    gc.collect()

    assert len(heard) >= 1
    assert all(0 < seconds < 60 for seconds in heard)
    assert pauses.take() == []
    assert pauses.heard not in gc.callbacks
