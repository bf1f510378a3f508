"""What the benchmarks share: running a scenario against a server, and saying on what machine."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.source import parse

STARTING = 3.0
"""Seconds in which workers have started."""

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""The cores that this process may use at its start."""


def run_text(text: str, *, workers: int = 1, transport: str = "fast") -> dict[str, Any]:
    """Run a scenario given as text and return its result."""
    plan = compile_plan(parse(text, "benchmark.yaml", environ={}), seed=1)
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(out=Path(folder), command="benchmark", workers=workers, transport=transport)
        return run(plan, options, lambda progress: None)


def take_cores() -> None:
    """Give the servers that this process has started the first core, and workers that it starts the second.

    This process itself, which coordinates them, moves to the first when they are there. Nothing where the
    system has no such thing, or one core.
    """
    if len(CORES) < 2:
        return
    first, second = CORES[:2]
    for server in psutil.Process().children(recursive=True):
        server.cpu_affinity([first])
    os.sched_setaffinity(0, {second})
    move = threading.Timer(STARTING, os.sched_setaffinity, (threading.get_native_id(), {first}))
    move.daemon = True
    move.start()


def machine() -> str:
    """Return one line about the machine and the versions that matter."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("picows", "uvloop", "websockets"))
    return f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
