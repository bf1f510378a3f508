"""The truth table of verdicts: what is done to a run, what must come of it, and whether all faces say so.

Of the exit codes that apply, the first of 4, 5, 130/143, 3, 1 and 0 counts (docs/ci.md):

==============  =====================================================================  =================
cause           how it is brought about                                                exit code
==============  =====================================================================  =================
no data         a criterion on a message that nobody sends; without criteria: the      1; nothing at all
                first client would come as the run ends                                was measured: 3
partial data    the server closes every connection after ten messages                  3, but 1 where a
                                                                                       criterion is missed
dropped         a schedule begins before there is anybody                              3
saturated       an extension holds up the event loop for 300 ms                        3
worker lost     the second of two workers is killed by SIGKILL                         3
signal          SIGINT                                                                 130
disk full       no file may be larger than 100 kB, which the report is                 5
internal error  a function of wsrun's is replaced by one that raises                   4
==============  =====================================================================  =================

That clients were missing whom the target sent away is the one doubt that gives way to a missed criterion:
with less to do than planned, the target missed it as well. All other doubts are about wsrun itself.

Without ``criteria`` those of the language hold: ``connect.success == 100%`` and ``errors == 0``.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.installed import COMMAND, LIMIT, environment

THRESHOLDS = {"met": "round_trip.p95 < 30s", "missed": "round_trip.p95 < 1us", "none": None}

ATTEMPTS = 3
"""A run on a machine that was busy elsewhere says so; then it is done again, so many times in all."""

SMALL = 100_000
"""Bytes that a file may have where the disk is full: a journal and a result of such runs are smaller."""

WORDS = {"pass": ("passed", "Passed"), "fail": ("failed", "Failed"), "invalid": ("is invalid", "Invalid")}
"""How a verdict is said in a sentence, and as a heading."""

CODES = {"pass": (0,), "fail": (1,), "invalid": (3, 4, 5, 130, 143)}

STEPS = {
    "saturated": "{ call: block }",
    "internal error": "{ call: break_wsrun }",
    "worker lost": "{ if: '{{ client.index == 1 }}', then: [ { call: die } ] }",
    "signal": "{ call: interrupt }",
}
"""What the clients do a moment after their messages, to bring causes about, in this order."""

ACTS = ("block", "die", "interrupt", "break_wsrun")
"""The functions of ``SABOTAGE``."""

SABOTAGE = '''\
"""What an operator would not let into a run: it blocks, kills, interrupts and breaks."""

import os
import signal
import time


def block(client):
    time.sleep(0.3)


def die(client):
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt(client):
    os.kill(os.getppid(), signal.SIGINT)


def break_wsrun(client):
    from wsrun.engine.fitness import Fitness

    Fitness.gauges = None
'''


@dataclass(frozen=True)
class Case:
    """One run: its threshold, its causes, and the exit code and the codes of reasons that must come of it."""

    threshold: str
    causes: tuple[str, ...]
    code: int
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.threshold}, {' and '.join(self.causes)}"


def _one(cause: str, met: tuple[int, str], missed: tuple[int, str], none: tuple[int, str]) -> Iterator[Case]:
    for threshold, (code, reasons) in zip(THRESHOLDS, (met, missed, none), strict=True):
        yield Case(threshold, (cause,), code, tuple(reasons.split()))


def _graver(cause: str, code: int, reasons: str) -> Iterator[Case]:
    """What weighs more than any criterion; one that is missed is named all the same."""
    return _one(cause, (code, reasons), (code, f"{reasons} {MISSED}"), (code, reasons))


MISSED = "criterion-missed"
DEFECT = "internal-error worker-lost"
"""A worker that meets a defect of wsrun is lost to the run as well."""

SINGLE = (
    #         threshold met, missed, none
    *_one("clean", (0, ""), (1, MISSED), (0, "")),
    *_one("no data", (1, "no-data"), (1, f"no-data {MISSED}"), (3, "nothing-measured no-data")),
    *_one("partial data", (3, "load-not-delivered"), (1, MISSED), (1, MISSED)),
    *_graver("dropped", 3, "load-not-delivered"),
    *_graver("saturated", 3, "generator-saturated"),
    *_graver("worker lost", 3, "worker-lost"),
    *_graver("signal", 130, "interrupted"),
    *_graver("disk full", 5, "results-not-written"),
    *_graver("internal error", 4, DEFECT),
)
"""Each cause alone, with each threshold: 27."""

PAIRS = (
    Case("met", ("no data", "signal"), 130, ("interrupted", "no-data")),
    Case("met", ("no data", "worker lost"), 3, ("worker-lost", "no-data")),
    Case("met", ("partial data", "disk full"), 5, ("results-not-written", "load-not-delivered")),
    Case("missed", ("partial data", "dropped"), 3, ("load-not-delivered", MISSED)),
    Case("met", ("dropped", "saturated"), 3, ("generator-saturated", "load-not-delivered")),
    Case("missed", ("dropped", "worker lost"), 3, ("worker-lost", "load-not-delivered", MISSED)),
    Case("missed", ("saturated", "signal"), 130, ("interrupted", "generator-saturated", MISSED)),
    Case("met", ("saturated", "disk full"), 5, ("results-not-written", "generator-saturated")),
    Case("missed", ("worker lost", "signal"), 130, ("interrupted", "worker-lost", MISSED)),
    Case("met", ("worker lost", "disk full"), 5, ("results-not-written", "worker-lost")),
    Case("missed", ("signal", "disk full"), 5, ("results-not-written", "interrupted", MISSED)),
    Case("met", ("signal", "internal error"), 4, ("internal-error", "interrupted", "worker-lost")),
    Case("missed", ("disk full", "internal error"), 4, (*DEFECT.split(), "results-not-written", MISSED)),
)
"""Two causes at once: 13."""


def disagreement(case: Case, folder: Path) -> str | None:
    """Run a case, and say in which of its faces it is not what it must be; None: it is, in all of them."""
    for attempt in range(ATTEMPTS):
        place = folder / str(attempt)
        place.mkdir(parents=True)
        ended = _run(case, place)
        result = _result(place)
        busy = "generator-saturated" in _reasons(result) and "generator-saturated" not in case.reasons
        if not busy:
            break
    return next(_differences(case, ended, result, place), None)


def scenario(case: Case) -> str:
    """Return the scenario of a case."""
    criteria = [check for check in (THRESHOLDS[case.threshold],) if check is not None]
    if "no data" in case.causes and criteria:
        criteria.append("round_trip(message=other).p95 < 30s")
    nobody = "no data" in case.causes and not criteria
    clients = "{ from: 0, to: 1, step: 1, every: 600ms }" if nobody else "2"
    path = "/faults/close?code=1001&after=10" if "partial data" in case.causes else "/echo"
    acts = [step for cause, step in STEPS.items() if cause in case.causes]
    steps = ", ".join(["{ send: ping, times: 10 }", *(["{ think: 250ms }"] if acts else []), *acts])
    long = "10s" if {"signal", "worker lost"} & set(case.causes) else "600ms"
    early = "{ name: early, duration: 200ms, clients: 0, rate: 200/s }, " if "dropped" in case.causes else ""
    reply = 'reply: { match: { $.id: "{{ id }}" } }'
    return f"""\
