"""How many clients are there when, by plan: the changes of the population, added up and ready to be asked."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise

from wsrun.pacing.population import Change, all_changes
from wsrun.plan import Plan

_INSTANT = 1e-9
"""Seconds by which "just before" is before."""


class Presence:
    """Who is there when: the planned changes of all groups, ready to be asked."""

    def __init__(self, plan: Plan) -> None:
        self.changes: tuple[Change, ...] = tuple(all_changes(plan.phases))
        self._own = [group.index for group in plan.groups if group.pool is None]
        self._times: list[list[float]] = [[] for _ in plan.groups]
        self._counts: list[list[int]] = [[0] for _ in plan.groups]
        for change in self.changes:
            self._times[change.group].append(change.at)
            counts = self._counts[change.group]
            counts.append(counts[-1] + (1 if change.enter else -1))
        steps = (1 if change.enter else -1 for change in self.changes)
        self.most = max(accumulate(steps), default=0)

    def connected(self, at: float) -> int:
        """Return how many clients with a connection of their own are there just before ``at``."""
        return sum(self.present(group, at) for group in self._own)

    def present(self, group: int, at: float) -> int:
        """Return how many clients of a group are there just before ``at``."""
        return self._counts[group][bisect_right(self._times[group], at - _INSTANT)]

    def client_seconds(self, group: int, start: float, end: float) -> float:
        """Return the integral of the number of clients of a group."""
        times = [at for at in self._times[group] if start < at < end]
        edges = [start, *times, end]
        return sum(
            self.present(group, right) * (right - left) for left, right in pairwise(edges) if right > left
        )

    def most_present(self, group: int, start: float, end: float) -> int:
        """Return the largest number of clients of a group from just after ``start`` to ``end``."""
        times, counts = self._times[group], self._counts[group]
        first, last = bisect_right(times, start), bisect_right(times, end - _INSTANT)
        return max(counts[first : last + 1])
