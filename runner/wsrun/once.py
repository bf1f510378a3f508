"""A scenario as a functional test: one client for each profile of a group, each body once, and no load.

What is left of the criteria is what one visit can show, and for what it does for certain no data is as little
as anywhere. Whatever a scenario allows otherwise, no error is allowed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsrun import criteria
from wsrun.catalogue import resolve
from wsrun.criteria import Criterion
from wsrun.diagnostics import Location
from wsrun.pacing.connections import uses_socket
from wsrun.plan import CriterionPlan, GroupPlan, Level, PhasePlan, Plan, ProfilePlan
from wsrun.plan_steps import ConnectStep, RepeatStep, SendStep, StepPlan, all_steps

PHASE = "once"
"""The name of the only phase."""

LIMIT = 600.0
"""Seconds after which whoever is not done is told to leave."""

ALWAYS = "errors == 0"
"""What is judged whatever the scenario says."""

HAPPENED = frozenset(
    ("connect.established", "messages.sent", "messages.received", "replies.answered", "expect.passed")
)
"""Counters of what one visit makes happen; whether others count anything is a matter of time and luck."""

DONE = frozenset(("connect", "messages", "bytes", "replies", "expect", "errors"))
"""Families of metrics of what a visit does itself. Deliveries, losses and pushes take others, or time."""

NOTE = "it is about load, of which a run with --once has none"

CHANCE = "it did not happen, and one visit does not decide whether it does"


def once(plan: Plan) -> Plan:
    """Return a plan in which each body is done once, by one client for each profile of each group."""
    groups = tuple(
        replace(group, profiles=tuple((index, 1.0) for index in _profiles(plan, group)))
        for group in plan.groups
    )
    clients = {group.index: float(len(group.profiles)) for group in groups}
    phase = PhasePlan(
        index=0,
        name=PHASE,
        start=0.0,
        duration=LIMIT,
        clients={group: Level(start=number, end=number) for group, number in clients.items()},
        rate={},
        bursts={},
        mix={},
    )
    return replace(
        plan,
        once=True,
        profiles=tuple(_profile(plan, profile) for profile in plan.profiles),
        groups=groups,
        phases=(phase,),
        criteria=tuple(_criteria(plan)),
    )


def ended(plan: Plan, ran: float) -> Plan:
    """Return a plan of ``once`` whose phase is as long as it took, in seconds."""
    return replace(plan, phases=(replace(plan.phases[0], duration=max(min(ran, LIMIT), plan.interval)),))


def unfinished(plan: Plan, ran: float) -> str | None:
    """Say that somebody was still at it when the time was over, None when everybody was done before."""
    if not plan.once or ran < LIMIT:
        return None
    return f"not every client had done its body once within {LIMIT / 60:g} min, and the rest was left out"


def is_judged(criterion: Criterion) -> bool:
    """Tell whether one visit can meet or miss a criterion.

    Faults are counted as always, and so is whether something happened at all. Times, rates, levels, numbers
    that many clients must reach and phases are about load.
    """
    metric = resolve(criterion.metric)
    if metric is None or metric.kind not in ("counter", "ratio") or criterion.metric.stat is not None:
        return False
    if criterion.bound.quantity is None or dict(criterion.metric.labels).keys() & {"phase"}:
        return False
    if metric.name.startswith("search."):
        return False
    limit = criterion.bound.quantity.value
    if metric.kind == "ratio" or criterion.operator in ("<", "<="):
        return True
    if criterion.operator == "==" and limit == 0:
        return True
    return metric.name in HAPPENED and limit <= (1 if criterion.operator == ">=" else 0)


def needs_data(criterion: Criterion, plan: Plan) -> bool:
    """Tell whether a visit has data for a criterion unless something went wrong.

    It does what the criterion is about by itself, and neither chance, a condition nor the loss of a server
    decides whether it comes to that.
    """
    family = criterion.metric.name.partition(".")[0]
    labels = dict(criterion.metric.labels)
    if family not in DONE or "server" in labels:
        return False
    return "message" not in labels or labels["message"] in _certain(plan)


def _certain(plan: Plan) -> set[str]:
    """Return the names of the messages that clients send whatever happens, by a plan of ``once``."""
    used = {index for group in plan.groups for index, _ in group.profiles}
    profiles = [profile for profile in plan.profiles if profile.index in used]
    steps: list[StepPlan] = [
        step for profile in profiles for step in (*profile.start, *profile.flow, *profile.end)
    ]
    sent: set[int] = set()
    while steps:
        step = steps.pop()
        if isinstance(step, SendStep):
            sent.update(step.messages)
        elif isinstance(step, RepeatStep) and step.condition is None:
            steps += step.steps
    return {plan.messages[index].name for index in sent}


def _profiles(plan: Plan, group: GroupPlan) -> list[int]:
    """Return the profiles that clients of a group may have, in any phase."""
    found = [index for index, _ in group.profiles]
    if len(plan.groups) == 1:
        found += [index for phase in plan.phases for index, _ in phase.profiles]
    return list(dict.fromkeys(found))


def _profile(plan: Plan, profile: ProfilePlan) -> ProfilePlan:
    """Return a profile that sends each message of its mixes once, and connects by a step that can be told."""
    mixes = [profile.mix, *(phase.mix[profile.index] for phase in plan.phases if profile.index in phase.mix)]
    sent = dict.fromkeys(index for mix in mixes for index, _ in mix)
    start = profile.start
    has_connect = any(isinstance(step, ConnectStep) for step in all_steps((*start, *profile.flow)))
    shares = any(group.pool is not None and profile.index in _profiles(plan, group) for group in plan.groups)
    if not has_connect and not shares and uses_socket(profile, plan.messages, plan.phases):
        start = (ConnectStep(), *start)
    flow = profile.flow or tuple(SendStep(messages=(index,)) for index in sent)
    return replace(profile, flow=flow, start=start, lifecycle=None)


def _criteria(plan: Plan) -> Iterator[CriterionPlan]:
    yield from plan.criteria
    if all(criterion.text != ALWAYS for criterion in plan.criteria):
        where = plan.criteria[0].location if plan.criteria else Location(plan.path, 0, 0)
        because = "a functional test allows none"
        yield CriterionPlan(text=ALWAYS, criterion=criteria.parse(ALWAYS), location=where, because=because)
