"""What the report says of losses and what became of them."""

from __future__ import annotations

from typing import Any

from tests import synthetic

from wsrun.view import build_view
from wsrun.view.ledger import Ledger

TIMES = {"count": 4, "min": 0.1, "avg": 0.2, "max": 0.4, "p50": 0.2, "p75": 0.3, "p90": 0.4, "p95": 0.4}


def ledgers(resilience: dict[str, Any]) -> dict[str, Ledger]:
    """Return the ledgers of a run that had these parts, by their titles."""
    view = build_view(synthetic.load("pass") | {"resilience": resilience})
    return {ledger.title: ledger for column in view.ledgers for ledger in column}


def test_reconnects_have_a_ledger() -> None:
    """How many are back and how long it took; what was given up or missed is loud."""
    told = {"done": 4, "failed": 1, "missed": 0, "time": TIMES}
    ledger = ledgers({"reconnects": told})["Reconnects"]

    assert [(line.number, line.is_loud) for line in ledger.lines] == [("4", False), ("1", True), ("0", False)]
    assert "200" in ledger.lines[0].note
    assert "400" in ledger.lines[0].note


def test_a_run_without_reconnects_has_none() -> None:
    """Also a result of before there were any."""
    assert "Reconnects" not in ledgers({"reconnects": None})
    assert "Reconnects" not in ledgers({})


def test_what_else_the_scenario_uses_has_a_ledger_too() -> None:
    """Who served whom with what became of the rest, open breakers, and heartbeats."""
    server = {"name": "a:1", "socket": "main", "url": "ws://a:1/", "attempted": 9, "established": 4}
    server |= {"refused": 3, "timed_out": 0, "failed": 2, "closed": 4}
    found = ledgers(
        {
            "servers": [server, {**server, "name": "b:1", "established": 5, "refused": 0, "failed": 0}],
            "breakers": {"most_open": 7, "seconds_open": 12.0},
            "heartbeats": {"missed": 2, "latency": TIMES},
        }
    )

    assert [(line.name, line.number, line.note) for line in found["Servers"].lines] == [
        ("a:1", "4", "3 refused, 2 failed"),
        ("b:1", "5", ""),
    ]
    assert found["Servers"].total is not None
    assert found["Servers"].total.number == "9"
    assert [line.number for line in found["Circuit breakers"].lines] == ["7"]
    assert [line.number for line in found["Heartbeats"].lines] == ["4", "2"]
