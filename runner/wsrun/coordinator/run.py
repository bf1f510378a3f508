"""Carries out a plan on this machine, from the target's door to the written result."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import orjson

from wsrun.coordinator.aborts import Aborts
from wsrun.coordinator.crew import Crew
from wsrun.coordinator.journal import Journal
from wsrun.coordinator.progress import Progress, progress
from wsrun.coordinator.target import Destination, find_target
from wsrun.errors import OutputError
from wsrun.files import write_whole
from wsrun.pacing.levels import level_at
from wsrun.plan import Plan
from wsrun.result.build import RunRecord, build, mask_source
from wsrun.result.collector import Collector
from wsrun.result.timeline import planned_clients
from wsrun.verdict import State

LOOK = 0.25
"""Seconds between looks at signals and clocks, and between updates of whoever watches."""

GRACE = 15.0
"""Seconds beyond phases, drain and closing after which a worker that still says nothing is lost."""

TERM_LIMIT = 5.0
"""Seconds that workers get to end in good order after SIGTERM."""

SignalName = Literal["SIGINT", "SIGTERM"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to carry a plan out; ``out`` is this run's directory and exists, ``workers`` None: automatic."""

    out: Path
    command: str
    workers: int | None = None
    transport: str = "fast"


@dataclass(slots=True)
class _Conduct:
    """What happens to a run while it goes."""

    collector: Collector
    journal: Journal
    state: State = "completed"
    stopped: dict[str, Any] | None = None
    signals: list[SignalName] = field(default_factory=list)
    ran: float = 0.0

    def stop(self, state: State, at: float, why: str) -> bool:
        """Note why the run ends early; False when that is settled already."""
        if self.stopped is not None:
            return False
        self.state, self.stopped = state, {"at": at, "why": why}
        return True


def run(plan: Plan, options: RunOptions, watch: Callable[[Progress], None]) -> dict[str, Any]:
    """Run a plan, judge it, and write ``journal.jsonl`` and ``result.json``.

    SIGINT and SIGTERM end the phases and drain; a second one ends at once. What was measured is kept.

    Args:
        plan: What to do.
        options: How to do it.
        watch: Called four times a second with how it goes; it must not raise.

    Returns:
        The result, judged; its verdict says when something could not be written.
    """
    began = _now()
    with ExitStack() as stack:
        destination = find_target(plan, stack)
        plan = destination.plan
        # The fast transport has no permessage-deflate.
        transport = "reference" if plan.target.compression == "deflate" else options.transport
        workers = options.workers or auto_workers(plan, destination)
        header = {
            "name": plan.name,
            "seed": plan.seed,
            "digest": plan.digest,
            "workers": workers,
            "source": mask_source(plan),
            "started": began,
        }
        journal = Journal(options.out / "journal.jsonl", header)
        conduct = _Conduct(Collector(plan, workers), journal)
        crew: Crew | None = None
        if destination.trouble is not None:
            conduct.stop("unreachable", 0.0, destination.trouble)
        else:
            with _signals(conduct):
                crew = Crew(plan, transport, workers)
                try:
                    _conduct(plan, crew, conduct, watch)
                finally:
                    crew.kill("still running when the run was over")
    conduct.collector.finish()
    lost = () if crew is None else tuple(f"worker {m.number}: {m.failure}" for m in crew.lost)
    traceback = None if crew is None else next((m.traceback for m in crew.lost if m.traceback), None)
    if traceback is not None:
        (options.out / "traceback.txt").write_text(traceback)
    journal.close({"state": conduct.state, "stopped": conduct.stopped, "ran": conduct.ran})
    record = RunRecord(
        command=options.command,
        started=began,
        ended=_now(),
        ran=conduct.ran,
        workers=workers,
        transport=transport,
        state=conduct.state,
        stopped=conduct.stopped,
        target_kind=destination.kind,
        addresses=destination.addresses,
        trouble=destination.trouble,
        workers_lost=lost,
        internal_error=None if traceback is None else "a worker failed; its traceback is in traceback.txt",
        not_durable=journal.failure,
        signal=conduct.signals[0] if conduct.signals else None,
        descriptors=_descriptor_limit(),
    )
    return _written(plan, conduct.collector, record, options.out)


def auto_workers(plan: Plan, destination: Destination) -> int:
    """Return a number of workers: usable cores, less one for a local target; at most one a client."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = max(
        round(level_at(level, at, phase.duration))
        for phase in plan.phases
        for level in (*phase.clients.values(),)
        for at in (0.0, phase.duration)
    )
    return max(1, min(cores - destination.is_local, most))


def _conduct(plan: Plan, crew: Crew, conduct: _Conduct, watch: Callable[[Progress], None]) -> None:
    start = crew.start()
    if start is None:
        conduct.stop("worker_lost", 0.0, crew.lost[0].failure or "a worker did not start")
        return
    limit = plan.duration + plan.drain + plan.target.close_timeout + GRACE
    aborts = Aborts(plan)
    seen = 0
    next_look = 0.0
    kill_at: float | None = None
    while not crew.is_over:
        for _, snapshot in crew.messages(LOOK):
            conduct.journal.snapshot(snapshot)
            interval = conduct.collector.add(snapshot)
            if interval is not None:
                why = aborts.check(conduct.collector, snapshot.end)
                if why is not None and conduct.stop("aborted", snapshot.end, why):
                    crew.stop()
        elapsed = time.monotonic() - start
        conduct.ran = max(elapsed, 0.0)
        if len(conduct.signals) > seen:
            seen = len(conduct.signals)
            name = conduct.signals[-1]
            state: State = "interrupted" if name == "SIGINT" else "terminated"
            if conduct.stop(state, elapsed, name) and seen == 1:
                crew.stop()
                kill_at = elapsed + TERM_LIMIT if name == "SIGTERM" else None
            else:
                kill_at = elapsed
        if crew.lost and conduct.stop(
            "worker_lost", elapsed, f"worker {crew.lost[0].number} {crew.lost[0].failure}"
        ):
            crew.stop()
            kill_at = elapsed + plan.drain + plan.target.close_timeout + GRACE
        if elapsed > limit and conduct.stop("worker_lost", elapsed, "a worker fell silent"):
            kill_at = elapsed
        if kill_at is not None and elapsed >= kill_at:
            crew.kill("ended at once")
            return
        if elapsed >= next_look:
            next_look = elapsed + LOOK
            watch(progress(plan, conduct.collector, elapsed))


@contextmanager
def _signals(conduct: _Conduct) -> Iterator[None]:
    def heard(number: int, _: FrameType | None) -> None:
        conduct.signals.append("SIGINT" if number == signal.SIGINT else "SIGTERM")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _written(plan: Plan, collector: Collector, record: RunRecord, out: Path) -> dict[str, Any]:
    """Build the result and write it; what cannot be written changes the verdict."""
    import dataclasses

    result = build(plan, collector, record)
    try:
        write_whole(out / "result.json", orjson.dumps(result))
    except OutputError as error:
        record = dataclasses.replace(record, not_durable=record.not_durable or str(error))
        result = build(plan, collector, record)
    return result


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _descriptor_limit() -> int:
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


__all__ = ["Progress", "RunOptions", "auto_workers", "planned_clients", "run"]
