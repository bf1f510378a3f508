"""Sessions that arrive at a rate: when each of them does, and how many are there at a time on average.

Arrivals are numbered over the whole run, those of one moment by group; every worker counts all of them and
takes its own. How many are there is Little's law, with its approach to the steady state: whoever arrived at
s is still there at t with the probability S(t - s) that a stay is longer than t - s, so that the expected
number at t is the integral of rate(s) S(t - s). For a constant rate r from a to b that is
r (G(t - a) - G(t - b)), where G(x) = E[min(stay, x)] (Little, A proof for the queuing formula L = λW, 1961;
for the time-dependent form, Eick, Massey, Whitt, The physics of the Mt/G/∞ queue, 1993, theorem 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from wsrun.pacing.arrivals import offsets, total
from wsrun.pacing.levels import cut, pieces
from wsrun.pacing.pauses import limited_pause
from wsrun.pacing.population import most_slots
from wsrun.plan import PhasePlan, Plan
from wsrun.plan_steps import PausePlan

_PARTS = 32
"""Into how many parts of constant rate a slope is cut."""

_SAMPLES = 128
"""At how many moments of a phase the number of those who are there is looked at."""


class Arrival(NamedTuple):
    """A client arrives ``at`` seconds after the start of the run.

    ``number`` counts all arrivals of the run. ``slot``, which is also the ``client.index``, counts those of
    the group, from behind the slots that the group has by ``clients``.
    """

    at: float
    group: int
    phase_index: int
    slot: int
    number: int


def all_arrivals(plan: Plan) -> Iterator[Arrival]:
    """Yield the arrivals of all groups over the whole run, by time."""
    comings = Comings(plan)
    for phase in plan.phases:
        yield from comings.arrivals(phase)


class Comings:
    """Follows the phases one by one, for whoever learns of them one by one."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        slots = most_slots(plan.phases)
        self._slots = {group.index: slots.get(group.index, 0) for group in plan.groups}
        self._number = 0

    def arrivals(self, phase: PhasePlan) -> Iterator[Arrival]:
        """Yield the arrivals of the next phase; to be read to its end before the next."""
        for at, group in merge(*(_times(self._plan, phase, group) for group in sorted(phase.arrivals))):
            yield Arrival(at, group, phase.index, self._slots[group], self._number)
            self._slots[group] += 1
            self._number += 1


def has_arrivals(plan: Plan, group: int | None = None) -> bool:
    """Tell whether clients of a group (None: of any) come by arrivals."""
    return any(phase.arrivals if group is None else group in phase.arrivals for phase in plan.phases)


def arrivals_of(phase: PhasePlan, group: int) -> float:
    """Return how many arrivals of a group a phase plans, before rounding (with ``poisson``: expects)."""
    return total(phase.arrivals.get(group), None, phase.duration)


def _times(plan: Plan, phase: PhasePlan, group: int) -> Iterator[tuple[float, int]]:
    seed = f"{plan.seed}/arrivals/{phase.index}/{group}"
    times = offsets(phase.arrivals[group], None, phase.duration, poisson=phase.poisson, seed=seed)
    return ((phase.start + offset, group) for offset in times)


class _Stream(NamedTuple):
    """Arrivals at a constant rate from ``start`` to ``end``; pairs of a share of them and their stay."""

    start: float
    end: float
    rate: float
    stays: Sequence[tuple[float, PausePlan]]


class Visitors:
    """How many of those who arrive are there when, on average."""

    def __init__(self, plan: Plan, flow_seconds: Callable[[int], float]) -> None:
        """``flow_seconds`` gives how long the flow of a profile takes at least, in seconds."""
        self._phases = plan.phases
        self._streams: dict[int, list[_Stream]] = {group.index: [] for group in plan.groups}
        self._own = [group.index for group in plan.groups if group.pool is None]
        for phase in plan.phases:
            for group in phase.arrivals:
                weights = phase.profiles or plan.groups[group].profiles
                whole = sum(weight for _, weight in weights)
                stays = [
                    (weight / whole, _stay(plan, phase, profile, flow_seconds)) for profile, weight in weights
                ]
                self._streams[group] += _streams(phase, group, stays)

    @property
    def is_empty(self) -> bool:
        """Whether nobody arrives."""
        return not any(self._streams.values())

    def present(self, group: int, at: float) -> float:
        """Return how many of a group are there at a time, in seconds since the start of the run."""
        streams = self._streams[group]
        if not streams:
            return 0.0
        wanted = _present(streams, at)
        most = self._most(at)
        if most is None:
            return wanted
        everybody = sum(_present(other, at) for other in self._streams.values())
        return wanted if everybody <= most else wanted * most / everybody

    def total(self, at: float) -> float:
        """Return how many of all groups are there at a time."""
        return sum(self.present(group, at) for group in self._streams)

    def connected(self, at: float) -> float:
        """Return how many with a connection of their own are there at a time."""
        return sum(self.present(group, at) for group in self._own)

    def client_seconds(self, group: int, start: float, end: float) -> float:
        """Return the integral of the number of those who are there, by the rule of the midpoint."""
        step = (end - start) / _SAMPLES
        if not self._streams[group]:
            return 0.0
        return step * sum(self.present(group, start + (number + 0.5) * step) for number in range(_SAMPLES))

    def most_present(self, group: int, start: float, end: float) -> float:
        """Return the largest number of those who are there from ``start`` to ``end``."""
        if not self._streams[group]:
            return 0.0
        step = (end - start) / _SAMPLES
        # Before the end: with fixed stays, that is the moment at which many leave.
        return max(self.present(group, start + number * step) for number in range(1, _SAMPLES + 1))

    def _most(self, at: float) -> int | None:
        for phase in self._phases:
            if at <= phase.end:
                return phase.at_most
        return None


def whole_visitors(number: float) -> int:
    """Return an expected number as a number of clients, rounded up, less what rounding itself added."""
    return math.ceil(number - 1e-9)


def _stay(plan: Plan, phase: PhasePlan, profile: int, flow_seconds: Callable[[int], float]) -> PausePlan:
    if plan.profiles[profile].flow or phase.stay is None:
        return PausePlan(kind="fixed", values=(flow_seconds(profile),))
    return phase.stay


def _streams(phase: PhasePlan, group: int, stays: Sequence[tuple[float, PausePlan]]) -> Iterator[_Stream]:
    for piece in pieces(phase.arrivals[group], phase.duration):
        parts = 1 if piece.low == piece.high else _PARTS
        length = (piece.end - piece.start) / parts
        for part in range(parts):
            start = piece.start + part * length
            end = piece.end if part + 1 == parts else start + length
            rate = cut(piece, start, end).area / (end - start)
            if rate:
                yield _Stream(phase.start + start, phase.start + end, rate, stays)


def _present(streams: Sequence[_Stream], at: float) -> float:
    return sum(
        stream.rate
        * share
        * (limited_pause(stay, at - stream.start) - limited_pause(stay, max(at - stream.end, 0.0)))
        for stream in streams
        if at > stream.start
        for share, stay in stream.stays
    )
