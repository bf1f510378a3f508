"""Errors by kind, and the events of a run, as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wsrun.causes import cause_text
from wsrun.metrics.connections import ConnectionRecord
from wsrun.metrics.snapshot import Sample
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.collector import ErrorRecord
from wsrun.result.folding import Timeline

EVENTS_KEPT = 200
"""Of more events, the last phases to begin are left out first."""

_REPLIES = frozenset(
    {
        "reply-timeout",
        "reply-lost",
        "reply-error",
        "reply-unexpected",
        "reply-count",
        "reply-out-of-order",
    }
)


def errors(records: Mapping[str, ErrorRecord], store: Store, timeline: Timeline) -> list[dict[str, Any]]:
    """Return one entry a cause, the most frequent first."""
    made = []
    for record in sorted(records.values(), key=lambda record: (-record.count, record.cause)):
        of, of_text = tried(record.cause, store)
        worst = min(record.clients.items(), key=lambda pair: (-pair[1], pair[0]), default=(None, 0))
        made.append(
            {
                "cause": record.cause,
                "text": cause_text(record.cause),
                "count": record.count,
                "of": of,
                "of_text": of_text,
                "first": record.first,
                "last": record.last,
                "series": [[at, number] for at, number in timeline.errors(record.cause)],
                "clients": len(record.clients),
                "worst_client": worst[0],
                "worst_count": worst[1],
                "samples": told(record.samples),
            }
        )
    return made


def told(samples: Iterable[Sample]) -> list[dict[str, Any]]:
    """Return samples as entries of a result."""
    return [{"at": at, "client": client, "text": text} for at, client, text in samples]


def tried(cause: str, store: Store) -> tuple[int, str]:
    """Return of how many tries a cause of errors is one, and what was tried, in plain words."""
    if cause in _REPLIES or cause.startswith(("http-", "answered-")):
        return store.counter("replies.expected"), "messages"
    if cause in ("expect-failed", "unexpected-message", "close-unexpected"):
        return store.counter("expect.passed") + store.counter("expect.failed"), "expectations"
    if cause.startswith("closed-") or cause in (
        "eof",
        "reset",
        "protocol-error",
        "bad-utf8",
        "close-timeout",
    ):
        return store.counter("connect.established"), "connections"
    if cause in ("call-failed", "call-timeout"):
        return store.counter("call.made"), "calls"
    if cause == "contract-violation":
        return store.counter("contract.checked"), "checked messages"
    if cause in ("forbidden", "leak"):
        return store.counter("messages.received"), "received messages"
    if cause in ("missing-variable", "not-connected", "python-failed"):
        return store.counter("messages.sent"), "messages"
    return store.counter("connect.attempted"), "connections"


def events(
    plan: Plan,
    records: Mapping[str, ErrorRecord],
    ran: float,
    stopped: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Return what happened, by time: phases, the first of each kind of failure, the end if it came early."""
    phases = [
        _event(phase.start, "phase", "none", f"{phase.name} begins")
        for phase in plan.phases
        if phase.start < ran
    ]
    failures = sorted(map(_first_of, records.values()), key=lambda event: (event["t"], event["text"]))
    ends = [] if stopped is None else [_event(stopped["at"], "abort", "failed", _stop_text(stopped["why"]))]
    room = EVENTS_KEPT - len(ends)
    kept = [*failures[:room], *ends]
    return sorted([*phases[: EVENTS_KEPT - len(kept)], *kept], key=lambda event: event["t"])


def _first_of(record: ErrorRecord) -> dict[str, Any]:
    text = cause_text(record.cause)
    if record.count > 1:
        text = f"First of {record.count}: {text[0].lower()}{text[1:]}"
    until = record.last if record.count > 1 and record.last - record.first >= 1.0 else None
    return {**_event(record.first, "failure", "failed", text), "until": until}


def _stop_text(why: str) -> str:
    return f"The run was stopped: {why}"


def _event(at: float, kind: str, mark: str, text: str) -> dict[str, Any]:
    return {"t": at, "kind": kind, "mark": mark, "text": text, "until": None, "until_text": None}


def connections(rows: Iterable[ConnectionRecord]) -> list[dict[str, Any]]:
    """Return what is kept of single connections, by the time of their attempt."""
    return [row._asdict() for row in sorted(rows, key=lambda row: (row.begun, row.client))]
