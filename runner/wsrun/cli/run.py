"""``wsrun run FILE``, or ``wsrun FILE``: run scenarios, show how they go, and end with the verdict."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsrun.cli import directory
from wsrun.cli.options import Session, common, override_options, resource_options, seed_option
from wsrun.cli.stream import face
from wsrun.errors import OutputError

if TYPE_CHECKING:
    from wsrun.coordinator.run import RunOptions
    from wsrun.plan import Plan

EPILOG = """\b
Examples:
  wsrun spike.yaml
  wsrun spike.yaml --target ws://127.0.0.1:8000/ws --workers 4
  wsrun smoke.yaml steady.yaml --out results --quiet
  wsrun spike.yaml --set phases.spike.clients=500 --set criteria=[]
  wsrun login.yaml --once            each step once, as a functional test
  wsrun spike.yaml --seed 7          the same profiles, rows and messages each time

\b
report.html, result.json, summary.txt, *.csv, *.hgrm and journal.jsonl are written to
wsrun-results/<scenario>/<time>/. Of several files, each is run when the one before is over, and the exit
code is the worst one.
"""

PRECEDENCE = (0, 1, 3, 143, 130, 5, 4)
"""Exit codes of runs from good to bad: of several, the last in this order counts."""

_SECRET = re.compile(r"((?:secret|password|token|authorization|cookie|api-?key)[^=]*=).+", re.IGNORECASE)
_USER = re.compile(r"(://)[^/@\s]+@")


@click.command(epilog=EPILOG, short_help="Run scenarios and exit with the verdict.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@override_options
@resource_options
@seed_option
@click.option(
    "--once", is_flag=True, help="As a functional test: one client a group and profile, all of it once."
)
@click.option("--quiet", is_flag=True, help="Nothing while it runs; only the verdict.")
@common
@click.pass_obj
def run(
    session: Session,
    files: tuple[Path, ...],
    target: str | None,
    overrides: tuple[tuple[str, str], ...],
    allow_python: bool,
    out: Path,
    workers: int | None,
    seed: int | None,
    transport: str,
    once: bool,
    quiet: bool,
    no_color: bool,
) -> int:
    """Run scenarios, write their reports, and exit with the verdict."""
    from wsrun.cli.scenario import load, with_target
    from wsrun.compiler import compile_plan
    from wsrun.coordinator.run import RunOptions
    from wsrun.once import once as as_test

    documents, wrong = load(
        files, with_target(overrides, target), allow_python=allow_python, no_color=no_color
    )
    if wrong:
        if documents:
            sys.stderr.write("\nnothing was run\n")
        return 2
    codes: list[int] = []
    for document in documents:
        if codes:
            sys.stdout.write("\n")
        plan = compile_plan(document, seed=seed)
        if once:
            # All clients of one process, so that each step has its place in the order of all.
            plan, workers = as_test(plan), 1
        session.directory = directory.make_directory(out, plan.name)
        options = RunOptions(
            out=session.directory,
            command=command_line(session.words),
            workers=workers,
            transport=transport,
            overrides=with_target(overrides, target),
        )
        codes.append(_run_one(plan, options, quiet, no_color))
        if codes[-1] in (130, 143):
            break
    if len(documents) > 1:
        passed = codes.count(0)
        left = len(documents) - len(codes)
        not_run = f", {left} not run" if left else ""
        sys.stdout.write(f"\n{passed} of {len(documents)} scenarios passed{not_run}\n")
    return worst(codes)


def worst(codes: Sequence[int]) -> int:
    """Return the exit code of several runs together."""
    return max(codes, key=PRECEDENCE.index)


def command_line(words: Sequence[str]) -> str:
    """Return the command as it could be typed again, less what looks like a secret."""
    shown = [_USER.sub(r"\1***@", _SECRET.sub(r"\1***", word)) for word in words]
    return shlex.join(["wsrun", *shown])


def _run_one(plan: Plan, options: RunOptions, quiet: bool, no_color: bool) -> int:
    from wsrun.cli import once, summary
    from wsrun.cli.live import watching
    from wsrun.coordinator.run import run as carry_out
    from wsrun.outputs import write_all
    from wsrun.verdict import break_off, withdraw

    out = options.out
    paper = face(sys.stderr, os.environ, no_color=no_color)
    show = once.show if plan.once else summary.show
    with watching(plan, sys.stderr, paper, quiet=quiet or plan.once) as watch:
        result = carry_out(plan, options, watch, lambda text: watch.tell(f"warning: {text}"))
    report: Path | None = None
    try:
        report = write_all(result, out)[0]
    except OutputError as error:
        sys.stderr.write(f"error: {error}\n")
        withdraw(result, str(error))
        _amend(result, out)
    except Exception as error:
        # A defect in one face of the result must not hide what all of them would say, nor let them disagree.
        break_off(result, f"the results could not be shown: {type(error).__name__}")
        with contextlib.suppress(Exception):
            _amend(result, out)
        with contextlib.suppress(Exception):
            show(result, None, no_color=no_color)
        raise
    show(result, report, no_color=no_color)
    return int(result["exit_code"])


def _amend(result: Mapping[str, Any], out: Path) -> None:
    """Let the files that can be written say the same as the exit code; the others say nothing."""
    import orjson

    from wsrun.files import write_whole
    from wsrun.outputs import write_all

    with contextlib.suppress(OutputError):
        write_whole(out / "result.json", orjson.dumps(result))
        write_all(result, out)
