"""What a functional test (``--once``) did, step by step, on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from wsrun.cli.stream import Face, face
from wsrun.once import NOTE

_GREEN, _RED, _DIM, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def show(result: Mapping[str, Any], report: Path | None, *, no_color: bool = False) -> None:
    """Print the steps, the criteria that say something, and the verdict."""
    paper = face(sys.stdout, os.environ, no_color=no_color)
    sys.stdout.write("\n".join(lines(result, paper, "" if report is None else str(report))) + "\n")
    sys.stdout.flush()


def lines(result: Mapping[str, Any], paper: Face, report: str) -> Iterator[str]:
    """Yield the lines of the summary."""
    steps = result["steps"]
    failed = sum(not step["ok"] for step in steps)
    told = f"{len(steps)} steps" if len(steps) != 1 else "1 step"
    verdict = result["verdict"]
    words = {"pass": "passed", "fail": "failed"}.get(verdict, f"is {verdict}")
    yield f"{_mark(verdict == 'pass', paper)} {result['scenario']['name']} {words}: {told}, {failed} failed"
    width = max((len(step["step"]) for step in steps), default=0)
    by_client = sorted(steps, key=lambda step: (step["client"], step["at"]))
    for client, mine in groupby(by_client, key=lambda step: step["client"]):
        done = list(mine)
        profile = next((step["profile"] for step in done if step["profile"]), "")
        yield f"  {client}{f' ({profile})' if profile else ''}"
        for step in done:
            yield from _step(step, width, paper)
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


def _step(step: Mapping[str, Any], width: int, paper: Face) -> Iterator[str]:
    name = step["step"] or "between steps"
    time = f"{step['seconds'] * 1000:8.1f} ms" if step["step"] else ""
    yield f"    {_mark(step['ok'], paper)} {name:<{width}}  {time}".rstrip()
    for problem in step["problems"]:
        yield f"        {problem}"


def _mark(good: bool, paper: Face) -> str:
    sign = ("✓" if good else "✗") if paper.unicode else ("ok" if good else "FAILED")
    return f"{_GREEN if good else _RED}{sign}{_PLAIN}" if paper.colour else sign


def _dim(text: str, paper: Face) -> str:
    return f"{_DIM}{text}{_PLAIN}" if paper.colour else text
