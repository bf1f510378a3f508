"""Runs a scenario against a real server, in this process as coordinator and in real workers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import jsonschema

from wsrun import resources
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.plan import Plan
from wsrun.source import parse

PING = '{ json: { type: ping, id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } }'


def plan_of(text: str, url: str, *, target: str = "close_timeout: 2s") -> Plan:
    """Compile a scenario that is given without its head."""
    document = parse(f'wsrun: 1\ntarget: {{ url: "{url}", {target} }}\n{text}', "scenario.yaml", environ={})
    return compile_plan(document, seed=1)


def options_in(folder: Path, *, workers: int = 1, transport: str = "fast") -> RunOptions:
    """Return the options of a run that writes into a folder."""
    return RunOptions(out=folder, command="wsrun scenario.yaml", workers=workers, transport=transport)


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
    plan = plan_of(text, url, target=target)
    with tempfile.TemporaryDirectory() as temporary:
        options = options_in(folder or Path(temporary), workers=workers, transport=transport)
        return run(plan, options, lambda progress: None)


def validate_result(result: dict[str, Any]) -> None:
    """Hold a result against the schema of results; raises jsonschema.ValidationError."""
    jsonschema.Draft202012Validator(json.loads(resources.schema("result"))).validate(result)
