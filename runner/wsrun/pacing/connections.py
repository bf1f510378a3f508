"""How many connections clients have: by the sockets that their steps connect, none where all is HTTP."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wsrun.pacing.crowd import Crowd
from wsrun.plan import GroupPlan, MessagePlan, PhasePlan, Plan, ProfilePlan
from wsrun.plan_steps import (
    CloseStep,
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    SendStep,
    all_steps,
)

_ON_SOCKETS = (ConnectStep, CloseStep, ExpectStep, ExpectNoneStep, ExpectCloseStep)


def connections_each(plan: Plan, group: GroupPlan, phase: PhasePlan) -> float:
    """Return how many connections of its own a client of a group has in a phase, on average."""
    if group.pool is not None:
        return 0.0
    weights = phase.profiles or group.profiles
    total = sum(weight for _, weight in weights)
    used = sockets_used(plan)
    return sum(
        weight / total * len(_sockets(plan.profiles[profile])) for profile, weight in weights if used[profile]
    )


def most_connections(plan: Plan, crowd: Crowd) -> int:
    """Return the most connections that there are at a time; an upper estimate where groups change apart."""
    pooled = sum(group.pool.most for group in plan.groups if group.pool is not None)
    if not plan.sockets and not pooled and all(sockets_used(plan)):
        return crowd.most
    together = (
        sum(
            crowd.most_present(group.index, phase.start, phase.end) * connections_each(plan, group, phase)
            for group in plan.groups
        )
        for phase in plan.phases
    )
    return math.ceil(max(together)) + pooled


def uses_socket(profile: ProfilePlan, messages: Sequence[MessagePlan], phases: Sequence[PhasePlan]) -> bool:
    """Tell whether anything of a profile uses a WebSocket; whoever only listens does."""
    steps = list(all_steps((*profile.start, *profile.flow, *profile.end)))
    if any(isinstance(step, _ON_SOCKETS) for step in steps):
        return True
    mixes = [profile.mix, *(phase.mix[profile.index] for phase in phases if profile.index in phase.mix)]
    sent = {index for mix in mixes for index, _ in mix}
    sent |= {index for step in steps if isinstance(step, SendStep) for index in step.messages}
    listens = not profile.flow and not profile.mix
    return listens or not sent or any(messages[index].http is None for index in sent)


def sockets_used(plan: Plan) -> tuple[bool, ...]:
    """Tell for each profile of a plan whether its clients use a WebSocket."""
    return tuple(uses_socket(profile, plan.messages, plan.phases) for profile in plan.profiles)


def _sockets(profile: ProfilePlan) -> set[int]:
    """Return the sockets that a client of a profile connects: those of its steps, or ``main``."""
    steps = all_steps((*profile.start, *profile.flow))
    return {step.socket for step in steps if isinstance(step, ConnectStep) and step.refused is None} or {0}
