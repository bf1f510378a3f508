"""One client, for real: it connects, does its ``start`` and its first message, and leaves.

The engine of a run does it, as for ``--once``, so that what is tried is what will be done: logins, tokens,
data, templates, patterns. Only the pauses are left out, and what would begin anew after a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.http_parts import sends_http
from wsrun.metrics.snapshot import Snapshot, StepRecord
from wsrun.once import once
from wsrun.plan import GroupPlan, Level, Plan, ProfilePlan
from wsrun.plan_steps import (
    ConnectStep,
    RepeatStep,
    SendStep,
    StepPlan,
    ThinkStep,
    all_steps,
)
from wsrun.preflight.servers import Server
from wsrun.preflight.witness import Attempt, Witness
from wsrun.result.secrets import Secrets
from wsrun.transports import transports
from wsrun.transports.http import http_transport

SPARE = 5.0
"""Seconds that a client gets beyond its connection and its longest wait for a reply."""

_DRAIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one client did: its steps, its handshakes, and whether it came to its end in time.

    ``answered``: names of the messages that a reply is awaited for.
    """

    title: str
    steps: tuple[StepRecord, ...]
    attempts: tuple[Attempt, ...]
    answered: frozenset[str]
    limit: float
    is_over: bool


def visitors(plan: Plan) -> tuple[Plan, ...]:
    """Return plans of one client each: the first that sends, and the first that sends over HTTP if that is
    another one."""
    everybody = [(group, plan.profiles[index]) for group in plan.groups for index, _ in group.profiles]
    senders = [(group, profile) for group, profile in everybody if _first(plan, profile)]
    chosen = [senders[0] if senders else everybody[0]]
    if plan.target.http is not None:
        asking = [pair for pair in senders if any(_is_http(plan, index) for index in _first(plan, pair[1]))]
        if asking and not any(pair is chosen[0] for pair in asking):
            chosen.append(asking[0])
    return tuple(_alone(plan, group, _short(profile)) for group, profile in chosen)


def caller(plan: Plan, server: Server) -> Plan:
    """Return a plan of one client that only connects a socket to one of its servers."""
    assert server.socket is not None
    target = replace(plan.targets[server.socket], url=server.url, failover=(), servers=())
    first, *others = (target if index == server.socket else one for index, one in enumerate(plan.targets))
    profile = replace(
        plan.profiles[plan.groups[0].profiles[0][0]],
        mix=(),
        flow=(),
        start=(ConnectStep(socket=server.socket),),
        end=(),
    )
    plan = replace(plan, target=first, sockets=tuple(others))
    return _alone(plan, replace(plan.groups[0], pool=None), profile)


async def pay_visit(plan: Plan, transport: str) -> Visit:
    """Let the client of a plan do what it has to; never longer than its waits together allow."""
    loop = asyncio.get_running_loop()
    witness = Witness(transports()[transport]())
    http = http_transport(plan.target) if sends_http(plan.messages) else None
    world = World(plan, witness, loop, http=http)
    secrets = Secrets(plan)
    steps: list[StepRecord] = []

    def keep(snapshot: Snapshot) -> None:
        steps.extend(secrets.clean(snapshot).steps)

    world.begin(world.clock())
    performance = Performance(world, keep)
    limit = _limit(plan)
    is_over = True

    def stop() -> None:
        nonlocal is_over
        is_over = False
        performance.stop()

    timer = loop.call_later(limit, stop)
    try:
        await performance.run()
    finally:
        timer.cancel()
    group = next(group for group in plan.groups if plan.phases[0].clients[group.index].start)
    profile = plan.profiles[group.profiles[0][0]]
    title = f"one client of {group.name}"
    if len(plan.profiles) > 1:
        title += f", {profile.name}"
    return Visit(
        title=title,
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        attempts=tuple(witness.attempts),
        answered=frozenset(message.name for message in plan.messages if message.reply is not None),
        limit=limit,
        is_over=is_over,
    )


def _limit(plan: Plan) -> float:
    connecting = max(target.connect_timeout for target in plan.targets)
    return connecting * (1 + len(plan.target.failover)) + plan.close_timeout + SPARE + _longest_drain(plan)


def _longest_drain(plan: Plan) -> float:
    return max((message.reply.timeout for message in plan.messages if message.reply is not None), default=0.0)


def _alone(plan: Plan, group: GroupPlan, profile: ProfilePlan) -> Plan:
    """Return a plan in which nobody is there but one client of a group and profile, doing its body once."""
    alone = replace(
        group,
        profiles=((profile.index, 1.0),),
        reconnect=None,
        breaker=None,
        heartbeat=None,
        pool=None if group.pool is None else replace(group.pool, least=0, most=1, check=None),
    )
    plan = replace(
        plan,
        profiles=_put(plan.profiles, profile),
        groups=_put(tuple(replace(one, pool=None) for one in plan.groups), alone),
        # What phases change of mixes and profiles is for later.
        phases=tuple(replace(phase, mix={}, profiles=()) for phase in plan.phases),
        drain=min(plan.drain, _DRAIN),
    )
    plan = once(plan)
    nobody, one = Level(start=0.0, end=0.0), Level(start=1.0, end=1.0)
    only = {other.index: one if other.index == group.index else nobody for other in plan.groups}
    return replace(plan, phases=(replace(plan.phases[0], clients=only),))


Indexed = TypeVar("Indexed", GroupPlan, ProfilePlan)


def _put(before: Sequence[Indexed], one: Indexed) -> tuple[Indexed, ...]:
    """Return what there is, with one of them in the place of that with its index."""
    return tuple(one if one.index == other.index else other for other in before)


def _short(profile: ProfilePlan) -> ProfilePlan:
    """Return a profile that ends its body with the first message, and does not pause."""
    return replace(
        profile,
        start=tuple(step for step in profile.start if not isinstance(step, ThinkStep)),
        mix=profile.mix[:1],
        flow=tuple(_until_sent(profile.flow)),
    )


def _until_sent(steps: Sequence[StepPlan]) -> Iterator[StepPlan]:
    """Yield steps up to the first that sends; one that sends again and again does so once."""
    for step in steps:
        sends = any(isinstance(one, SendStep) for one in all_steps((step,)))
        if isinstance(step, RepeatStep):
            yield from _until_sent(step.steps)
        elif isinstance(step, SendStep):
            yield replace(step, times=1)
        elif not isinstance(step, ThinkStep):
            yield step
        if sends:
            return


def _first(plan: Plan, profile: ProfilePlan) -> set[int]:
    """Return the messages that a profile sends in its ``start`` and first in its body."""
    short = _short(profile)
    sent = {index for index, _ in short.mix}
    for step in all_steps((*short.start, *short.flow)):
        if isinstance(step, SendStep):
            sent |= set(step.messages)
    return sent


def _is_http(plan: Plan, index: int) -> bool:
    return plan.messages[index].http is not None
