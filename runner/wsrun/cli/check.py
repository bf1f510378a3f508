"""``wsrun check``: what would go wrong, on this machine and on the way to the target, before a run does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsrun.cli.options import common, override_options, resource_options
from wsrun.cli.stream import face

if TYPE_CHECKING:
    from wsrun.coordinator.preflight import PreflightOptions
    from wsrun.plan import Plan

UNFIT = 3
"""The exit code where something is bad: a run would be invalid."""

EPILOG = """\b
Examples:
  wsrun check spike.yaml
  wsrun check spike.yaml --target wss://staging.example.org/chat --workers 4
  wsrun check scenarios/*.yaml --set phases.spike.clients=20000
  wsrun check spike.yaml --json | jq '.[].sections[].findings[] | select(.state != "good")'

\b
Looked at are descriptors, ports, memory, cores, the place for results and the clock of this machine against
what the plan takes; then, for each server, its name, a TCP connection, TLS and the certificate, and one
handshake; then one client connects, sends its first message and waits for the reply. That client is a real
one: if the scenario logs in or writes something, it does so once.

\b
Each check is good, a warning, bad, or not known, with the figures compared and what to type about it.
Exit codes: 0 nothing is bad, 2 a scenario has mistakes, 3 something is bad and the run would be in vain.
"""


@click.command(epilog=EPILOG, short_help="Look at machine and target before a run.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@override_options
@resource_options
@click.option("--json", "as_json", is_flag=True, help="For programs: seconds, bytes, numbers.")
@common
def check(
    files: tuple[Path, ...],
    target: str | None,
    overrides: tuple[tuple[str, str], ...],
    allow_python: bool,
    out: Path,
    workers: int | None,
    transport: str,
    as_json: bool,
    no_color: bool,
) -> int:
    """Say what a run would lack, on this machine and at the target, and what to do about it."""
    from wsrun.cli.scenario import load, with_target
    from wsrun.compiler import compile_plan
    from wsrun.coordinator.preflight import PreflightOptions

    documents, wrong = load(
        files, with_target(overrides, target), allow_python=allow_python, no_color=no_color
    )
    if wrong:
        return 2
    options = PreflightOptions(out=out, workers=workers, transport=transport)
    plans = [compile_plan(document) for document in documents]
    if as_json:
        return _as_json(plans, options)
    codes = [_check_one(plan, options, no_color, number) for number, plan in enumerate(plans)]
    return max(codes)


def _check_one(plan: Plan, options: PreflightOptions, no_color: bool, number: int) -> int:
    from wsrun.cli.preflight_text import section_lines, summary
    from wsrun.coordinator.preflight import preflight
    from wsrun.preflight.finding import is_bad

    paper = face(sys.stdout, os.environ, no_color=no_color)
    sys.stdout.write(f"{'' if number == 0 else chr(10)}{plan.name}\n")
    sections = []
    for section in preflight(plan, options):
        sections.append(section)
        sys.stdout.write("\n".join(section_lines(section, paper)) + "\n")
        sys.stdout.flush()
    code = UNFIT if is_bad(sections) else 0
    sys.stdout.write(summary(sections, code, paper) + "\n")
    return code


def _as_json(plans: list[Plan], options: PreflightOptions) -> int:
    import json

    from wsrun.coordinator.preflight import preflight
    from wsrun.preflight.finding import is_bad

    content: list[dict[str, Any]] = []
    code = 0
    for plan in plans:
        sections = list(preflight(plan, options))
        if is_bad(sections):
            code = UNFIT
        told = [
            {"title": one.title, "findings": [finding.to_json() for finding in one.findings]}
            for one in sections
        ]
        content.append({"name": plan.name, "sections": told})
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return code
