"""File descriptors: what a worker may have against what its connections take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from wsrun.preflight.demand import Demand
from wsrun.preflight.facts import Facts
from wsrun.preflight.finding import Finding, State
from wsrun.view.formats import group

OVERHEAD = 64
"""Descriptors of a process beside its connections, with room: a worker has about 20 of its own."""


USABLE = 0.95
"""Share of a worker's descriptors that is planned with: a connection that is made anew may be there twice."""


def workers_needed(sockets: int, limit: int) -> int | None:
    """Return how many workers it takes to have so many connections with ``limit`` descriptors each.

    None where no number would do, or none is known (a limit of 0).
    """
    room = int(limit * USABLE) - OVERHEAD
    return math.ceil(sockets / room) if room > 0 else None


def descriptors(demand: Demand, facts: Facts) -> Finding:
    """Compare a worker's part of the connections with the limit, and all of them for an embedded server.

    Both raise their soft limit to the hard one as they start, so that only the hard one counts.
    """
    limit = facts.hard_limit
    sockets = demand.connections + demand.requests
    needed = math.ceil(sockets / demand.workers) + OVERHEAD
    # One process has all connections, however many workers there are.
    served = demand.connections + OVERHEAD if demand.embedded else 0
    figures: dict[str, Any] = {
        "needed": needed,
        "needed_by_embedded_server": served or None,
        "limit": limit,
        "soft_limit": facts.soft_limit,
        "sockets": sockets,
        "workers": demand.workers,
    }
    each = "a worker needs" if demand.workers == 1 else f"each of {demand.workers} workers needs"
    if limit is None:
        text = f"{each} {group(needed)}, and there is no limit"
        return Finding(name="descriptors", state="good", text=text, figures=figures)
    most = max(needed, served)
    if most <= limit:
        text = f"{each} {group(needed)} of {group(limit)}"
        state: State = "good"
        if math.ceil(sockets / demand.workers) > max(0, int(limit * USABLE) - OVERHEAD):
            state = "warning"
            text += ", and connections made anew may be there twice"
    else:
        text = f"{each} {group(needed)}" if needed > limit else f"the embedded server needs {group(served)}"
        text += f", and a process may have {group(limit)}"
        state = "bad"
    fixes = () if state == "good" else tuple(_fixes(demand, limit, sockets, most, served > limit))
    return Finding(name="descriptors", state=state, text=text, fixes=fixes, figures=figures)


def _fixes(demand: Demand, limit: int, sockets: int, needed: int, is_server: bool) -> Iterator[str]:
    way = ""
    workers = workers_needed(sockets, limit)
    if is_server:
        yield "go to a server of your own, of several processes: --target URL"
        way = "or "
    elif workers is not None and (demand.most_workers is None or workers <= demand.most_workers):
        yield f"use more workers: --workers {workers}"
        way = "or "
    enough = math.ceil((needed + 1) / USABLE)
    yield f"{way}raise the limit, as root: ulimit -n {enough} (systemd: LimitNOFILE=, docker: --ulimit)"
