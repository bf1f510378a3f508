"""Runs a scenario against a real server, in this process as coordinator and in real workers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.source import parse

PING = '{ json: { type: ping, id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } }'


def run_scenario(
    text: str,
    url: str,
    *,
    target: str = "close_timeout: 2s",
    workers: int = 1,
    transport: str = "fast",
    folder: Path | None = None,
) -> dict[str, Any]:
    """Run a scenario, given without its head, and return the result."""
    document = parse(f'wsrun: 1\ntarget: {{ url: "{url}", {target} }}\n{text}', "scenario.yaml", environ={})
    plan = compile_plan(document, seed=1)
    with tempfile.TemporaryDirectory() as temporary:
        options = RunOptions(
            out=folder or Path(temporary), command="wsrun scenario.yaml", workers=workers, transport=transport
        )
        return run(plan, options, lambda progress: None)
