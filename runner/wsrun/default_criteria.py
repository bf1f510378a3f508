"""What is judged where a scenario names no criteria."""

from __future__ import annotations

from collections.abc import Sequence

from wsrun import criteria, search_parts
from wsrun.pacing.connections import uses_socket
from wsrun.pacing.population import all_changes
from wsrun.plan import MessagePlan, PhasePlan, ProfilePlan
from wsrun.plan_steps import ConnectStep, all_steps


def default_criteria(
    phases: Sequence[PhasePlan], profiles: Sequence[ProfilePlan], messages: Sequence[MessagePlan]
) -> tuple[str, ...]:
    """Return what is judged where a scenario names no criteria.

    Connections are left out when nobody uses a WebSocket, when every client connects in a warm-up or in a
    search, which no criterion sees, and when a step wants one of them refused.
    """
    if all(phase.search is not None for phase in phases):
        return search_parts.default_criteria(phases)
    connects = any(uses_socket(profile, messages, phases) for profile in profiles)
    reconnects = any(isinstance(step, ConnectStep) for p in profiles for step in all_steps(p.flow))
    everything = all_steps(step for p in profiles for step in (*p.start, *p.flow, *p.end))
    refused = any(isinstance(step, ConnectStep) and step.refused is not None for step in everything)
    if refused or not connects or (not reconnects and connects_only_in_warm_ups(phases)):
        return tuple(text for text in criteria.DEFAULT_CRITERIA if not text.startswith("connect."))
    return criteria.DEFAULT_CRITERIA


def connects_only_in_warm_ups(phases: Sequence[PhasePlan]) -> bool:
    """Tell whether clients enter, and all of them in warm-ups."""
    if any(phase.arrivals and phase.warm_up < phase.duration for phase in phases):
        return False
    entries = [
        phases[change.phase_index].search is not None
        or change.at < phases[change.phase_index].start + phases[change.phase_index].warm_up
        for change in all_changes(phases)
        if change.enter
    ]
    return bool(entries) and all(entries)
