"""What is judged, as planned: criteria, and searches, which hold level after level against some of them.

Part of ``wsrun.plan``, which names everything of it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsrun.criteria import Criterion
from wsrun.diagnostics import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionPlan:
    """One criterion, parsed, and where it stands. ``abort``: (after, over, for) in seconds, or None."""

    text: str
    criterion: Criterion
    location: Location
    good: Criterion | None = None
    good_text: str | None = None
    because: str | None = None
    severity: Literal["error", "warning"] = "error"
    abort: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One level of a search: its number from 1, its value (clients, or messages a second), and the seconds
    from the start of the run at which it begins."""

    number: int
    value: float
    start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A search for the highest level that meets ``such_that``.

    ``axis``: what is searched over, for the group ``group``: clients, or scheduled messages a second.
    ``first``, ``last`` and ``step`` are positive numbers of it. Each level is held for ``hold`` seconds and
    judged less the first ``settle`` of them. ``degraded``: the criteria whose first miss is the degradation
    point; empty: the p95 of round trips is more than twice that of the first level.

    ``held`` are levels by their time. In a plan that was not begun they are the longest way that the search
    can take, with ``pause`` seconds to judge each; in the plan of a run those that were held so far, and then
    what may still come.
    """

    axis: Literal["clients", "rate"]
    group: int
    first: float
    last: float
    step: float
    bisect: bool = False
    hold: float = 30.0
    settle: float = 5.0
    pause: float = 1.0
    such_that: tuple[CriterionPlan, ...]
    degraded: tuple[CriterionPlan, ...] = ()
    held: tuple[Held, ...] = ()
