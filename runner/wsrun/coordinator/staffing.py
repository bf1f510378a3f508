"""How many workers a run gets when nobody says: as many as cores, clients and descriptors want."""

from __future__ import annotations

import math
import os
import sys

from wsrun.coordinator.target import Destination
from wsrun.engine.sources import planned_connections
from wsrun.http_parts import sends_http
from wsrun.pacing.crowd import Crowd
from wsrun.plan import Plan
from wsrun.workload import visitors

USABLE = 0.95
"""Share of a worker's descriptors that is planned with: a connection that is made anew may be there twice."""

OWN = 64
"""Descriptors that a worker needs for itself."""


def auto_workers(plan: Plan, destination: Destination, descriptors: int) -> int:
    """Return a number of workers: usable cores, less one for a local target; never one without a client.

    More than that only where a worker may not open as many connections as would be its share.

    Args:
        plan: what they are for.
        destination: where it goes.
        descriptors: how many a worker may have, 0 where that is not known.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    clients = planned_clients(plan)
    if any(phase.arrivals for phase in plan.phases):
        # How many are there at a time depends on how long they take; every worker has some.
        clients = max(clients, *(phase.at_most or cores for phase in plan.phases if phase.arrivals))
    return max(1, min(cores - destination.is_local, clients), least_workers(plan, descriptors))


def least_workers(plan: Plan, descriptors: int) -> int:
    """Return how many workers it takes to have all connections, with so many descriptors each (0: any)."""
    connections = planned_connections(plan)
    if sends_http(plan.messages):
        connections += planned_clients(plan)
    room = int(descriptors * USABLE) - OWN
    return math.ceil(connections / room) if room > 0 else 1


def most_workers(plan: Plan) -> int | None:
    """Return how many workers there may be, as each needs a connection of every pool; None: any number."""
    return min((group.pool.most for group in plan.groups if group.pool is not None), default=None)


def planned_clients(plan: Plan) -> int:
    """Return how many clients there are at a time at most, of all groups together."""
    most = Crowd(plan, visitors(plan)).most
    # The way that a search takes may lead higher than the longest one, by which plans are told.
    searched = [phase.search for phase in plan.phases if phase.search and phase.search.axis == "clients"]
    return max(most, *(math.ceil(search.last) for search in searched), 0)


def descriptor_limit() -> int:
    """Return how many file descriptors a worker may have, 0 where there is no limit that is known."""
    if sys.platform == "win32":
        return 0
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if hard == resource.RLIM_INFINITY else hard
