"""What a functional test (``--once``) did, step by step, on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wsrun.cli.stream import Face, face
from wsrun.once import NOTE
from wsrun.view.visits import Step, list_visits
from wsrun.view.words import cleaned

_GREEN, _RED, _DIM, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def show(result: Mapping[str, Any], report: Path | None, *, no_color: bool = False) -> None:
    """Print the steps, the criteria that say something, and the verdict."""
    paper = face(sys.stdout, os.environ, no_color=no_color)
    sys.stdout.write("\n".join(lines(result, paper, "" if report is None else str(report))) + "\n")
    sys.stdout.flush()


def lines(result: Mapping[str, Any], paper: Face, report: str) -> Iterator[str]:
    """Yield the lines of the summary."""
    found = list_visits(cleaned(result["steps"]))
    verdict = result["verdict"]
    words = {"pass": "passed", "fail": "failed"}.get(verdict, f"is {verdict}")
    told = "0 steps, 0 failed" if found is None else found.told
    yield f"{_mark(verdict == 'pass', paper)} {result['scenario']['name']} {words}: {told}"
    visits = () if found is None else found.visits
    width = max((len(step.name) for visit in visits for step in visit.steps if step.time), default=0)
    for visit in visits:
        yield f"  {visit.client}{f' ({visit.profile})' if visit.profile else ''}"
        for step in visit.steps:
            yield from _step(step, width, paper)
    if found is not None and found.rest:
        yield f"  {found.rest}"
    for row in result["criteria"]:
        if row["status"] in ("missed", "no_data") and row["severity"] == "error":
            why = f": {row['note']}" if row["status"] == "no_data" and row["note"] else ""
            yield f"  {_mark(False, paper)} {row['check']}: {row['observed_text']}{why}"
    aside = [row for row in result["criteria"] if row["status"] == "not_judged"]
    about_load = [row["check"] for row in aside if row["note"] == NOTE]
    if about_load:
        yield _dim(f"  not judged, being about load: {', '.join(about_load)}", paper)
    for row in aside:
        if row["note"] != NOTE:
            yield _dim(f"  not judged: {row['check']}: {row['note']}", paper)
    for reason in result["reasons"]:
        if reason["code"] not in ("criterion-missed", "no-data"):
            yield f"  {_mark(False, paper)} {reason['text']}"
    yield _dim(f"  {f'report {report}, ' if report else ''}exit code {result['exit_code']}", paper)


def _step(step: Step, width: int, paper: Face) -> Iterator[str]:
    yield f"    {_mark(step.is_good, paper)} {step.name:<{width}}  {step.time:>11}".rstrip()
    for problem in step.problems:
        yield f"        {problem}"


def _mark(good: bool, paper: Face) -> str:
    sign = ("✓" if good else "✗") if paper.unicode else ("ok" if good else "FAILED")
    return f"{_GREEN if good else _RED}{sign}{_PLAIN}" if paper.colour else sign


def _dim(text: str, paper: Face) -> str:
    return f"{_DIM}{text}{_PLAIN}" if paper.colour else text
