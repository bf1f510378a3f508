"""Where clients sit: a number for each slot of the run, by which slots are dealt to the workers.

The slots of the first group come first, then those of the second, and so on; behind them all, the seats of
those who arrive. Seat n is of worker n mod workers, so that many small groups are spread as one large one is.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from wsrun.pacing.population import most_slots
from wsrun.plan import Plan

if TYPE_CHECKING:
    from wsrun.engine.session import Session


class Seats:
    """The seats of a plan, as one of its workers sees them."""

    def __init__(self, plan: Plan, worker: int, workers: int) -> None:
        slots = most_slots(plan.phases)
        self._worker, self._workers = worker, workers
        self._first = [0, *itertools.accumulate(slots.get(group.index, 0) for group in plan.groups)]

    def is_own(self, group: int, slot: int) -> bool:
        """Whether a slot of ``clients`` is this worker's."""
        return (self._first[group] + slot) % self._workers == self._worker

    def turn(self, group: int) -> int:
        """Return what the slots of a group that are this worker's leave when divided by the workers."""
        return (self._worker - self._first[group]) % self._workers

    def of(self, session: Session) -> int:
        """Return a number that no other living client has: slots over the groups, then those who arrive."""
        if session.visit is not None:
            return self._first[-1] + session.visit.seat
        return self._first[session.group] + session.slot
