"""Where clients sit, and which worker has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import plan_of

from wsrun.engine.seats import Seats
from wsrun.plan import Plan

HEAD = "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\nmessages: { m: { text: x } }\n"


def plan_for(sizes: list[int]) -> Plan:
    """Compile a plan with a group of each size."""
    names = [f"g{number}" for number in range(len(sizes))]
    groups = ", ".join(f"{name}: {{}}" for name in names)
    level = ", ".join(f"{name}: {size}" for name, size in zip(names, sizes, strict=True))
    return plan_of(f"{HEAD}clients: {{ {groups} }}\nphases: [ {{ duration: 1s, clients: {{ {level} }} }} ]\n")


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5).filter(any), st.integers(1, 8))
def test_every_slot_is_of_one_worker_and_all_have_about_as_many(sizes: list[int], workers: int) -> None:
    """Over all groups together, no worker has more than one client more than another."""
    plan = plan_for(sizes)
    shares = [Seats(plan, worker, workers) for worker in range(workers)]
    had = [0] * workers
    for group, size in enumerate(sizes):
        for slot in range(size):
            owners = [worker for worker, seats in enumerate(shares) if seats.is_own(group, slot)]
            assert len(owners) == 1
            had[owners[0]] += 1

    assert max(had) - min(had) <= 1


@pytest.mark.parametrize("worker", [0, 1, 2])
def test_the_turn_of_a_group_tells_own_slots(worker: int) -> None:
    """A schedule asks once for its group, and then only divides."""
    seats = Seats(plan_for([4, 5]), worker, 3)

    for group in (0, 1):
        for slot in range(9):
            assert seats.is_own(group, slot) == (slot % 3 == seats.turn(group))
