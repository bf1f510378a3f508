"""Whether the generator was fit: the checks whose failing makes a run invalid, and what to do about each.

A slow generator looks like a slow target, so its own numbers are judged before the target's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.measure import judged_windows
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.readings import selection
from wsrun.metrics.recorder import DRAIN
from wsrun.metrics.store import Store
from wsrun.plan import Plan

LAG_LIMIT = 0.020
"""Seconds of event-loop lag at p99."""

CPU_LIMIT = 0.85
"""Share of one core that a worker may use for ``CPU_SPAN`` seconds on end."""

CPU_SPAN = 10.0

GC_LIMIT = 0.01
"""Share of the time in which a worker may stand still to collect garbage: with more, p99 shows its pauses."""

DESCRIPTORS_LIMIT = 0.95
"""Share of the descriptors that a worker may have open: beyond it the next connection may lack one."""

BACKLOG_LIMIT = float(1 << 27)
"""Bytes that may wait to be sent in one worker for ``BACKLOG_SPAN`` seconds on end.

At twice that (``wsrun.engine.backlog``) nothing more is added to a connection, and clients wait for it.
"""

BACKLOG_SPAN = 10.0

LATE_LIMIT = 0.01
"""Share of the messages with a set time that may leave more than 10 ms after it."""

UNSENT_LIMIT = 0.001
"""Share of the scheduled messages that may not be sent at all."""


FEW = 10
"""Samples beyond a limit that say something: late messages, or ticks of the loop, which are 10 ms apart."""

LOCAL = "local-"
"""How causes of errors begin that are this machine's own."""

WATCHED = (selection("generator.descriptors", {}),)
"""The gauges of which the checks need readings."""

UNSENT = "Scheduled messages not sent"
"""The check of the load's delivery, which has a reason of its own in the verdict."""

_WHY = {
    "nobody-open": "no client was open to send them",
    "out-of-time": "wsrun could not send them in time",
    "not-read": "the server did not read what it was sent",
}
_ADVICE = {
    "nobody-open": "give the clients time to connect in a phase before, or find out why they are not open",
    "out-of-time": "use more workers (--workers), another machine, or a lower rate",
    "not-read": "find out why the server does not read, or lower the rate",
}
"""Why scheduled messages were not sent, by the cause of ``messages.dropped``, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``worst`` is None when there was nothing to look at, and then the check is met."""

    name: str
    worst: float | None
    limit: float
    unit: str
    problem: str
    remedy: str
    beyond: int = FEW
    """How many samples lie beyond the limit: fewer than ``FEW`` are a hiccup and not a slow generator."""

    @property
    def is_met(self) -> bool:
        """Whether the worst value lies within the limit, a hiccup aside."""
        return self.worst is None or self.worst <= self.limit or self.beyond < FEW

    def to_json(self) -> dict[str, Any]:
        """Return the entry of result.json."""
        return {
            "name": self.name,
            "worst": self.worst,
            "limit": self.limit,
            "unit": self.unit,
            "ok": self.is_met,
            "used": None if self.worst is None or not self.limit else self.worst / self.limit,
        }


def checks(
    plan: Plan,
    store: Store,
    *,
    cpu: float | None,
    backlog: float | None,
    workers: int,
    descriptors: int,
) -> list[Check]:
    """Return all checks over a run, on what criteria see too: neither on warm-ups nor on the drain.

    Args:
        plan: of the run.
        store: of the run.
        cpu: what the busiest worker used for ``CPU_SPAN`` seconds on end, None in a shorter run.
        backlog: bytes that waited in a worker for ``BACKLOG_SPAN`` seconds on end, None in a shorter run.
        workers: how many there were.
        descriptors: how many a worker may open, 0 where that is not known.
    """
    why, advice = why_unsent(store)
    lags = _judged(store, "generator.lag")
    lag = lags.quantile(0.99)
    timed = _judged(store, "generator.lateness").count
    late = store.counter("messages.late", judged=True)
    dropped, scheduled = unsent(plan, store)
    refused = local_failures(store)
    more = f"use more workers (--workers {workers + 1}), a faster machine, or lower the rate"
    opened = max((gauge.maximum for _, gauge in store.gauge_series("generator.descriptors")), default=None)
    paused = _paused_share(plan, store)
    return [
        Check(
            "Event-loop lag, p99",
            lag,
            LAG_LIMIT,
            "seconds",
            f"event-loop lag p99 {_ms(lag)}; the limit is {_ms(LAG_LIMIT)}",
            more,
            lags.count_above(LAG_LIMIT),
        ),
        Check(
            f"CPU of the busiest worker, for {CPU_SPAN:g} s on end",
            cpu,
            CPU_LIMIT,
            "share",
            f"a worker used {_percent(cpu)} of a core for {CPU_SPAN:g} s; the limit is {_percent(CPU_LIMIT)}",
            more,
        ),
        Check(
            "Sends late by wsrun itself",
            late / timed if timed else None,
            LATE_LIMIT,
            "share",
            f"{_percent(late / timed if timed else 0)} of the messages left more than 10 ms late",
            more,
            late,
        ),
        Check(
            UNSENT,
            dropped / scheduled if scheduled else None,
            UNSENT_LIMIT,
            "share",
            f"{dropped} of {scheduled} scheduled messages were not sent: {why}",
            advice,
        ),
        Check(
            "Time stopped by garbage collection",
            paused,
            GC_LIMIT,
            "share",
            f"a worker stood still for {_percent(paused)} of the time to collect garbage;"
            f" the limit is {_percent(GC_LIMIT)}",
            more,
        ),
        Check(
            "File descriptors of a worker",
            opened if descriptors else None,
            int(descriptors * DESCRIPTORS_LIMIT),
            "number",
            f"a worker had {opened or 0:.0f} of {descriptors} file descriptors open:"
            " further connections may have failed for want of one",
            "raise the limit (ulimit -n), or use more workers",
        ),
        Check(
            f"Unsent bytes in a worker, for {BACKLOG_SPAN:g} s on end",
            backlog,
            BACKLOG_LIMIT,
            "bytes",
            f"{_mib(backlog)} that were sent waited in a worker for {BACKLOG_SPAN:g} s;"
            f" the limit is {_mib(BACKLOG_LIMIT)}",
            "find out why the network or the server does not take them, or lower the rate",
        ),
        Check(
            "Connections that this machine could not make",
            float(refused),
            0.0,
            "number",
            f"{refused} connections were not made for want of descriptors, ports or memory on this machine",
            "raise the limits (ulimit -n, net.ipv4.ip_local_port_range), or use another machine",
        ),
    ]


