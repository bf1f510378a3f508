"""The gate: how many handshakes may be under way at once."""

from __future__ import annotations

import asyncio

from tests.clock import run_virtual

from wsrun.engine.gate import Gate


async def _visit(gate: Gate, seen: list[tuple[str, float]], name: str, length: float) -> None:
    async with gate:
        seen.append((name, asyncio.get_running_loop().time()))
        await asyncio.sleep(length)


def test_only_so_many_are_inside_at_once() -> None:
    """With two places the third enters when the first leaves, in the order of coming."""

    async def main() -> list[tuple[str, float]]:
        gate = Gate(2)
        seen: list[tuple[str, float]] = []
        async with asyncio.TaskGroup() as tasks:
            for name in "abcd":
                tasks.create_task(_visit(gate, seen, name, 1.0))
        return seen

    assert run_virtual(main()) == [("a", 0.0), ("b", 0.0), ("c", 1.0), ("d", 1.0)]


def test_the_limit_can_be_raised_while_some_wait() -> None:
    """A higher limit lets those in who wait already."""

    async def main() -> list[tuple[str, float]]:
        gate = Gate(1)
        seen: list[tuple[str, float]] = []
        async with asyncio.TaskGroup() as tasks:
            for name in "abc":
                tasks.create_task(_visit(gate, seen, name, 10.0))
            await asyncio.sleep(1.0)
            gate.set_limit(3)
        return seen

    assert run_virtual(main()) == [("a", 0.0), ("b", 1.0), ("c", 1.0)]


def test_whoever_gives_up_waiting_takes_no_place() -> None:
    """A cancelled wait is passed over, and its place is not lost."""

    async def main() -> list[tuple[str, float]]:
        gate = Gate(1)
        seen: list[tuple[str, float]] = []
        first = asyncio.ensure_future(_visit(gate, seen, "a", 1.0))
        second = asyncio.ensure_future(_visit(gate, seen, "b", 1.0))
        third = asyncio.ensure_future(_visit(gate, seen, "c", 1.0))
        await asyncio.sleep(0.5)
        second.cancel()
        await asyncio.gather(first, third)
        return seen

    assert run_virtual(main()) == [("a", 0.0), ("c", 1.0)]


def test_a_place_granted_to_someone_cancelled_at_that_moment_is_passed_on() -> None:
    """A wait that is cancelled just after its turn came gives the place back."""

    async def main() -> list[tuple[str, float]]:
        gate = Gate(1)
        seen: list[tuple[str, float]] = []
        await gate.__aenter__()
        second = asyncio.ensure_future(_visit(gate, seen, "b", 1.0))
        third = asyncio.ensure_future(_visit(gate, seen, "c", 1.0))
        await asyncio.sleep(0)
        await gate.__aexit__(None, None, None)
        second.cancel()
        await third
        return seen

    assert [name for name, _ in run_virtual(main())] == ["c"]
