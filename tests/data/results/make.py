"""Writes the synthetic results beside this file: ``python tests/data/results/make.py``.

They follow ``schemas/result.schema.json`` exactly and are made up: one run of a chat server in several fates,
and a few runs that are awkward to show. The draws are seeded, so that the files change only with this code.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "runner")]

import awkward  # noqa: E402
from assemble import result  # noqa: E402
from judging import judge, rule  # noqa: E402
from simulate import Phase, simulate  # noqa: E402

CHAT = (
    Phase("arrive", 10, 0, 200, warm_up=10),
    Phase("steady", 30, 200, 200),
    Phase("spike", 30, 2200, 2200, stress=1.0),
    Phase("after", 20, 200, 200),
)


def chat(*, harm: float, refused: int, closed: int, seed: int = 42, **more: Any) -> dict[str, Any]:
    """Return the chat run, judged."""
    run = simulate(CHAT, seed=seed, rate=1.9, harm=harm, refused=refused, closed=closed)
    found = result(run, **more)
    found["criteria"] = judge(found, run)
    return rule(found)


def invalid() -> dict[str, Any]:
    """Return the failed run with a generator that could not keep up."""
    found = chat(harm=1.0, refused=37, closed=12, busy=0.95)
    text = "event-loop lag p99 was 86 ms; the limit is 20 ms"
    reason = {
        "code": "generator-saturated",
        "text": text,
        "remedy": "run it with --workers 4, or from a second machine",
    }
    for entry in found["criteria"]:
        entry["status"] = "not_judged"
    found["run"]["workers"] = 2
    return found | {"verdict": "invalid", "exit_code": 3, "reasons": [reason]}


def interrupted() -> dict[str, Any]:
    """Return a run that Ctrl-C ended within the spike."""
    run = simulate(CHAT, seed=42, rate=1.9, harm=1.0, refused=37, closed=12)
    run.messages = [m for m in run.messages if m.due < 61.9]
    run.attempts = [a for a in run.attempts if a.at < 61.9]
    run.closes = [c for c in run.closes if c[0] < 61.9]
    found = result(run, stopped=61.9)
    found["criteria"] = judge(found, run)
    for entry in found["criteria"]:
        if entry["phase"] == "after":
            entry |= {
                "status": "not_judged",
                "observed": None,
                "used": None,
                "note": "the phase after was not reached",
            }
    found = rule(found)
    found["reasons"].insert(
        0, {"code": "interrupted", "text": "the run was ended by SIGINT before its time", "remedy": None}
    )
    return found | {
        "state": "interrupted",
        "stopped": {"at": 61.9, "why": "SIGINT"},
        "verdict": "invalid",
        "exit_code": 130,
    }


def main() -> None:
    """Write every result."""
    failed = chat(harm=1.0, refused=37, closed=12, interval=0.5)
    results = {
        "pass": chat(harm=0.22, refused=0, closed=0),
        "fail": failed,
        "invalid": invalid(),
        "interrupted": interrupted(),
        **awkward.results(copy.deepcopy(failed)),
    }
    for name, found in results.items():
        lines = ",\n".join(
            f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in found.items()
        )
        (HERE / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
