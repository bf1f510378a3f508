"""What a plan will do, before it does: clients, connects, messages and bytes of each phase.

Pure: nothing is connected to. What a schedule sends is exact. What thinking clients send is an estimate from
the means of their pauses, an upper one, because the time that replies take is not known yet. May import
everything up to the plan, and nothing of the engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from random import Random
from typing import Any

from wsrun.bodies import compile_body
from wsrun.expressions import FakePool, MissingVariable, Tools, compile_value
from wsrun.pacing.connections import connections_each, most_connections, sockets_used
from wsrun.pacing.crowd import Crowd, most_within_a_second
from wsrun.pacing.levels import pieces_with_bursts
from wsrun.pacing.pauses import mean_pause
from wsrun.pacing.presence import Presence
from wsrun.plan import (
    GroupPlan,
    MessagePlan,
    Mix,
    PhasePlan,
    Plan,
)
from wsrun.plan_steps import ConnectStep, StepPlan, all_steps
from wsrun.workload import Work, scaled, summed, visitors, work_of

CLIENT_MEMORY = 35 * 1024
"""Bytes that an open client takes: 29 KiB of connection and 6 KiB of its own, measured at 10 000."""

CONNECTION_MEMORY = 29 * 1024
"""Bytes that a further connection of a client takes."""

_DRAWS = 20
"""How many bodies of a message are made to find their mean size."""

_GUESS = "x" * 12
"""What stands for a variable that only the server can fill."""

_TOKEN = "x" * 180
"""What stands for a token: about the length of an HS256 one with a few claims."""

_NOW = 1_700_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEstimate:
    """What one phase will do. Seconds, whole-run rates a second, payload bytes.

    ``connects_most`` is the largest number of connects begun within any second. ``rate_most`` is the highest
    planned message rate, ``messages`` and ``bytes`` are over the phase. ``has_unpaced``: some clients send
    as fast as replies come, and are not in the numbers. What a client does again after a loss is in none.
    """

    name: str
    start: float
    duration: float
    warm_up: float
    clients_before: int
    clients_after: int
    connects: int
    connects_most: int
    messages: float
    rate_most: float
    bytes: float
    has_unpaced: bool = False

    @property
    def rate(self) -> float:
        """Messages a second on average."""
        return self.messages / self.duration

    @property
    def byte_rate(self) -> float:
        """Payload bytes a second on average."""
        return self.bytes / self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a whole run will do; ``drain`` is how long it may take at most, in seconds.

    ``has_arrivals``: some of the clients arrive, and are counted as expected. ``has_reactions``: rules send
    something when a message comes, which is not in the numbers. ``has_lifecycles``: some clients come and go,
    and are in the numbers as if they stayed. ``requests`` are the messages of HTTP.
    """

    phases: tuple[PhaseEstimate, ...]
    duration: float
    drain: float
    clients_most: int
    connections_most: int
    connects: int
    messages: float
    bytes: float
    has_arrivals: bool = False
    has_reactions: bool = False
    has_lifecycles: bool = False
    requests: float = 0.0

    @property
    def memory(self) -> int:
        """Bytes that the open clients take at their most, in all workers together."""
        own = CLIENT_MEMORY - CONNECTION_MEMORY
        return self.clients_most * own + self.connections_most * CONNECTION_MEMORY

    @property
    def descriptors(self) -> int:
        """Descriptors that the connections take at their most, in all workers together."""
        return self.connections_most

    @property
    def has_unpaced(self) -> bool:
        """Whether some clients send as fast as replies come, and are not in the numbers."""
        return any(phase.has_unpaced for phase in self.phases)


def estimate(plan: Plan) -> Estimate:
    """Work out what a plan will do."""
    sizes = message_sizes(plan)
    crowd = Crowd(plan, visitors(plan))
    phases = tuple(_phase(plan, phase, crowd, sizes) for phase in plan.phases)
    farewell = _farewell(plan, crowd, sizes)
    return Estimate(
        phases=phases,
        duration=plan.duration,
        drain=plan.drain,
        clients_most=crowd.most,
        has_arrivals=any(phase.arrivals for phase in plan.phases),
        connections_most=most_connections(plan, crowd),
        connects=sum(phase.connects for phase in phases),
        messages=sum(phase.messages for phase in phases) + sum(work.messages for work in farewell),
        bytes=sum(phase.bytes for phase in phases) + sum(work.bytes for work in farewell),
        has_reactions=any(rule.sends for group in plan.groups for rule in group.react),
        has_lifecycles=any(
            plan.profiles[profile].lifecycle is not None
            for phase in plan.phases
            for group in plan.groups
            for profile, _ in _shares(group, phase)
        ),
        requests=_requests(plan, crowd),
    )


