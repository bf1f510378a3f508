"""Running a scenario against the witness."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.witness import Witness
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.source import parse

ASK = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 30s } }'


def observed(
    text: str,
    query: str,
    *,
    workers: int = 1,
    transport: str = "fast",
    meanwhile: Callable[[Witness], None] | None = None,
) -> tuple[dict[str, Any], Witness]:
    """Run a scenario (without its head) against a witness with this script; both accounts of it come back.

    ``meanwhile`` is done beside the run, from its start on: once the workers are under way.
    """
    with Witness() as witness:
        head = f'wsrun: 1\nseed: 1\ntarget: {{ url: "{witness.url("/?" + query)}" }}\n'
        plan = compile_plan(parse(head + text, "honesty.yaml", environ={}), seed=1)
        with tempfile.TemporaryDirectory() as folder:
            options = RunOptions(out=Path(folder), command="honesty", workers=workers, transport=transport)
            begun = threading.Event()
            if meanwhile is not None:
                threading.Thread(target=lambda: begun.wait() and meanwhile(witness), daemon=True).start()
            result = run(plan, options, lambda progress: begun.set())
    return result, witness


def open_model(rate: str, seconds: float, *, clients: int = 50, extra: str = "") -> str:
    """Return a scenario that sends ``rate`` over a second of warm-up and ``seconds`` of work."""
    return f"""
messages: {{ ask: {ASK} }}
profiles: {{ quiet: {{ mix: {{ ask: 1 }}, think: 1h }} }}
phases:
  - {{ duration: 1s, clients: {clients}, warm_up: true }}
  - {{ name: work, duration: {seconds}s, rate: {rate}{extra} }}
criteria: [ errors == 0 ]
"""


@contextlib.contextmanager
def at_real_time_priority(*, required: bool = True) -> Iterator[None]:
    """Have what is started meanwhile run before all that is not of such a priority (sched(7), SCHED_RR).

    Where that is not allowed, or not possible, it raises PermissionError if it is ``required``.
    """
    try:
        if not hasattr(os, "sched_setscheduler"):
            raise PermissionError("no real-time priorities on this system")
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    except PermissionError:
        if required:
            raise
    try:
        yield
    finally:
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
