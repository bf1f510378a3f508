"""How many connections clients have, by the sockets that their steps connect."""

from __future__ import annotations

import math

from wsrun.pacing.crowd import Crowd
from wsrun.plan import GroupPlan, PhasePlan, Plan, ProfilePlan
from wsrun.plan_steps import ConnectStep, all_steps


def connections_each(plan: Plan, group: GroupPlan, phase: PhasePlan) -> float:
    """Return how many connections of its own a client of a group has in a phase, on average."""
    if group.pool is not None:
        return 0.0
    weights = phase.profiles or group.profiles
    total = sum(weight for _, weight in weights)
    return sum(weight / total * len(_sockets(plan.profiles[profile])) for profile, weight in weights)


def most_connections(plan: Plan, crowd: Crowd) -> int:
    """Return the most connections that there are at a time; an upper estimate where groups change apart."""
    pooled = sum(group.pool.most for group in plan.groups if group.pool is not None)
    if not plan.sockets and not pooled:
        return crowd.most
    together = (
        sum(
            crowd.most_present(group.index, phase.start, phase.end) * connections_each(plan, group, phase)
            for group in plan.groups
        )
        for phase in plan.phases
    )
    return math.ceil(max(together)) + pooled


def _sockets(profile: ProfilePlan) -> set[int]:
    """Return the sockets that a client of a profile connects: those of its steps, or ``main``."""
    steps = all_steps((*profile.start, *profile.flow))
    return {step.socket for step in steps if isinstance(step, ConnectStep) and step.refused is None} or {0}
