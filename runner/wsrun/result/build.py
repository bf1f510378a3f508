"""Puts result.json together: the collected numbers, judged, with everything that an output shows."""

from __future__ import annotations

import hashlib
import platform
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import psutil

from wsrun import __version__
from wsrun.judge import evaluate
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result import generator, happenings, tables
from wsrun.result.collector import Collector
from wsrun.result.timeline import heat_edges
from wsrun.verdict import RunFacts, State, decide

VERSION = 1

_SECRET_KEYS = re.compile(
    r"^(\s*(?:-\s*)?(?:\{\s*)?[\"']?(?:secret|password|authorization|cookie|x-api-key|token)[\"']?\s*:\s*)([^\s#{][^#\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_MASK = "***"
_VERSIONS = ("picows", "uvloop", "websockets")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is known of a run beside its numbers. Times of day are ISO 8601 in UTC, the rest is seconds."""

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


def build(plan: Plan, collector: Collector, record: RunRecord) -> dict[str, Any]:
    """Return the result of a run: see ``schemas/result.schema.json`` for its shape."""
    store = collector.store
    rows = collector.rows()
    counts = tables.counts(plan, store)
    checks = generator.checks(store, rows, record.workers, record.descriptors)
    criteria = [evaluate(criterion, store, plan) for criterion in plan.criteria]
    facts = _facts(record, store, counts, checks)
    verdict, exit_code, reasons = decide(criteria, facts)
    return {
        "wsrun_result": VERSION,
        "id": hashlib.sha256(f"{record.started}/{plan.digest}/{plan.seed}".encode()).hexdigest()[:8],
        "state": record.state,
        "stopped": None if record.stopped is None else dict(record.stopped),
        "verdict": verdict,
        "exit_code": exit_code,
        "reasons": reasons,
        "scenario": _scenario(plan),
        "run": {
            "command": record.command,
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
                "python": platform.python_version(),
                **{name: _version(name) for name in _VERSIONS},
            },
        },
        "target": {
            "url": mask_url(plan.target.url),
            "addresses": list(record.addresses),
            "tls": {"version": None, "verify": plan.target.tls.verify}
            if plan.target.url.startswith("wss:")
            else None,
            "proxy": None,
            "subprotocols": list(plan.target.subprotocols),
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
        "phases": tables.phases(plan, store, rows, record.ran),
        "messages": tables.messages(plan, store),
        "profiles": tables.profiles(plan, store),
        "groups": tables.groups(plan, store),
        "overall": tables.overall(plan, store),
        "timeline": rows,
        "heat": {"edges": heat_edges(), "columns": [interval.column for interval in collector.intervals]},
        "curves": tables.curves(plan, store),
        "errors": happenings.errors(collector.errors, store),
        "generator": {
            "fit": all(check.is_met for check in checks),
            "workers": record.workers,
            "checks": [check.to_json() for check in checks],
            "series": [
                {"t": row["t"], "cpu": row["cpu"], "lag_p99": row["lag_p99"], "memory": row["memory"]}
                for row in rows
            ],
        },
        "events": happenings.events(plan, collector.errors, record.ran, record.stopped),
    }


def _facts(
    record: RunRecord, store: Store, counts: dict[str, Any], checks: list[generator.Check]
) -> RunFacts:
    attempted = counts["connections"]["attempted"]
    established = counts["connections"]["established"]
    trouble = record.trouble
    if trouble is None and attempted and not established and not counts["connections"]["refused"]:
        trouble = "no connection to the target was established"
    scheduled = counts["messages"]["scheduled"]
    return RunFacts(
        state=record.state,
        target_unreachable=trouble,
        nothing_measured=not attempted,
        workers_lost=len(record.workers_lost),
        unsent_share=counts["messages"]["dropped"] / scheduled if scheduled else 0.0,
        forbidden=store.counter("forbidden"),
        saturated=tuple(
            check.problem for check in checks if not check.is_met and check.name != generator.UNSENT
        ),
        # A run that was cut leaves work that nobody could account for, and says so by its state.
        counts_add_up=record.state not in ("completed", "aborted") or all(counts["adds_up"].values()),
        internal_error=record.internal_error,
        not_durable=record.not_durable,
        signal=record.signal,
    )


def _scenario(plan: Plan) -> dict[str, Any]:
    levels = []
    for phase in plan.phases:
        for level in phase.clients.values():
            levels += [level.start, level.end] if level.start != level.end else [level.end]
    numbers = [f"{level:g}" for index, level in enumerate(levels) if index == 0 or level != levels[index - 1]]
    return {
        "name": plan.name,
        "description": plan.description,
        "path": plan.path,
        "digest": plan.digest,
        "source": mask_source(plan),
        "load": " → ".join(numbers) + " clients" if numbers else "no clients",
    }


def mask_source(plan: Plan) -> str:
    """Return the scenario as written, with what looks like a secret masked."""
    text = _SECRET_KEYS.sub(rf"\g<1>{_MASK}", plan.source)
    if plan.jwt is not None and len(plan.jwt.key) > 3:
        text = text.replace(plan.jwt.key, _MASK)
    return text


def mask_url(url: str) -> str:
    """Return a URL without user names, passwords and the values of its query."""
    url = re.sub(r"(?<=//)[^/@]*@", f"{_MASK}@", url)
    head, mark, query = url.partition("?")
    if not mark:
        return url
    masked = [
        f"{name}={value if '{{' in value else _MASK}" for name, _, value in map(_pair, query.split("&"))
    ]
    return f"{head}?{'&'.join(masked)}"


def _pair(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