wsrun: 1
interval: 100ms
target: {{ url: "demo:{path}" }}
extensions: {{ {", ".join(f"{name}: sabotage:{name}" for name in ACTS)} }}
messages:
  ping: {{ json: {{ id: "{{{{ id }}}}" }}, {reply} }}
  other: {{ json: {{ id: "{{{{ id }}}}" }}, {reply} }}
profiles: {{ pinger: {{ start: [ {steps} ], mix: {{ ping: 1 }}, think: 1h }} }}
phases: [ {early}{{ name: only, duration: {long}, clients: {clients} }} ]
{f"criteria: [ {', '.join(map(json.dumps, criteria))} ]" if criteria else ""}
"""


def _run(case: Case, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "case.yaml").write_text(scenario(case))
    (folder / "sabotage.py").write_text(SABOTAGE)
    workers = "2" if "worker lost" in case.causes else "1"
    words = ["case.yaml", "--allow-python", "--workers", workers, "--out", "out", "--no-color"]

    def limited() -> None:
        if "disk full" in case.causes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))

    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        preexec_fn=limited,
    )


def _result(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("result.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _reasons(result: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in result["reasons"]]


def _differences(
    case: Case, ended: subprocess.CompletedProcess[str], result: dict[str, Any], folder: Path
) -> Iterator[str]:
    """Yield what is not as it must be: process, result.json, terminal, summary and report."""
    verdict = next(name for name, codes in CODES.items() if case.code in codes)
    sentence, heading = WORDS[verdict]
    if ended.returncode != case.code:
        yield f"the process ended with {ended.returncode}, not {case.code}: {ended.stderr}{ended.stdout}"
    if (result["verdict"], result["exit_code"]) != (verdict, case.code):
        yield f"result.json says {result['verdict']}, {result['exit_code']}"
    if set(_reasons(result)) != set(case.reasons):
        yield f"result.json names {_reasons(result)}, not {list(case.reasons)}"
    if "Traceback" in ended.stdout + ended.stderr:
        yield f"there is a traceback: {ended.stderr}"
    texts = {"the terminal": ended.stdout}
    directory = next(folder.rglob("result.json")).parent
    report = directory / "report.html"
    if "disk full" in case.causes:
        if report.exists():
            yield "there is a report that could not be written"
    else:
        texts["summary.txt"] = (directory / "summary.txt").read_text()
        page = report.read_text()
        if re.findall(r"<h1>(\w+)", page) != [heading]:
            yield f"the report says {re.findall(r'<h1>(.*?)</h1>', page)}"
        if re.findall(r"<dt>Exit code</dt>\s*<dd>(\d+)</dd>", page) != [str(case.code)]:
            yield "the report has another exit code"
        if f"case {sentence}" not in page.partition("</title>")[0]:
            yield "the title of the report says something else"
    for name, text in texts.items():
        if f"case {sentence}" not in text.splitlines()[0]:
            yield f"{name} begins with {text.splitlines()[0]}"
        if not text.rstrip().endswith(f"exit code {case.code}"):
            yield f"{name} has another exit code: {text}"
