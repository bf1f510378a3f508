"""Carries out a plan on this machine, from the target's door to the written result."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import orjson

from wsrun.coordinator.conduct import Conduct, SignalName
from wsrun.coordinator.crew import Crew
from wsrun.coordinator.journal import Journal
from wsrun.coordinator.progress import Progress
from wsrun.coordinator.salvage import journal_header
from wsrun.coordinator.staffing import descriptor_limit, most_workers, transport_of, workers_of
from wsrun.coordinator.target import Destination, check_tls, find_target
from wsrun.errors import OutputError
from wsrun.files import write_whole
from wsrun.plan import Plan
from wsrun.preflight import LIMITS, look
from wsrun.preflight.demand import limits_of
from wsrun.preflight.facts import read_facts
from wsrun.preflight.finding import Finding, told
from wsrun.result.build import RunRecord, build
from wsrun.result.secrets import Secrets, encodable_data

INSISTING = 3
"""Signals after which the next one ends the process at once, whatever it is doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to carry a plan out; ``out`` is this run's directory and exists, ``workers`` None: automatic.

    ``overrides`` are those that the plan was compiled with, for the journal.
    """

    out: Path
    command: str
    workers: int | None = None
    transport: str = "fast"
    overrides: tuple[tuple[str, str], ...] = ()


def run(
    plan: Plan,
    options: RunOptions,
    watch: Callable[[Progress], None],
    tell: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Run a plan, judge it, and write ``journal.jsonl`` and ``result.json``.

    SIGINT and SIGTERM end the phases and drain; a second one ends at once. What was measured is kept.

    Args:
        plan: What to do.
        options: How to do it.
        watch: Called four times a second with how it goes; it must not raise.
        tell: Called before the start with each thing that will go wrong for want of room on this machine.

    Returns:
        The result, judged; its verdict says when something could not be written.

    Raises:
        UsageError: a file of ``tls`` cannot be used.
    """
    for target in plan.targets:
        check_tls(target)
    began = _now()
    with _signals() as heard:
        with ExitStack() as stack:
            destination = find_target(plan, stack, lambda: not heard)
            plan = destination.plan
            transport = transport_of(plan, options.transport)
            secrets = Secrets(plan)
            descriptors = descriptor_limit()
            workers = workers_of(
                plan, options.workers, is_local=destination.is_local, descriptors=descriptors
            )
            header = journal_header(plan, options, destination, secrets)
            header |= {"workers": workers, "transport": transport, "started": began}
            journal = Journal(options.out / "journal.jsonl", header)
            conduct = Conduct(plan, workers, journal, secrets, heard)
            lost: tuple[str, ...] = ()
            trouble: tuple[Finding, ...] = ()
            traceback: str | None = None
            if heard:
                conduct.hear()
            elif destination.trouble is not None:
                conduct.stop("unreachable", destination.trouble)
            else:
                trouble = _trouble_ahead(plan, workers, destination)
                for finding in trouble:
                    tell(told(finding))
                crew = Crew(plan, transport, workers)
                conduct.perform(crew, watch)
                lost = tuple(map(crew.loss, crew.lost))
                traceback = next((member.traceback for member in crew.lost if member.traceback), None)
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
            trouble=conduct.stopped["why"] if conduct.state == "unreachable" and conduct.stopped else None,
            workers_lost=lost,
            internal_error=None
            if traceback is None
            else _defect(options.out / "traceback.txt", secrets.hidden(traceback)),
            not_durable=journal.failure,
            signal=conduct.signal,
            descriptors=descriptors,
            preflight=tuple(finding.to_json() for finding in trouble),
        )
        return _written(plan, conduct, record, options.out)


def _trouble_ahead(plan: Plan, workers: int, destination: Destination) -> tuple[Finding, ...]:
    """Return what of the plan goes beyond the limits of this machine."""
    demand = limits_of(
        plan,
        workers,
        most_workers=most_workers(plan),
        embedded=destination.embedded,
        hears_local=destination.is_local,
    )
    facts = read_facts(destination.addresses[:1], demand.connections)
    return tuple(finding for finding in look(LIMITS, demand, facts) if finding.state in ("warning", "bad"))


@contextmanager
def _signals() -> Iterator[list[SignalName]]:
    """Collect SIGINT and SIGTERM instead of ending by them, until the result is written."""
    heard: list[SignalName] = []

    def hear(number: int, _: FrameType | None) -> None:
        heard.append("SIGINT" if number == signal.SIGINT else "SIGTERM")
        if len(heard) >= INSISTING:
            signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _defect(path: Path, traceback: str) -> str:
    """Keep the traceback of a worker's defect, and say where it is."""
    with contextlib.suppress(OutputError):
        write_whole(path, traceback.encode())
        return f"a worker failed; its traceback is in {path.name}"
    return f"a worker failed: {traceback.strip().splitlines()[-1]}"


def _written(plan: Plan, conduct: Conduct, record: RunRecord, out: Path) -> dict[str, Any]:
    """Build the result and write it; what cannot be written changes the verdict."""
    plan = conduct.plan
    result, content = _encoded(build(plan, conduct.collector, record))
    try:
        write_whole(out / "result.json", content)
    except OutputError as error:
        record = dataclasses.replace(record, not_durable=record.not_durable or str(error))
        result, _ = _encoded(build(plan, conduct.collector, record))
    return result


def _encoded(result: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return a result that can be written, and what to write; names of files need not be UTF-8."""
    try:
        return result, orjson.dumps(result)
    except TypeError:
        result = encodable_data(result)
        return result, orjson.dumps(result)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


__all__ = ["Progress", "RunOptions", "run"]
