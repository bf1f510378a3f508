"""Population: who enters and leaves when."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.pacing.levels import level_at
from wsrun.pacing.population import Change, all_changes, changes, whole_clients
from wsrun.plan import Level, PhasePlan


def at(number: float) -> Level:
    return Level(start=number, end=number)


def line(start: float, end: float) -> Level:
    return Level(start=start, end=end)


def phases(*rows: tuple[float, Mapping[int, Level], float | None]) -> list[PhasePlan]:
    """Phases from (duration, clients, connect_rate), one after the other."""
    made: list[PhasePlan] = []
    for index, (duration, clients, connect_rate) in enumerate(rows):
        start = made[-1].end if made else 0.0
        common: dict[str, Any] = {"rate": {}, "bursts": {}, "mix": {}}
        made.append(
            PhasePlan(
                index=index,
                name=f"phase-{index + 1}",
                start=start,
                duration=duration,
                clients=clients,
                connect_rate=connect_rate,
                **common,
            )
        )
    return made


def table(plan: Sequence[PhasePlan], group: int = 0) -> list[tuple[float, int, str]]:
    return [(round(c.at, 6), c.slot, "in" if c.enter else "out") for c in changes(plan, group)]


def test_a_constant_level_enters_at_the_start_in_order() -> None:
    """Without a connect_rate all are wanted at once."""
    assert table(phases((10, {0: at(3)}, None))) == [(0, 0, "in"), (0, 1, "in"), (0, 2, "in")]


def test_no_clients_change_nothing() -> None:
    """From 0 to 0."""
    assert table(phases((10, {0: line(0, 0)}, None))) == []


def test_a_line_up_is_rounded_half_up() -> None:
    """From 0 to 4 in 8 s: the k-th slot when the line reaches k + 1/2."""
    assert table(phases((8, {0: line(0, 4)}, None))) == [
        (1, 0, "in"),
        (3, 1, "in"),
        (5, 2, "in"),
        (7, 3, "in"),
    ]


def test_a_line_down_leaves_newest_first() -> None:
    """The mirror image of the way up."""
    plan = phases((1, {0: at(4)}, None), (8, {0: line(4, 0)}, None))
    assert table(plan)[4:] == [(2, 3, "out"), (4, 2, "out"), (6, 1, "out"), (8, 0, "out")]


def test_stairs_go_up_at_their_times() -> None:
    """From 10 to 60, ten more every ten seconds."""
    plan = phases((60, {0: Level(start=10, end=60, step=10, every=10)}, None))
    assert [(c.at, c.slot) for c in changes(plan, 0)] == [(slot // 10 * 10, slot) for slot in range(60)]


def test_stairs_go_down_at_their_times() -> None:
    """From 3 to 0, two fewer every second, the last stair cut."""
    plan = phases((5, {0: Level(start=3, end=0, step=2, every=1)}, None))
    assert table(plan)[3:] == [(1, 2, "out"), (1, 1, "out"), (2, 0, "out")]


def test_a_connect_rate_spaces_the_entries() -> None:
    """2 a second: attempt i at i/2 s."""
    assert table(phases((10, {0: at(4)}, 2))) == [(0, 0, "in"), (0.5, 1, "in"), (1, 2, "in"), (1.5, 3, "in")]


def test_a_connect_rate_does_not_save_up() -> None:
    """After a pause the entries of a stair are spaced as well, from the stair on."""
    plan = phases((20, {0: Level(start=1, end=3, step=2, every=10)}, 4))
    assert table(plan) == [(0, 0, "in"), (10, 1, "in"), (10.25, 2, "in")]


def test_a_connect_rate_above_the_ramp_has_no_effect() -> None:
    """Nobody enters before being wanted."""
    assert table(phases((8, {0: line(0, 4)}, 100))) == table(phases((8, {0: line(0, 4)}, None)))


def test_entries_that_wait_go_on_in_the_next_phase_at_its_rate() -> None:
    """Four wanted at one a second, of which two seconds are left; then two a second."""
    plan = phases((2, {0: at(4)}, 1), (5, {}, 2))
    assert table(plan) == [(0, 0, "in"), (1, 1, "in"), (2, 2, "in"), (2.5, 3, "in")]


def test_entries_that_wait_and_are_no_longer_wanted_never_come() -> None:
    """The next phase wants one: one of the two that entered leaves, the waiting ones are forgotten."""
    plan = phases((2, {0: at(4)}, 1), (5, {0: at(1)}, 2))
    assert table(plan) == [(0, 0, "in"), (1, 1, "in"), (2, 1, "out")]


def test_a_falling_level_cancels_the_waiting_first() -> None:
    """Within one phase too: the newest are those that have not come yet."""
    plan = phases((10, {0: Level(start=3, end=1, step=2, every=5)}, 0.25))
    assert table(plan) == [(0, 0, "in"), (4, 1, "in"), (5, 1, "out")]


def test_what_still_waits_at_the_end_of_the_run_never_enters() -> None:
    """At the last phase's end it is over."""
    assert table(phases((2, {0: at(9)}, 1))) == [(0, 0, "in"), (1, 1, "in")]


