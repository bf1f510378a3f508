"""The levels of a search as phases of their own, and a plan that follows what was decided in the run.

A search lasts as long as it takes. Whoever asks who is there when, or when a phase begins, asks a plan; so
the plan of a run is amended with each decision, in the coordinator and in the workers alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from wsrun.pacing.searching import longest_way
from wsrun.plan import Held, Level, PhasePlan, Plan, SearchPlan


def stages(phase: PhasePlan) -> tuple[PhasePlan, ...]:
    """Return what a phase consists of: itself, or the levels of its search.

    A level is a phase of the same index and name that lasts as long as it is held, with ``settle`` as its
    warm-up. Between two levels, while the one before is judged, nobody enters and no schedule goes on.
    """
    search = phase.search
    if search is None:
        return (phase,)
    return tuple(_stage(phase, search, held) for held in search.held)


def all_stages(phases: Iterable[PhasePlan]) -> Iterator[PhasePlan]:
    """Yield the stages of all phases, by their time."""
    for phase in phases:
        yield from stages(phase)


def begun(search: SearchPlan, start: float) -> SearchPlan:
    """Return a search whose levels are the longest way that it can take from ``start`` on."""
    return dataclasses.replace(search, held=tuple(_expected(search, (), start)))


def search_end(search: SearchPlan) -> float:
    """Return when the last level of a search is judged at the latest, by plan: seconds from the start of the
    run."""
    return search.held[-1].start + search.hold + search.pause


def amended(plan: Plan, index: int, held: Sequence[Held], end: float | None = None) -> Plan:
    """Return a plan in which the search of a phase has held these levels.

    Args:
        plan: before the decision.
        index: of the phase that searches.
        held: the levels that are decided, from the first on.
        end: when the search was over, in seconds from the start of the run; None: it is not, and as many
            levels may follow as its longest way has.
    """
    phases = list(plan.phases)
    phase = phases[index]
    assert phase.search is not None
    levels = tuple(held)
    if end is None:
        levels += tuple(_expected(phase.search, held, phase.start))
    search = dataclasses.replace(phase.search, held=levels)
    until = search_end(search) if end is None else end
    phases[index] = dataclasses.replace(spanned(phase, search), duration=until - phase.start)
    start = until
    for number in range(index + 1, len(phases)):
        phases[number] = _moved(phases[number], start)
        start = phases[number].end
    return dataclasses.replace(plan, phases=tuple(phases))


def spanned(phase: PhasePlan, search: SearchPlan) -> PhasePlan:
    """Return a phase with this search, and what it searches over from its first level to its last."""
    level = Level(start=search.held[0].value, end=search.held[-1].value)
    if search.axis == "clients":
        return dataclasses.replace(phase, search=search, clients={**phase.clients, search.group: level})
    return dataclasses.replace(phase, search=search, rate={**phase.rate, search.group: level})


def _expected(search: SearchPlan, held: Sequence[Held], start: float) -> Iterator[Held]:
    """Yield the levels that may follow those held: what is left of the longest way."""
    if held:
        start = held[-1].start + search.hold + search.pause
    for number, value in enumerate(longest_way(search)[len(held) :]):
        yield Held(len(held) + number + 1, value, start + number * (search.hold + search.pause))


def _stage(phase: PhasePlan, search: SearchPlan, held: Held) -> PhasePlan:
    level = Level(start=held.value, end=held.value)
    clients, rate = dict(phase.clients), dict(phase.rate)
    (clients if search.axis == "clients" else rate)[search.group] = level
    return dataclasses.replace(
        phase,
        start=held.start,
        duration=search.hold,
        warm_up=search.settle,
        clients=clients,
        rate=rate,
        search=dataclasses.replace(search, held=(held,)),
    )


def _moved(phase: PhasePlan, start: float) -> PhasePlan:
    if phase.search is not None:
        delay = start - phase.start
        moved = [dataclasses.replace(held, start=held.start + delay) for held in phase.search.held]
        phase = dataclasses.replace(phase, search=dataclasses.replace(phase.search, held=tuple(moved)))
    return dataclasses.replace(phase, start=start)
