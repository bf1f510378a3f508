"""Puts result.json together: the collected numbers, judged, with everything that an output shows."""

from __future__ import annotations

import hashlib
import itertools
import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any, Literal

import psutil

from wsrun import __version__, compiled
from wsrun.judge import evaluate
from wsrun.once import ended, unfinished
from wsrun.plan import Plan
from wsrun.result import deliveries, delivery, generator, happenings, tables
from wsrun.result.collector import Collector
from wsrun.result.contracts import contracts
from wsrun.result.http import http
from wsrun.result.load import load
from wsrun.result.pools import pools
from wsrun.result.resilience import resilience
from wsrun.result.secrets import Secrets, mask_url
from wsrun.result.sockets import sockets
from wsrun.result.timeline import heat_edges
from wsrun.result.trends import trends
from wsrun.verdict import RunFacts, State, decide

VERSION = 1

_VERSIONS = ("picows", "uvloop", "websockets")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is known of a run beside its numbers. Times of day are ISO 8601 in UTC, the rest is seconds.

    ``salvaged``: the result is made of the journal, as the run did not write one. ``preflight``: what of the
    plan went beyond the limits of this machine, as it was found before the start.
    """

    command: str
    started: str
    ended: str
    ran: float
    workers: int
    transport: str
    state: State
    stopped: Mapping[str, Any] | None = None
    target_kind: Literal["demo", "url"] = "url"
    addresses: tuple[str, ...] = ()
    trouble: str | None = None
    workers_lost: tuple[str, ...] = ()
    internal_error: str | None = None
    not_durable: str | None = None
    signal: Literal["SIGINT", "SIGTERM"] | None = None
    descriptors: int = 0
    salvaged: bool = False
    preflight: tuple[Mapping[str, Any], ...] = ()


def build(plan: Plan, collector: Collector, record: RunRecord) -> dict[str, Any]:
    """Return the result of a run: see ``schemas/result.schema.json`` for its shape."""
    plan = ended(plan, record.ran) if plan.once else plan
    store = collector.store
    secrets = Secrets(plan)
    rows = collector.rows()
    counts = tables.counts(plan, store)
    until = plan.duration if record.stopped is None else min(plan.duration, record.stopped["at"])
    judged = collector.judged(until)
    checks = generator.checks(
        plan,
        store,
        cpu=judged.cpu.highest,
        backlog=judged.backlog.highest,
        workers=record.workers,
        descriptors=record.descriptors,
    )
    criteria = [evaluate(criterion, store, plan) for criterion in plan.criteria]
    absent = delivery.absent_share(plan, store, judged.attendance) or 0.0
    facts = _facts(plan, record, collector, counts, checks, absent)
    if plan.once:
        # Nothing was planned that could be missing, and how fast wsrun was decides nothing.
        facts = replace(facts, saturated=(), absent_share=0.0)
    verdict, exit_code, reasons = decide(criteria, facts)
    return {
        "wsrun_result": VERSION,
        "id": hashlib.sha256(f"{record.started}/{plan.digest}/{plan.seed}".encode()).hexdigest()[:8],
        "state": record.state,
        "stopped": None if record.stopped is None else dict(record.stopped),
        "verdict": verdict,
        "exit_code": exit_code,
        "reasons": reasons,
        "scenario": _scenario(plan, secrets),
        "run": {
            "command": secrets.command(record.command),
            "started": record.started,
            "ended": record.ended,
            "duration": record.ran,
            "planned": plan.duration,
            "drain": plan.drain,
            "seed": plan.seed,
            "interval": plan.interval,
            "workers": record.workers,
            "transport": record.transport,
            "versions": {
                "wsrun": __version__,
                "build": compiled.told(),
                "python": platform.python_version(),
                **{name: _version(name) for name in _VERSIONS},
            },
        },
        "target": {
            "url": mask_url(plan.target.url, is_demo=record.target_kind == "demo"),
            "addresses": list(record.addresses),
            "tls": {"version": None, "verify": plan.target.tls.verify}
            if plan.target.url.startswith("wss:")
            else None,
            "proxy": None if plan.target.proxy is None else mask_url(plan.target.proxy),
            "subprotocols": list(map(secrets.hidden, plan.target.subprotocols)),
            "compression": plan.target.compression,
            "kind": record.target_kind,
        },
        "machine": {
            "host": socket.gethostname(),
            "system": f"{platform.system()} {platform.release()}",
            "cores": psutil.cpu_count() or 1,
            "memory_bytes": psutil.virtual_memory().total,
            "descriptors": record.descriptors,
        },
        "criteria": criteria,
        **tables.lf_groups(plan, store, record.ran),
        "counts": counts,
        "load": load(plan, store, record.ran),
        "searches": [search.to_json() for search in collector.searches],
        "phases": tables.phases(plan, store, rows, record.ran),
        "messages": tables.messages(plan, store),
        **({"steps": _steps(collector)} if plan.once else {}),
        "deliveries": deliveries.deliveries(plan, store),
        "broken": deliveries.broken(store),
        "connections": happenings.connections(collector.connections),
        "profiles": tables.profiles(plan, store),
        "groups": tables.groups(plan, store),
        "sockets": sockets(plan, store, is_demo=record.target_kind == "demo"),
        "overall": tables.overall(plan, store),
        "resilience": resilience(
            plan, store, rows, judged.breaker_seconds, is_demo=record.target_kind == "demo"
        ),
        "pools": pools(plan, store),
        **({} if (asked := http(plan, store)) is None else {"http": asked}),
        "timeline": rows,
        "trends": trends(plan, rows),
        "heat": {"edges": heat_edges(), "columns": [interval.column for interval in collector.timeline]},
        "curves": tables.curves(plan, store),
        "contracts": contracts(plan, store),
        "errors": happenings.errors(collector.errors, store, collector.timeline),
        "samples": {metric: happenings.told(kept) for metric, kept in sorted(collector.notes.items())},
        "generator": {
            "fit": all(check.is_met for check in checks if check.name != generator.UNSENT),
            "workers": record.workers,
            "checks": [check.to_json() for check in checks],
            "preflight": [dict(found) for found in record.preflight],
            "series": [
                {
                    "t": one.start,
                    "length": one.end - one.start,
                    "workers": one.workers,
                }
                for one in collector.timeline
            ],
        },
        "events": happenings.events(plan, collector.errors, record.ran, record.stopped),
    }


def _steps(collector: Collector) -> list[dict[str, Any]]:
    return [
        {
            "at": step.at,
            "client": step.client,
            "profile": step.profile,
            "step": step.step,
            "ok": step.good,
            "seconds": step.seconds,
            "problems": list(step.problems),
        }
        for step in sorted(collector.steps, key=lambda step: step.at)
    ]


def _facts(
    plan: Plan,
    record: RunRecord,
    collector: Collector,
    counts: dict[str, Any],
    checks: list[generator.Check],
    absent: float,
) -> RunFacts:
    store = collector.store
    attempted = counts["connections"]["attempted"]
    asked = store.counter("messages.sent") if not attempted else 0
    established = counts["connections"]["established"]
    trouble = record.trouble
    answered = established or counts["connections"]["refused"] or generator.local_failures(store)
    if trouble is None and attempted and not answered:
        trouble = "no connection to the target was established"
    if trouble is None and asked and not store.counter("messages.received"):
        trouble = "no request to the target was answered"
    dropped, scheduled = generator.unsent(plan, store)
    left_out, late_arrivals = delivery.arrivals_missed(plan, store)
    return RunFacts(
        state=record.state,
        is_salvaged=record.salvaged,
        target_unreachable=trouble,
        nothing_measured=not (attempted or asked),
        workers_lost=record.workers_lost,
        unsent_share=dropped / scheduled if scheduled else 0.0,
        unsent=generator.why_unsent(store) if dropped else None,
        absent_share=absent,
        left_out_share=left_out,
        late_arrivals_share=late_arrivals,
        losses=delivery.losses(collector.errors, store),
        unfinished=unfinished(plan, record.ran),
        forbidden=store.counter("forbidden"),
        leaks=store.counter("isolation.leaks"),
        unanswered=tuple(
            f"the search of phase {search.phase.name} has no answer beyond {search.best:g}: {search.problem}"
            for search in collector.searches
            if search.problem is not None
        ),
        saturated=tuple(
            check.problem for check in checks if not check.is_met and check.name != generator.UNSENT
        ),
        # A run that was cut leaves work that nobody could account for, and says so by its state.
        counts_add_up=record.state not in ("completed", "aborted") or all(counts["adds_up"].values()),
        internal_error=record.internal_error,
        not_durable=record.not_durable,
        signal=record.signal,
    )


def _scenario(plan: Plan, secrets: Secrets) -> dict[str, Any]:
    return {
        "name": plan.name,
        "description": plan.description,
        "path": plan.path,
        "digest": plan.digest,
        "source": secrets.source(),
        "load": _load(plan),
    }


def _load(plan: Plan) -> str:
    """Return the clients of all groups together over the phases, such as ``200 → 2200 → 200 clients``."""
    numbers: list[int] = []
    for number in itertools.chain.from_iterable(tables.clients_at_ends(plan)):
        if numbers[-1:] != [number]:
            numbers.append(number)
    return " → ".join(map(str, numbers)) + " clients"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