def test_groups_take_turns_at_a_connect_rate() -> None:
    """The rate is for the whole run; nobody waits for the other group to be full."""
    plan = phases((10, {0: at(2), 1: at(3)}, 1))
    assert [(c.at, c.group, c.slot) for c in all_changes(plan)] == [
        (0, 0, 0),
        (1, 1, 0),
        (2, 0, 1),
        (3, 1, 1),
        (4, 1, 2),
    ]
    assert table(plan, 1) == [(1, 0, "in"), (3, 1, "in"), (4, 2, "in")]


def test_a_group_that_a_phase_does_not_name_stays_as_it_was() -> None:
    """Its level is that of the end of the phase before."""
    plan = phases((4, {0: line(0, 2), 1: at(1)}, None), (4, {1: at(0)}, None))
    assert table(plan, 0) == [(1, 0, "in"), (3, 1, "in")]
    assert table(plan, 1) == [(0, 0, "in"), (4, 0, "out")]


def test_a_line_that_ends_on_a_half_enters_in_the_next_phase() -> None:
    """The moment itself belongs to the phase that begins there."""
    plan = phases((5, {0: line(0, 2.5)}, None), (5, {}, None))
    assert table(plan) == [(1, 0, "in"), (3, 1, "in"), (5, 2, "in")]


def test_a_slot_can_be_taken_again() -> None:
    """Leaving and entering again is a new life in the same slot, and bears its phase."""
    plan = phases((1, {0: at(1)}, None), (1, {0: at(0)}, None), (1, {0: at(1)}, None))
    assert list(changes(plan, 0)) == [
        Change(0, 0, True, 0, 0),
        Change(1, 0, False, 1, 0),
        Change(2, 0, True, 2, 0),
    ]


def test_the_spike_of_the_example() -> None:
    """200, then 2 200 at 500 a second, then 200: the 2 000 come within 4 s and go at once."""
    plan = phases((10, {0: line(0, 200)}, None), (30, {0: at(2200)}, 500), (20, {0: at(200)}, None))
    rows = list(changes(plan, 0))
    rush = [c for c in rows if c.phase_index == 1]
    assert len(rush) == 2000
    assert (rush[0].at, round(rush[-1].at, 9)) == (10, 13.998)
    gone = [c for c in rows if c.phase_index == 2]
    assert [c.slot for c in gone] == list(range(2199, 199, -1))
    assert {c.at for c in gone} == {40}


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (0.49, 0), (0.5, 1), (1.5, 2), (2.4, 2)])
def test_levels_are_rounded_half_up(level: float, expected: int) -> None:
    """Half a client is one."""
    assert whole_clients(level) == expected


COUNTS = st.integers(min_value=0, max_value=12).map(float)
SECONDS = st.integers(min_value=1, max_value=8).map(float)
LEVELS = st.one_of(
    st.builds(Level, start=COUNTS, end=COUNTS),
    st.builds(Level, start=COUNTS, end=COUNTS, step=st.sampled_from([1.0, 3.0]), every=SECONDS),
)
ROWS = st.tuples(
    SECONDS,
    st.dictionaries(st.integers(min_value=0, max_value=2), LEVELS, max_size=3),
    st.one_of(st.none(), st.sampled_from([0.5, 1.0, 4.0, 50.0])),
)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_changes_are_sorted_consistent_and_spaced(
    rows: list[tuple[float, dict[int, Level], float | None]],
) -> None:
    """Slots fill from 0 without holes, the newest leaves first, entries keep their distance."""
    plan = phases(*rows)
    inside = dict.fromkeys(range(3), 0)
    last = 0.0
    entries: dict[int, list[float]] = {}
    for change in all_changes(plan):
        phase = plan[change.phase_index]
        assert last <= change.at
        assert phase.start <= change.at < phase.end
        last = change.at
        if change.enter:
            assert change.slot == inside[change.group]
            inside[change.group] += 1
            entries.setdefault(change.phase_index, []).append(change.at)
        else:
            inside[change.group] -= 1
            assert change.slot == inside[change.group]
    for index, times in entries.items():
        rate = plan[index].connect_rate
        if rate is not None:
            assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in itertools.pairwise(times))


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_without_a_connect_rate_the_population_is_the_level(
    rows: list[tuple[float, dict[int, Level], float | None]],
) -> None:
    """Replayed to the middle of each phase, as many are in as the level says, rounded."""
    plan = phases(*((duration, clients, None) for duration, clients, _ in rows))
    level = at(0)
    for phase in plan:
        level = phase.clients.get(0, level)
        middle = phase.duration / 2 + 1e-6
        inside = sum(1 if c.enter else -1 for c in changes(plan, 0) if c.at <= phase.start + middle)
        assert inside == whole_clients(level_at(level, middle, phase.duration))
        level = at(level_at(level, phase.duration, phase.duration))


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_the_changes_of_a_group_are_those_of_all_filtered(
    rows: list[tuple[float, dict[int, Level], float | None]],
) -> None:
    """Each worker sees the same plan, whichever way it asks."""
    plan = phases(*rows)
    everything = list(all_changes(plan))
    for group in range(3):
        assert list(changes(plan, group)) == [c for c in everything if c.group == group]