def message_sizes(plan: Plan) -> tuple[float, ...]:
    """Return the mean payload size of each message, in bytes; what only the server knows is guessed."""
    tools = Tools(seed=plan.seed, counters=lambda name: 1, now=lambda: _NOW, fake=FakePool(plan.seed))
    sample = _Sample(plan, tools)
    return tuple(_size(message, sample, tools) for message in plan.messages)


class _Guesses(dict[str, Any]):
    """Variables, where one that nobody has written yet reads as a text of middling length."""

    def __missing__(self, name: str) -> str:
        return _GUESS


class _Sample:
    """A client that stands for all of them when bodies are made to be measured."""

    def __init__(self, plan: Plan, tools: Tools) -> None:
        self.message_id = "0" * 20
        self.seq = 1
        self.index = 0
        self.group_name = plan.groups[0].name
        self.profile = plan.profiles[0].name
        self.client_id = f"{self.group_name}/0000"
        self.rng = Random(plan.seed)
        self.rows: dict[str, Mapping[str, Any]] = {data.name: data.rows[0] for data in plan.data if data.rows}
        self.variables: dict[str, Any] = _Guesses({"token": _TOKEN} if plan.jwt else {})
        for group in plan.groups:
            for name, value in group.assign:
                self.variables[name] = compile_value(value, tools)(self)


def _size(message: MessagePlan, sample: _Sample, tools: Tools) -> float:
    try:
        build = compile_body(message.body, tools)
        return sum(len(build(sample)) for _ in range(_DRAWS)) / _DRAWS
    except (MissingVariable, TypeError, ValueError):
        # A guessed value does not suit the expression, as in {{ captured | u32 }}.
        return float(len(str(message.body.source)))


def _requests(plan: Plan, crowd: Crowd) -> float:
    """Return how many of the messages are requests of HTTP: their sizes, if each had 1 and all others 0."""
    marks = tuple(float(message.http is not None) for message in plan.messages)
    if not any(marks):
        return 0.0
    farewell = summed(_farewell(plan, crowd, marks))
    return farewell.bytes + sum(_phase(plan, phase, crowd, marks).bytes for phase in plan.phases)


def _farewell(plan: Plan, crowd: Crowd, sizes: Sequence[float]) -> list[Work]:
    """Return what those send in their ``end`` who are there when the phases are over."""
    last = plan.phases[-1]
    return [
        scaled(_steps(plan, group, last, sizes, ending=True), crowd.present(group.index, plan.duration))
        for group in plan.groups
    ]


def _phase(plan: Plan, phase: PhasePlan, crowd: Crowd, sizes: Sequence[float]) -> PhaseEstimate:
    mine = [change for change in crowd.population.changes if change.phase_index == phase.index]
    works: list[Work] = []
    rate_most = at_first = again_most = entered_in_all = 0.0
    has_unpaced = False
    for group in plan.groups:
        arrived = crowd.arrived(phase, group.index)
        entered = sum(change.enter for change in mine if change.group == group.index) + arrived
        entered_in_all += entered
        at_first += entered * connections_each(plan, group, phase)
        left = sum(not change.enter for change in mine if change.group == group.index)
        left += crowd.gone(phase, group.index)
        works.append(scaled(_steps(plan, group, phase, sizes), entered))
        works.append(Work(connects=entered * _by_themselves(plan, group, phase)))
        once = _flows(plan, group, phase, sizes)
        works.append(scaled(once, arrived))
        rate_most += once.messages * _most_arrivals(phase, group.index)
        works.append(scaled(_steps(plan, group, phase, sizes, ending=True), left))
        level = phase.rate.get(group.index)
        if level is not None:
            pieces = list(pieces_with_bursts(level, phase.bursts.get(group.index), phase.duration))
            count = sum(piece.area for piece in pieces)
            works.append(Work(count, count * _scheduled_size(plan, group, phase, sizes)))
            rate_most += max(max(piece.low, piece.high) for piece in pieces)
        paces: list[tuple[Crowd | Presence, tuple[Work, bool]]] = []
        paces.append((crowd.population, _flowing(plan, group, phase, sizes)))
        if level is None:
            paces.append((crowd, _thinking(plan, group, phase, sizes)))
        for people, (a_second, unpaced) in paces:
            most = people.most_present(group.index, phase.start, phase.end)
            has_unpaced |= unpaced and most > 0
            works.append(scaled(a_second, people.client_seconds(group.index, phase.start, phase.end)))
            rate_most += a_second.messages * most
            again_most += a_second.connects * most
    if phase.index == 0:
        # Those of a pool are opened as they are needed: at most all of them, most likely at the start.
        works += [Work(connects=group.pool.most) for group in plan.groups if group.pool is not None]
    total = summed(works)
    begun_most = most_within_a_second(
        merge((change.at for change in mine if change.enter), crowd.times(phase))
    )
    first_most = round(begun_most * at_first / entered_in_all) if entered_in_all else 0
    return PhaseEstimate(
        name=phase.name,
        start=phase.start,
        duration=phase.duration,
        warm_up=phase.warm_up,
        clients_before=crowd.everybody(phase.start),
        clients_after=crowd.everybody(phase.end),
        connects=round(total.connects),
        connects_most=first_most + math.ceil(again_most),
        messages=total.messages,
        rate_most=rate_most,
        bytes=total.bytes,
        has_unpaced=has_unpaced,
    )


