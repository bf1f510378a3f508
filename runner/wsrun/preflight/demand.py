"""What a run will ask of this machine, as values: connections, memory and messages by its plan."""

from __future__ import annotations

from dataclasses import dataclass

from wsrun.engine.sources import planned_connections
from wsrun.estimate import CLIENT_MEMORY, CONNECTION_MEMORY, estimate
from wsrun.http_parts import sends_http
from wsrun.pacing.crowd import Crowd
from wsrun.plan import Plan
from wsrun.workload import visitors


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a run will take at its most, over all workers; ``rate`` is in messages sent a second.

    ``requests``: HTTP requests that may be on their way at once, an upper estimate. ``most_workers``: what a
    pool allows, None: any number. ``is_unpaced``: some clients send as fast as replies come, and are not in
    the rate. ``spreads``: messages go to others too, which is not in the rate. ``embedded``: how many
    embedded servers the run starts. ``hears_local``: whether the target is on this machine.
    """

    workers: int
    connections: int
    requests: int
    memory: int
    rate: float
    intervals: float
    most_workers: int | None = None
    is_unpaced: bool = False
    spreads: bool = False
    embedded: int = 0
    hears_local: bool = False


def limits_of(
    plan: Plan, workers: int, *, most_workers: int | None, embedded: int, hears_local: bool
) -> Demand:
    """Return of a plan's demand what limits are compared with, for a run that is about to start.

    Messages are not counted, which takes seconds where hundreds of thousands of clients come and go; memory
    is that of a client for each connection.
    """
    connections = planned_connections(plan)
    requests = Crowd(plan, visitors(plan)).most if sends_http(plan.messages) else 0
    return Demand(
        workers=workers,
        connections=connections,
        requests=requests,
        memory=max(connections, requests) * CLIENT_MEMORY,
        rate=0.0,
        intervals=0.0,
        most_workers=most_workers,
        embedded=embedded,
        hears_local=hears_local,
    )


def demand_of(
    plan: Plan, workers: int, *, most_workers: int | None, embedded: int, hears_local: bool
) -> Demand:
    """Work out what a plan takes when so many workers carry it out."""
    expected = estimate(plan)
    connections = max(planned_connections(plan), expected.connections_most)
    own = CLIENT_MEMORY - CONNECTION_MEMORY
    return Demand(
        workers=workers,
        connections=connections,
        requests=expected.clients_most if expected.requests else 0,
        memory=expected.clients_most * own + connections * CONNECTION_MEMORY,
        rate=max(phase.rate_most for phase in expected.phases),
        intervals=(expected.duration + expected.drain) / plan.interval,
        most_workers=most_workers,
        is_unpaced=expected.has_unpaced,
        spreads=any(message.deliver is not None for message in plan.messages),
        embedded=embedded,
        hears_local=hears_local,
    )
