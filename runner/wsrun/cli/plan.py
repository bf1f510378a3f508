"""``wsrun plan``: what a scenario will do, and every setting with its default; nothing is connected to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsrun.cli.options import common, override_options, seed_option
from wsrun.cli.stream import face

if TYPE_CHECKING:
    from wsrun.estimate import Estimate
    from wsrun.plan import Plan

EPILOG = """\b
Examples:
  wsrun plan spike.yaml
  wsrun plan spike.yaml --set phases.spike.clients=20000
  wsrun plan spike.yaml --json | jq .estimate.messages

Nothing is connected to.
"""


@click.command(epilog=EPILOG, short_help="Show what a scenario will do, and every default.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@override_options
@seed_option
@click.option("--json", "as_json", is_flag=True, help="For programs: seconds, bytes, numbers a second.")
@common
def plan(
    file: Path,
    target: str | None,
    overrides: tuple[tuple[str, str], ...],
    allow_python: bool,
    seed: int | None,
    as_json: bool,
    no_color: bool,
) -> int:
    """Show what a scenario will do: clients, messages and bytes by phase, memory, every default."""
    from wsrun.cli.scenario import load, with_target
    from wsrun.cli.settings import settings
    from wsrun.compiler import compile_plan
    from wsrun.estimate import estimate
    from wsrun.machine import descriptor_limits

    documents, wrong = load(
        [file], with_target(overrides, target), allow_python=allow_python, no_color=no_color
    )
    if wrong:
        return 2
    compiled = compile_plan(documents[0], seed=seed)
    expected = estimate(compiled)
    written = settings(compiled, documents[0].data)
    if seed is None and "seed" not in documents[0].data:
        # It is drawn anew for each run; the one of this plan would mislead.
        del written["seed"]
    if as_json:
        import json

        estimated = as_data(expected) | {"searches": searches(compiled)}
        content = {"name": compiled.name, "estimate": estimated, "settings": written}
        sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        from wsrun.cli.plan_text import plan_text

        paper = face(sys.stdout, os.environ, no_color=no_color)
        sys.stdout.write(plan_text(compiled, expected, written, paper, descriptor_limits()[1]))
    return 0


def as_data(expected: Estimate) -> dict[str, Any]:
    """Return an estimate for programs: seconds, bytes, numbers a second."""
    return {
        "duration": expected.duration,
        "drain": expected.drain,
        "clients_most": expected.clients_most,
        "connections_most": expected.connections_most,
        "connects": expected.connects,
        "messages": expected.messages,
        "bytes": expected.bytes,
        "memory": expected.memory,
        "descriptors": expected.descriptors,
        "is_without": [
            name
            for name, is_there in (
                ("lifecycles", expected.has_lifecycles),
                ("reactions", expected.has_reactions),
                ("unpaced clients", expected.has_unpaced),
            )
            if is_there
        ],
        "phases": [
            {
                "name": phase.name,
                "start": phase.start,
                "duration": phase.duration,
                "warm_up": phase.warm_up,
                "clients": {"before": phase.clients_before, "after": phase.clients_after},
                "connects": phase.connects,
                "connects_per_second_most": phase.connects_most,
                "messages": phase.messages,
                "messages_per_second": phase.rate,
                "messages_per_second_most": phase.rate_most,
                "bytes": phase.bytes,
                "bytes_per_second": phase.byte_rate,
                "has_unpaced_clients": phase.has_unpaced,
            }
            for phase in expected.phases
        ],
    }


def searches(plan: Plan) -> list[dict[str, Any]]:
    """Return the searches of a plan for programs: the levels of the longest way, and its seconds."""
    return [
        {
            "phase": phase.name,
            "over": phase.search.axis,
            "levels": [held.value for held in phase.search.held],
            "duration_most": phase.duration,
        }
        for phase in plan.phases
        if phase.search is not None
    ]
