"""Memory: what the connections take at their most against what is available."""

from __future__ import annotations

from wsrun.estimate import CLIENT_MEMORY
from wsrun.preflight.demand import Demand
from wsrun.preflight.facts import Facts
from wsrun.preflight.finding import Finding, State
from wsrun.view.formats import group, size

WORKER_MEMORY = 52 << 20
"""Bytes of a worker without a client: resident size, measured with one client (51 MiB)."""

COORDINATOR_MEMORY = 100 << 20
"""Bytes of the coordinator as it judges and writes: 63 MiB after a short run, and room for a long one."""

SERVER_MEMORY = 41 << 20
"""Bytes of the embedded server without a connection, measured."""

SERVED_MEMORY = 10 * 1024
"""Bytes that a connection takes in the embedded server, measured at 3 000."""

TIGHT = 0.8
"""Share of what is available beyond which little must come in between."""


def memory(demand: Demand, facts: Facts) -> Finding:
    """Compare the estimate of a run's memory with what is available, within control groups too."""
    needed = demand.memory + demand.workers * WORKER_MEMORY + COORDINATOR_MEMORY
    if demand.embedded:
        needed += demand.embedded * SERVER_MEMORY + demand.connections * SERVED_MEMORY
    there = facts.memory
    state: State = "good"
    if needed > there:
        state = "bad"
    elif needed > there * TIGHT:
        state = "warning"
    text = (
        f"about {size(needed)} of {size(there)} available "
        f"({size(CLIENT_MEMORY)} a client, {size(WORKER_MEMORY)} a worker)"
    )
    figures = {
        "needed": needed,
        "available": there,
        "connections": demand.connections,
        "client": CLIENT_MEMORY,
        "worker": WORKER_MEMORY,
    }
    fixes: tuple[str, ...] = ()
    if state != "good":
        left = int(there * TIGHT) - (needed - demand.memory)
        many = max(0, left) // CLIENT_MEMORY
        fixes = (
            f"plan fewer clients: there is room for about {group(many)}"
            if many
            else "end other programs: there is no room for clients",
            "or use a machine with more memory, or raise the limit of the container",
        )
    return Finding(name="memory", state=state, text=text, fixes=fixes, figures=figures)
