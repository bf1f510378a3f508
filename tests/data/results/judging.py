"""Judging a made-up result, much as the judge does. Used only by ``make.py``."""

from __future__ import annotations

from typing import Any

import count
from assemble import SCENARIO
from simulate import Run


def criterion(check: str, observed: float | None, required: float, unit: str, **more: Any) -> dict[str, Any]:
    """One judged criterion; status and share of the limit follow from its numbers unless given."""
    operator = next(word for word in check.split() if word[0] in "<>=!")
    left, _, bound = check.partition(f" {operator} ")
    name, _, labels = left.partition("(")
    inside, _, stat = labels.partition(").")
    if not labels:
        name, stat = (
            (left.rpartition(".")[0], left.rpartition(".")[2])
            if ".p" in left or ".avg" in left
            else (left, "")
        )
    met = (
        observed is not None
        and {
            "<": observed < required,
            "<=": observed <= required,
            ">=": observed >= required,
            "==": observed == required,
        }[operator]
    )
    used = None
    if observed is not None and operator in ("<", "<=") and required:
        used = observed / required
    elif observed is not None and operator == ">=" and unit == "share" and required < 1:
        used = (1 - observed) / (1 - required)
    elif observed is not None and operator == "==" and met:
        used = 0.0
    of = dict(part.split("=") for part in inside.rstrip(")").split() if "=" in part)
    line = next((n for n, text in enumerate(SCENARIO.splitlines(), 1) if check in text), 1)
    return {
        "check": check,
        "status": "no_data" if observed is None else "met" if met else "missed",
        "severity": "error",
        "observed": count.tidy(observed),
        "required": required,
        "unit": unit,
        "operator": operator,
        "observed_text": "no data" if observed is None else f"{observed:.4g}",
        "required_text": bound,
        "because": None,
        "good": None,
        "used": count.tidy(used),
        "samples": None,
        "phase": of.get("phase"),
        "metric": name,
        "stat": stat or None,
        "labels": of,
        "timeout_floor": False,
        "note": None,
        "aborts": False,
        "location": {"path": "scenarios/chat-spike.yaml", "line": line, "column": 5},
    } | more


def judge(result: dict[str, Any], run: Run) -> list[dict[str, Any]]:
    """Judge the chat run by the criteria of its scenario."""
    phases = {row["name"]: row for row in result["phases"]}
    connections = result["counts"]["connections"]
    say = result["messages"][0]["round_trip"]
    tried = connections["attempted"] + len(run.messages)
    failed = sum(entry["count"] for entry in result["errors"])
    lost = sum(1 for _, side, code, _ in run.closes if code == 1006)

    def at(phase: str, stat: str, required: float, check: str, **more: Any) -> dict[str, Any]:
        trips = phases[phase]["round_trip"]
        return criterion(check, trips[stat], required, "seconds", samples=trips["count"], **more)

    return [
        criterion(
            "connect.success >= 98%",
            connections["established"] / max(connections["attempted"], 1),
            0.98,
            "share",
            samples=connections["attempted"],
        ),
        at("spike", "p99", 0.25, "round_trip(phase=spike).p99 < 250ms"),
        criterion("round_trip(message=say).p95 < 300ms", say["p95"], 0.3, "seconds", samples=say["count"]),
        at(
            "after",
            "p95",
            0.08,
            "round_trip(phase=after).p95 < 80ms",
            because="it must recover after the peak",
        ),
        criterion(
            "connect.time.avg < 150ms",
            result["overall"]["connect"]["avg"],
            0.15,
            "seconds",
            severity="warning",
            samples=connections["established"],
            good={"check": "connect.time.avg < 100ms", "met": False},
        ),
        criterion("errors.ratio < 5%", failed / tried, 0.05, "share", samples=tried, aborts=True),
        criterion("replies.failed == 0", 0, 0, "number", samples=len(run.messages)),
        criterion("closed(code=1006) == 0", lost, 0, "number", samples=connections["established"]),
    ]


def rule(found: dict[str, Any]) -> dict[str, Any]:
    """Give the verdict that follows from the criteria."""
    missed = [
        c for c in found["criteria"] if c["status"] in ("missed", "no_data") and c["severity"] == "error"
    ]
    if missed:
        reasons = [
            {
                "code": "criterion-missed" if c["status"] == "missed" else "no-data",
                "text": c["check"],
                "remedy": None,
            }
            for c in missed
        ]
        found |= {"verdict": "fail", "exit_code": 1, "reasons": reasons}
    return found
