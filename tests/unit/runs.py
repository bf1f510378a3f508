"""Made-up runs: what happened, message by message, and the snapshots that workers make of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from wsrun.compiler import compile_plan
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import ErrorDetail, Gauge, Series, Snapshot, series
from wsrun.plan import Plan
from wsrun.result.build import RunRecord
from wsrun.result.collector import Collector
from wsrun.source import parse

TEXT = """\
wsrun: 1
name: made-up
target: { url: ws://127.0.0.1:1/ }
messages:
  ask: { json: { id: "{{ id }}" }, kind: query, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } }
  slow: { text: x, reply: { match: {}, timeout: 5s } }
  note: { text: hi }
profiles:
  active: { mix: { ask: 1, slow: 1 } }
  passive: { mix: { note: 1 }, think: { uniform: [ 1s, 3s ] } }
  listener:
clients: { all: { profiles: { active: 0.5, passive: 0.3, listener: 0.2 } } }
phases:
  - { name: arrive, duration: 2s, clients: { from: 0, to: 10 }, warm_up: true }
  - { name: work, duration: 3s, rate: 5/s, warm_up: 1s }
criteria: [ round_trip.p95 < 1s, errors == 0, "connect.success(phase=arrive) == 100%" ]
"""
TIMEOUTS = {"ask": 2.0, "slow": 5.0}

STRETCHES = (
    ("arrive", "warm-up"),
    ("arrive", "warm-up"),
    ("work", "warm-up"),
    ("work", None),
    ("work", None),
)
"""The phase and the part that a message of each second belongs to; what is later is the drain."""


def plan_of(text: str = TEXT) -> Plan:
    """Compile a scenario."""
    return compile_plan(parse(text, "made-up.yaml", environ={}), seed=1)


@dataclass(frozen=True)
class Sent:
    """A message: when it was sent, which it was, and what became of it after ``latency`` seconds."""

    second: int
    message: str
    outcome: str
    latency: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """A connection: how the attempt ended after ``latency`` seconds, and whether it was closed again."""

    second: int
    outcome: str
    latency: float = 0.0
    is_closed: bool = False


Event = Sent | Attempt

latencies = st.floats(min_value=1e-7, max_value=5000.0)
events = st.one_of(
    st.builds(
        Sent,
        second=st.integers(0, 5),
        message=st.sampled_from(["ask", "slow"]),
        outcome=st.sampled_from(["answered", "answered", "timed_out", "lost", "failed", "pending"]),
        latency=latencies,
    ),
    st.builds(Sent, second=st.integers(0, 5), message=st.just("note"), outcome=st.just("sent")),
    st.builds(
        Attempt,
        second=st.integers(0, 4),
        outcome=st.sampled_from(["established", "refused", "timed_out", "failed"]),
        latency=latencies,
        is_closed=st.booleans(),
    ),
)
"""Anything that can happen in the made-up run."""


def snapshots_of(
    happened: Sequence[Event],
    *,
    workers: int = 1,
    worker_of: Callable[[int], int] = lambda number: 0,
    seconds: int = 6,
    stretches: Sequence[tuple[str, str | None]] = STRETCHES,
) -> list[Snapshot]:
    """Return what the workers tell: event number n is seen by worker ``worker_of(n)``.

    ``stretches`` are the phase and the part of each second; what is later is the drain.
    """
    made = [
        Snapshot(
            worker=worker,
            index=second,
            start=float(second),
            end=second + 1.0,
            gauges={
                series("generator.cpu", worker=str(worker)): Gauge.of(0.25),
                series("generator.memory", worker=str(worker)): Gauge.of(1e8),
                series("generator.descriptors", worker=str(worker)): Gauge.of(20.0),
            },
        )
        for second in range(seconds)
        for worker in range(workers)
    ]
    for number, event in enumerate(happened):
        snapshot = made[event.second * workers + worker_of(number)]
        if isinstance(event, Sent):
            _add_message(snapshot, event, _labels(event.second, stretches))
        else:
            _add_attempt(snapshot, event, _labels(event.second, stretches))
    return made


def _labels(second: int, stretches: Sequence[tuple[str, str | None]]) -> dict[str, str | None]:
    phase, part = stretches[second] if second < len(stretches) else ("drain", None)
    return {"group": "all", "profile": "active", "phase": phase, "part": part}


def _count(snapshot: Snapshot, key: Series, number: int = 1) -> None:
    snapshot.counters[key] = snapshot.counters.get(key, 0) + number


def _sample(snapshot: Snapshot, key: Series, value: float) -> None:
    snapshot.distributions.setdefault(key, Histogram()).add(value)


def _error(snapshot: Snapshot, cause: str, at: float, labels: dict[str, str | None]) -> None:
    _count(snapshot, series("errors", cause=cause, **labels))
    detail = snapshot.errors.setdefault(cause, ErrorDetail(first=at, last=at))
    detail.first, detail.last, detail.count = min(detail.first, at), max(detail.last, at), detail.count + 1
    client = f"all/{round(at * 1000) % 7:04d}"
    detail.clients[client] = detail.clients.get(client, 0) + 1
    detail.samples.append((at, client, f"{cause} at {at:g}"))


def _add_message(snapshot: Snapshot, event: Sent, place: dict[str, str | None]) -> None:
    kind = "query" if event.message == "ask" else None
    labels = {**place, "message": event.message, "kind": kind}
    _count(snapshot, series("messages.sent", **labels))
    _count(snapshot, series("bytes.sent", **labels), 10)
    if event.message == "note":
        return
    _count(snapshot, series("replies.expected", **labels))
    _count(snapshot, series(f"replies.{event.outcome}", **labels))
    if event.outcome == "answered":
        latency = min(event.latency, TIMEOUTS[event.message])
        _count(snapshot, series("messages.received", **place))
        _count(snapshot, series("bytes.received", **place), 12)
        _sample(snapshot, series("round_trip", **labels), latency)
        _sample(snapshot, series("service_time", **labels), latency)
    elif event.outcome == "timed_out":
        _sample(snapshot, series("round_trip", **labels), TIMEOUTS[event.message])
    if event.outcome in ("timed_out", "lost", "failed"):
        cause = {"timed_out": "reply-timeout", "lost": "reply-lost", "failed": "reply-error"}[event.outcome]
        _error(snapshot, cause, snapshot.start + event.latency % 1, labels)


def _add_attempt(snapshot: Snapshot, event: Attempt, labels: dict[str, str | None]) -> None:
    _count(snapshot, series("connect.attempted", **labels))
    at = snapshot.start + event.latency % 1
    if event.outcome == "established":
        _count(snapshot, series("connect.established", **labels))
        _sample(snapshot, series("connect.time", **labels), event.latency)
        if event.is_closed:
            _count(snapshot, series("closed", code="1000", side="client", **labels))
        return
    cause = {"refused": "refused-503", "timed_out": "connect-timeout", "failed": "reset"}[event.outcome]
    status = "503" if event.outcome == "refused" else None
    _count(snapshot, series(f"connect.{event.outcome}", cause=cause, status=status, **labels))
    _error(snapshot, cause, at, {**labels, "status": status})


def collected(plan: Plan, snapshots: Iterable[Snapshot], workers: int = 1) -> Collector:
    """Return a finished collector of snapshots."""
    collector = Collector(plan, workers)
    for snapshot in snapshots:
        collector.add(snapshot)
    collector.finish()
    return collector


def record(**fields: Any) -> RunRecord:
    """Return the record of a run of 5.5 s that came to its end."""
    known: dict[str, Any] = {
        "command": "wsrun made-up.yaml",
        "started": "2026-01-01T00:00:00.000Z",
        "ended": "2026-01-01T00:00:05.500Z",
        "ran": 5.5,
        "workers": 1,
        "transport": "fast",
        "state": "completed",
        "addresses": ("127.0.0.1",),
        "descriptors": 1024,
    }
    return RunRecord(**{**known, **fields})


def is_same(one: Any, other: Any) -> bool:
    """Compare JSON-like data, floats by their value less the rounding of a sum."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)