def level_problem(store: Store, phase: str, rows: Sequence[dict[str, Any]]) -> str | None:
    """Say why the generator was not fit at a level of a search, None when it was.

    Args:
        store: of the level.
        phase: the name of the phase that searches.
        rows: of the timeline, within the judged part of the level.
    """
    lags = store.distribution("generator.lag", judged=True, phase=phase)
    lag = lags.quantile(0.99)
    if lag is not None and lag > LAG_LIMIT and lags.count_above(LAG_LIMIT) >= FEW:
        return f"event-loop lag p99 {_ms(lag)}; the limit is {_ms(LAG_LIMIT)}"
    cpu = sustained(rows, "cpu", min(CPU_SPAN, sum(row["length"] for row in rows)))
    if cpu is not None and cpu > CPU_LIMIT:
        return f"a worker used {_percent(cpu)} of a core; the limit is {_percent(CPU_LIMIT)}"
    timed = store.distribution("generator.lateness", judged=True, phase=phase).count
    late = store.counter("messages.late", judged=True, phase=phase)
    if timed and late / timed > LATE_LIMIT and late >= FEW:
        return f"{_percent(late / timed)} of the messages left more than 10 ms late"
    causes = store.by_label("errors", "cause", judged=True, phase=phase)
    failed = sum(number for cause, number in causes.items() if cause.startswith(LOCAL))
    if failed:
        return f"{failed} connections were not made for want of descriptors, ports or memory on this machine"
    return None


def local_failures(store: Store) -> int:
    """Return how many connections failed for reasons of this machine, whatever the target did."""
    causes = store.by_label("errors", "cause")
    return sum(number for cause, number in causes.items() if cause.startswith(LOCAL))


def why_unsent(store: Store, **labels: str) -> tuple[str, str]:
    """Return why scheduled messages were not sent, in plain words, and advice on the commonest cause."""
    causes = store.by_label("messages.dropped", "cause", judged=True, **labels)
    if not causes:
        return "no client was open to send them", _ADVICE["nobody-open"]
    ordered = sorted(causes, key=lambda cause: (-causes[cause], cause))
    parts = [f"{_WHY[cause]} ({causes[cause]})" if len(causes) > 1 else _WHY[cause] for cause in ordered]
    return ", ".join(parts), _ADVICE[ordered[0]]


def unsent(plan: Plan, store: Store) -> tuple[int, int]:
    """Return how many messages of schedules were dropped, and how many there were, warm-ups left out.

    Only the groups and phases with a ``rate`` count: what others send at their think times must not water
    down what a schedule lost.
    """
    dropped = store.counter("messages.dropped", judged=True)
    sent = sum(
        store.counter("messages.sent", judged=True, phase=phase.name, group=plan.groups[group].name)
        for phase in plan.phases
        if phase.search is None
        for group in phase.rate
    )
    return dropped, sent + dropped


def _paused_share(plan: Plan, store: Store) -> float | None:
    """Return the share of the judged time that the worst worker spent in pauses of garbage collection."""
    length = sum(end - start for start, end in judged_windows(plan, store))
    paused = [
        sum(
            store.distribution("generator.gc", judged=True, worker=worker, phase=phase).total
            for phase in store.values("generator.gc", "phase", worker=worker)
            if phase != DRAIN
        )
        for worker in store.values("generator.gc", "worker")
    ]
    return max(paused) / length if paused and length else None


def _judged(store: Store, name: str) -> Histogram:
    phases = [phase for phase in store.values(name, "phase") if phase != DRAIN]
    return Histogram.merged(store.distribution(name, judged=True, phase=phase) for phase in phases)


class Sustained:
    """The highest value that was kept for ``span`` seconds on end, as a mean over the span.

    ``highest`` is None as long as less than that was seen.
    """

    def __init__(self, span: float) -> None:
        self.highest: float | None = None
        self._span = span
        self._window: deque[tuple[float, float]] = deque()
        self._length = self._total = 0.0

    def add(self, length: float, value: float | None) -> None:
        """Add the value of the next ``length`` seconds; None is passed over."""
        if value is None:
            return
        self._window.append((length, value))
        self._length += length
        self._total += length * value
        while self._length - self._window[0][0] >= self._span:
            oldest, old = self._window.popleft()
            self._length -= oldest
            self._total -= oldest * old
        if self._length >= self._span:
            self.highest = max(self._total / self._length, self.highest or 0.0)


def sustained(rows: Iterable[dict[str, Any]], field: str, span: float) -> float | None:
    """Return the highest value that a field of the timeline kept for ``span`` seconds on end, as a mean over
    the span; None when the run is shorter than that."""
    found = Sustained(span)
    for row in rows:
        found.add(row["length"], row[field])
    return found.highest


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.3g} ms"


def _mib(size: float | None) -> str:
    return "–" if size is None else f"{size / (1 << 20):.3g} MiB"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.3g} %"