def _shares(group: GroupPlan, phase: PhasePlan) -> list[tuple[int, float]]:
    """Return profile indexes and their shares of a group's clients in a phase."""
    weights = phase.profiles or group.profiles
    total = sum(weight for _, weight in weights)
    return [(profile, weight / total) for profile, weight in weights if weight > 0]


def _mix(plan: Plan, phase: PhasePlan, profile: int) -> Mix:
    return phase.mix.get(profile, plan.profiles[profile].mix)


def _mix_size(mix: Mix, sizes: Sequence[float]) -> float:
    total = sum(weight for _, weight in mix)
    return sum(sizes[message] * weight for message, weight in mix) / total


def _thinking(plan: Plan, group: GroupPlan, phase: PhasePlan, sizes: Sequence[float]) -> tuple[Work, bool]:
    """Return what clients with a mix send a second at their own pace, and whether some do not think."""
    works = []
    has_unpaced = False
    for profile, share in _shares(group, phase):
        mix = _mix(plan, phase, profile)
        pause = mean_pause(plan.profiles[profile].think)
        if plan.profiles[profile].flow or not mix:
            continue
        if pause <= 0:
            has_unpaced = True
        else:
            works.append(Work(share / pause, share / pause * _mix_size(mix, sizes)))
    return summed(works), has_unpaced


def _flowing(plan: Plan, group: GroupPlan, phase: PhasePlan, sizes: Sequence[float]) -> tuple[Work, bool]:
    """Return what clients send a second that follow a flow again and again, and whether some do not think."""
    works = []
    has_unpaced = False
    for profile, share in _shares(group, phase):
        work = work_of(plan.profiles[profile].flow, sizes)
        has_unpaced |= work.seconds <= 0 < work.messages + work.connects
        works.append(scaled(work, share / work.seconds) if work.seconds > 0 else Work())
    return summed(works), has_unpaced


def _by_themselves(plan: Plan, group: GroupPlan, phase: PhasePlan) -> float:
    """Return the share of a group's clients that connect without a step that says so."""
    if group.pool is not None:
        return 0.0
    used = sockets_used(plan)
    return sum(
        share
        for profile, share in _shares(group, phase)
        if used[profile]
        and not any(
            isinstance(step, ConnectStep)
            for step in all_steps((*plan.profiles[profile].start, *plan.profiles[profile].flow))
        )
    )


def _most_arrivals(phase: PhasePlan, group: int) -> float:
    """Return the highest rate at which clients of a group arrive, a second."""
    level = phase.arrivals.get(group)
    return 0.0 if level is None else max(level.start, level.end)


def _flows(plan: Plan, group: GroupPlan, phase: PhasePlan, sizes: Sequence[float]) -> Work:
    """Return what a client that arrives sends in its flow, which it does once, on average."""
    shares = _shares(group, phase)
    return summed(scaled(work_of(plan.profiles[profile].flow, sizes), share) for profile, share in shares)


def _scheduled_size(plan: Plan, group: GroupPlan, phase: PhasePlan, sizes: Sequence[float]) -> float:
    """Return the mean size of what a schedule sends: over the clients with a mix, in turn."""
    mixes = [(share, _mix(plan, phase, profile)) for profile, share in _shares(group, phase)]
    sending = [(share, mix) for share, mix in mixes if mix]
    total = sum(share for share, _ in sending)
    return sum(share * _mix_size(mix, sizes) for share, mix in sending) / total if total else 0.0


def _steps(
    plan: Plan, group: GroupPlan, phase: PhasePlan, sizes: Sequence[float], *, ending: bool = False
) -> Work:
    """Return what a client sends in its ``start``, or in its ``end``, on average."""
    works = []
    for profile, share in _shares(group, phase):
        steps: tuple[StepPlan, ...] = plan.profiles[profile].end if ending else plan.profiles[profile].start
        works.append(scaled(work_of(steps, sizes), share))
    return summed(works)
