"""Who is there when, by ``clients`` and by ``arrivals`` together: what estimates are made from."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Iterable
from functools import cached_property

from wsrun.pacing.presence import Presence
from wsrun.pacing.visits import Visitors, all_arrivals, whole_visitors
from wsrun.plan import PhasePlan, Plan

_INSTANT = 1e-9
"""Seconds by which times are told apart; what is computed twice may differ by less."""


class Crowd:
    """The clients of a plan: those of ``clients`` exactly, those who arrive as expected."""

    def __init__(self, plan: Plan, visitors: Visitors) -> None:
        self.population = Presence(plan)
        self._visitors = visitors
        self._groups = [group.index for group in plan.groups]
        self._plan = plan
        self.most = self.population.most
        if not visitors.is_empty:
            together = (
                sum(self.most_present(group, phase.start, phase.end) for group in self._groups)
                for phase in plan.phases
            )
            self.most = whole_visitors(max(together))

    @cached_property
    def _arrivals(self) -> tuple[Counter[tuple[int, int]], list[array[float]]]:
        """How many arrive, by phase and group, and when, by phase: there may be millions of them."""
        arrived: Counter[tuple[int, int]] = Counter()
        times: list[array[float]] = [array("d") for _ in self._plan.phases]
        for arrival in all_arrivals(self._plan):
            arrived[arrival.phase_index, arrival.group] += 1
            times[arrival.phase_index].append(arrival.at)
        return arrived, times

    def arrived(self, phase: PhasePlan, group: int) -> int:
        """Return how many clients of a group arrive in a phase."""
        return self._arrivals[0][phase.index, group]

    def times(self, phase: PhasePlan) -> array[float]:
        """Return when clients arrive in a phase, in seconds since the start of the run."""
        return self._arrivals[1][phase.index]

    def gone(self, phase: PhasePlan, group: int) -> int:
        """Return how many of those who arrived leave in a phase."""
        more = self._visitors.present(group, phase.end) - self._visitors.present(group, phase.start)
        return max(round(self.arrived(phase, group) - more), 0)

    def present(self, group: int, at: float) -> float:
        """Return how many clients of a group are there at a time."""
        return self.population.present(group, at) + self._visitors.present(group, at)

    def everybody(self, at: float) -> int:
        """Return how many clients there are at a time, as a whole number."""
        settled = sum(self.population.present(group, at) for group in self._groups)
        return settled + whole_visitors(self._visitors.total(at))

    def client_seconds(self, group: int, start: float, end: float) -> float:
        """Return the integral of the number of clients of a group."""
        settled = self.population.client_seconds(group, start, end)
        return settled + self._visitors.client_seconds(group, start, end)

    def most_present(self, group: int, start: float, end: float) -> float:
        """Return the largest number of clients of a group from ``start`` to ``end``."""
        settled = self.population.most_present(group, start, end)
        return settled + self._visitors.most_present(group, start, end)


def most_within_a_second(times: Iterable[float]) -> int:
    """Return how many of some times in ascending order lie within any one second, at most."""
    window: deque[float] = deque()
    most = 0
    for at in times:
        window.append(at)
        while window[0] <= at - 1.0 + _INSTANT:
            window.popleft()
        most = max(most, len(window))
    return most
