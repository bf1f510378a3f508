"""What a worker knows of the way ahead: all of it, or as far as the next level of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wsrun.engine.control import EndSearch, HoldLevel
from wsrun.pacing.stages import amended, stages
from wsrun.plan import Held, PhasePlan, Plan


class Leg(NamedTuple):
    """A part of the way: ``stages`` are phases or levels of a search; ``end`` is when the drain begins, in
    seconds since the start of the run, None while that is not known."""

    stages: Sequence[PhasePlan]
    end: float | None


class Course:
    """Follows the decisions on searches: ``plan`` is amended with each, ``leg`` is what is to come now."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.leg: Leg
        self._held: list[Held] = []
        self._go_from(0)

    def hold(self, told: HoldLevel) -> None:
        """Go on with another level of the search."""
        self._held.append(told.held)
        self.plan = amended(self.plan, told.phase, self._held)
        number = len(self._held)
        self.leg = Leg(stages(self.plan.phases[told.phase])[number - 1 : number], None)

    def end_search(self, told: EndSearch) -> None:
        """Go on with what follows the search."""
        self.plan = amended(self.plan, told.phase, self._held, told.at)
        self._go_from(told.phase + 1)

    def _go_from(self, index: int) -> None:
        """Go on with the phases from one on, as far as the first level of a search."""
        known: list[PhasePlan] = []
        for phase in self.plan.phases[index:]:
            if phase.search is not None:
                self._held = [phase.search.held[0]]
                self.leg = Leg((*known, stages(phase)[0]), None)
                return
            known.append(phase)
        self.leg = Leg(known, self.plan.duration)
