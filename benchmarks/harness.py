"""What the benchmarks share: running a scenario against a server, and saying on what machine."""

from __future__ import annotations

import os
import platform
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.source import parse


def run_text(text: str, *, workers: int = 1, transport: str = "fast") -> dict[str, Any]:
    """Run a scenario given as text and return its result."""
    plan = compile_plan(parse(text, "benchmark.yaml", environ={}), seed=1)
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(out=Path(folder), command="benchmark", workers=workers, transport=transport)
        return run(plan, options, lambda progress: None)


def machine() -> str:
    """Return one line about the machine and the versions that matter."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("picows", "uvloop", "websockets"))
    return f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
