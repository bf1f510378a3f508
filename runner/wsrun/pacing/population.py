"""Who enters and leaves when: from the levels of the phases to the changes of each client slot.

A group has slots 0, 1, 2 …; the wanted number of clients is its level rounded half up, and the wanted slots
are the lowest. Two numbers say everything about a group at a moment: how many are wanted and how many have
entered. The slots between them wait for their turn to enter; a slot beyond the wanted number leaves at
once, the newest first, and one that has not entered yet never will.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from wsrun.pacing.levels import level_at, pieces
from wsrun.pacing.stages import all_stages
from wsrun.plan import Level, PhasePlan


class Change(NamedTuple):
    """A slot of a group enters (or leaves) ``at`` seconds after the start of the run, in phase
    ``phase_index``."""

    at: float
    slot: int
    enter: bool
    phase_index: int
    group: int


class _Want(NamedTuple):
    at: float
    group: int
    number: int


def changes(phases: Sequence[PhasePlan], group: int) -> Iterator[Change]:
    """Yield the changes of one group over the whole run, by time; see ``all_changes``."""
    return (change for change in all_changes(phases) if change.group == group)


def all_changes(phases: Sequence[PhasePlan]) -> Iterator[Change]:
    """Yield the changes of all groups over the whole run, by time.

    A slot is due to enter from the moment its group wants it. With a ``connect_rate`` of R, entries of a
    phase are at least 1/R apart, over all groups, which take turns; the first may be at the phase's start.
    Entries that are still waiting when a phase ends go on in the next one at its own rate, while they are
    wanted. Nothing enters at or after the end of the last phase; who is in then stays in.
    """
    population = Population()
    for stage in all_stages(phases):
        yield from population.changes(stage)


class Population:
    """Follows the phases one by one, for whoever learns of them one by one."""

    def __init__(self) -> None:
        self._levels: dict[int, Level] = {}
        self._entered: dict[int, int] = {}

    def changes(self, phase: PhasePlan) -> Iterator[Change]:
        """Yield the changes of the next phase, or stage of one; to be read to its end before the next."""
        levels, entered = self._levels, self._entered
        levels |= phase.clients
        for group in phase.clients:
            entered.setdefault(group, 0)
        wants = merge(*(_wants(levels[group], phase, group) for group in sorted(levels)))
        yield from _phase_changes(phase, wants, entered)
        for group, level in levels.items():
            number = level_at(level, phase.duration, phase.duration)
            levels[group] = Level(start=number, end=number)


def most_slots(phases: Sequence[PhasePlan]) -> dict[int, int]:
    """Return how many slots each group with ``clients`` ever has at once, by its index."""
    most: dict[int, int] = {}
    for change in all_changes(phases):
        if change.enter:
            most[change.group] = max(most.get(change.group, 0), change.slot + 1)
    for phase in phases:
        # The way that a search takes may lead higher than the longest one.
        if phase.search is not None and phase.search.axis == "clients":
            group = phase.search.group
            most[group] = max(most.get(group, 0), whole_clients(phase.search.last))
    return most


def most_births(phases: Sequence[PhasePlan]) -> int:
    """Return how many times clients enter at most, by ``clients`` and by searches, whatever these find."""
    searched = sum(
        len(phase.search.held) * whole_clients(phase.search.last)
        for phase in phases
        if phase.search is not None and phase.search.axis == "clients"
    )
    return searched + sum(change.enter for change in all_changes(phases))


def whole_clients(level: float) -> int:
    """Return a level as a number of clients: rounded half up."""
    return math.floor(level + 0.5)


def _phase_changes(phase: PhasePlan, wants: Iterator[_Want], entered: dict[int, int]) -> Iterator[Change]:
    gap = 1 / phase.connect_rate if phase.connect_rate else 0.0
    wanted = dict(entered)
    turn = _Turn(sorted(entered))
    anchor, number = phase.start, 0
    now = phase.start
    want = next(wants, None)
    while True:
        next_entry = max(anchor + number * gap, now)
        while want is not None and want.at <= next_entry:
            now = want.at
            wanted[want.group] = want.number
            while entered[want.group] > want.number:
                entered[want.group] -= 1
                yield Change(now, entered[want.group], False, phase.index, want.group)
            want = next(wants, None)
            next_entry = max(anchor + number * gap, now)
        group = turn.next(entered, wanted)
        if group is None:
            if want is None:
                return
            now = want.at
            continue
        if next_entry >= phase.end:
            return
        if next_entry > anchor + number * gap:
            anchor, number = next_entry, 0
        number += 1
        yield Change(next_entry, entered[group], True, phase.index, group)
        entered[group] += 1


class _Turn:
    """Whose turn it is among the groups that have somebody waiting."""

    def __init__(self, groups: Sequence[int]) -> None:
        self._groups = groups
        self._position = 0

    def next(self, entered: dict[int, int], wanted: dict[int, int]) -> int | None:
        for step in range(len(self._groups)):
            position = (self._position + step) % len(self._groups)
            group = self._groups[position]
            if entered[group] < wanted[group]:
                self._position = position + 1
                return group
        return None


def _wants(level: Level, phase: PhasePlan, group: int) -> Iterator[_Want]:
    """Yield the wanted number of clients at the phase's start and each time that it changes, before its
    end."""
    number = whole_clients(level.start)
    yield _Want(phase.start, group, number)
    for piece in pieces(level, phase.duration):
        first, last = whole_clients(piece.low), whole_clients(piece.high)
        if first != number:
            number = first
            yield _Want(phase.start + piece.start, group, number)
        up = last > first
        while number != last:
            number += 1 if up else -1
            crossing = number - 0.5 if up else number + 0.5
            share = (crossing - piece.low) / (piece.high - piece.low)
            at = piece.start + (piece.end - piece.start) * share
            if at >= phase.duration:
                return
            yield _Want(phase.start + at, group, number)
