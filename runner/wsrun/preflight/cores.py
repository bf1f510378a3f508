"""Cores: whether workers and target find one each, and whether a worker keeps up with the plan's messages."""

from __future__ import annotations

import math

from wsrun.preflight.demand import Demand
from wsrun.preflight.descriptors import workers_needed
from wsrun.preflight.facts import Facts
from wsrun.preflight.finding import Finding
from wsrun.result.generator import CPU_LIMIT
from wsrun.view.formats import NARROW, group, percent, significant

MESSAGE_CPU = 10e-6
"""Seconds of CPU for a message and its reply: an estimate; ``benchmarks/roundtrip.py`` measures it."""

LITTLE = 0.01

PLANNED_SHARE = 0.6
"""Share of a core that a worker is planned to use, so that the limit of fitness is not near."""


def cores(demand: Demand, facts: Facts) -> Finding:
    """Compare the processes of a run with the cores, and the planned messages with what a worker can do."""
    usable = facts.cores if facts.quota is None else min(float(facts.cores), facts.quota)
    processes = demand.workers + (max(demand.embedded, 1) if demand.hears_local else 0)
    share = demand.rate * MESSAGE_CPU / demand.workers
    figures = {
        "cores": facts.cores,
        "quota": facts.quota,
        "processes": processes,
        "rate": demand.rate,
        "share": share,
        "busy": facts.busy,
    }
    text = f"{_shown(usable)} for {_who(demand)}; {_load(demand, share)}"
    if share > CPU_LIMIT:
        text += f", and the limit is {percent(CPU_LIMIT)}"
        fixes = _more_workers(demand, usable)
        if not facts.is_compiled:
            fixes = (*fixes, "or install wsrun where there is a C compiler: compiled, a message takes less")
        return Finding(name="cores", state="warning", text=text, fixes=fixes, figures=figures)
    if processes > usable:
        text += "; they take turns, and that shows in the latencies"
        return Finding(
            name="cores",
            state="warning",
            text=text,
            fixes=_fewer_processes(demand, facts, usable),
            figures=figures,
        )
    if facts.busy is not None and facts.busy > max(0.5, facts.cores - processes + 0.25):
        text += f"; other programs use {facts.busy:.1f}{NARROW}cores now"
        fixes = ("end what else runs on this machine: it shows in the latencies",)
        return Finding(name="cores", state="warning", text=text, fixes=fixes, figures=figures)
    return Finding(name="cores", state="good", text=text, figures=figures)


def _shown(usable: float) -> str:
    if usable == 1:
        return "1 core"
    return f"{usable:g} cores"


def _who(demand: Demand) -> str:
    workers = "1 worker" if demand.workers == 1 else f"{demand.workers} workers"
    if not demand.hears_local:
        return workers
    return f"{workers} and the target" if demand.embedded < 2 else f"{workers} and {demand.embedded} targets"


def _load(demand: Demand, share: float) -> str:
    """Say how busy a worker will be, and what of it is not known."""
    unknown = []
    if demand.is_unpaced:
        unknown.append("what is sent without pauses")
    if demand.spreads:
        unknown.append("what is delivered to others")
    beside = f", {' and '.join(unknown)} not counted" if unknown else ""
    if not demand.rate:
        return f"no messages at a known rate{beside}"
    each = " each" if demand.workers > 1 else ""
    rate = f"{significant(demand.rate)}{NARROW}messages/s"
    much = f"about {percent(share)}" if share >= LITTLE else "less than 1 %"
    return f"{rate} take {much} of a core{each}{beside}"


def _more_workers(demand: Demand, usable: float) -> tuple[str, ...]:
    wanted = math.ceil(demand.rate * MESSAGE_CPU / PLANNED_SHARE)
    local = demand.hears_local * max(demand.embedded, 1)
    room = max(1, math.floor(usable) - local)
    if demand.most_workers is not None:
        room = min(room, demand.most_workers)
    reachable = group(round(room * PLANNED_SHARE / MESSAGE_CPU))
    if wanted <= room:
        return (f"use more workers: --workers {wanted}",)
    return (
        f"lower the rate: about {reachable} messages/s are safe here",
        f"or use a machine with {wanted + local} cores",
    )


def _fewer_processes(demand: Demand, facts: Facts, usable: float) -> tuple[str, ...]:
    local = demand.hears_local * max(demand.embedded, 1)
    workers = math.floor(usable) - local
    fewest = workers_needed(demand.connections + demand.requests, facts.hard_limit or 0) or 1
    if demand.workers > 1 and workers >= max(1, fewest):
        return (f"use fewer workers: --workers {workers}",)
    fixes = ["use a machine or a container with more cores"]
    if local:
        fixes.insert(0, "run the target on another machine: --target URL")
        fixes[1] = f"or {fixes[1]}"
    return tuple(fixes)
