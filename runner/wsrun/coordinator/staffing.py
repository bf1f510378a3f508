"""How many workers a run gets when nobody says: as many as cores, clients and descriptors want."""

from __future__ import annotations

import math

from wsrun.engine.sources import planned_connections
from wsrun.http_parts import sends_http
from wsrun.machine import descriptor_limits, usable_cores
from wsrun.pacing.crowd import Crowd
from wsrun.plan import Plan
from wsrun.preflight.descriptors import workers_needed
from wsrun.workload import visitors


def workers_of(plan: Plan, wanted: int | None, *, is_local: bool, descriptors: int) -> int:
    """Return how many workers carry a plan out: as many as are ``wanted``, None: as ``auto_workers`` says."""
    workers = wanted or auto_workers(plan, is_local=is_local, descriptors=descriptors)
    return min(workers, most_workers(plan) or workers)


def auto_workers(plan: Plan, *, is_local: bool, descriptors: int) -> int:
    """Return a number of workers: usable cores, less one for a local target; never one without a client.

    More than that only where a worker may not open as many connections as would be its share.

    Args:
        plan: what they are for.
        is_local: whether the target is on this machine, and takes a core.
        descriptors: how many a worker may have, 0 where that is not known.
    """
    cores = usable_cores()
    clients = planned_clients(plan)
    if any(phase.arrivals for phase in plan.phases):
        # How many are there at a time depends on how long they take; every worker has some.
        clients = max(clients, *(phase.at_most or cores for phase in plan.phases if phase.arrivals))
    return max(1, min(cores - is_local, clients), least_workers(plan, descriptors))


def least_workers(plan: Plan, descriptors: int) -> int:
    """Return how many workers it takes to have all connections, with so many descriptors each (0: any)."""
    connections = planned_connections(plan)
    if sends_http(plan.messages):
        connections += planned_clients(plan)
    return workers_needed(connections, descriptors) or 1


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
    return descriptor_limits()[1] or 0


def transport_of(plan: Plan, wanted: str) -> str:
    """Return the transport that carries a plan: the fast one has no permessage-deflate."""
    compresses = any(target.compression == "deflate" for target in plan.targets)
    return "reference" if compresses else wanted
