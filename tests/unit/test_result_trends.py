"""Trends of the timeline's series: known series, phases, warm-ups, and what is shown of them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema
import pytest
from runs import Event, Sent, collected, plan_of, record, snapshots_of
from tests.synthetic import load

from wsrun import resources
from wsrun.outputs.text import render_text
from wsrun.result.build import build
from wsrun.result.trends import LEAST_ROWS, SERIES, trends
from wsrun.view import build_view

HEAD = 'wsrun: 1\ntarget: { url: "ws://127.0.0.1:1/" }\nmessages: { hi: { text: hi } }\n'
PLAN = plan_of(
    HEAD + "phases: [ { name: ramp, duration: 100s, clients: { from: 0, to: 9 } },"
    " { name: work, duration: 1000s, warm_up: 100s }, { name: short, duration: 5s } ]\n"
)


def row(t: float, length: float = 1.0, **values: Any) -> dict[str, Any]:
    """A row of the timeline in which nothing happens but what is said."""
    trips = {"count": 9, "p50": 0.01, "p95": 0.02, "p99": 0.03, "max": 0.04}
    plain = {"sent": 10, "received": 10, "answered": 10, "clients": 9, "cpu": 0.1, "lag_p99": 0.001}
    empty = {"failures": {}, "memory": 1e8, "round_trip": trips, "service_time": trips}
    scaled = {key: plain[key] * length for key in ("sent", "received", "answered")}
    return {"t": t, "length": length, **plain, **scaled, **empty, **values}


def found(rows: list[dict[str, Any]], series: str) -> dict[str, Any]:
    (entry,) = [entry for entry in trends(PLAN, rows) if entry["series"] == series]
    return entry


def test_a_series_that_does_not_move_is_stable() -> None:
    """All of them, with a slope of nothing; only of the phase that is constant and long enough."""
    told = trends(PLAN, [row(float(t)) for t in range(1110)])

    assert [entry["series"] for entry in told] == [series.name for series in SERIES]
    assert {entry["phase"] for entry in told} == {"work"}
    assert {(entry["direction"], entry["slope"]) for entry in told} == {("stable", 0.0)}


@pytest.mark.parametrize(("steepness", "direction"), [(1e-5, "increasing"), (-1e-5, "decreasing")])
def test_a_latency_that_drifts_is_found_with_its_slope(steepness: float, direction: str) -> None:
    """In noise of a tenth; the change is over the time that is judged, which the warm-up is no part of."""
    random = Random(4)
    rows = []
    for t in range(1100):
        drift = 5.0 if t < 200 else 0.05 + steepness * t + random.gauss(0, 0.005)
        rows.append(row(float(t), round_trip={"count": 9, "p50": 0.01, "p95": drift, "p99": 0.1}))
    entry = found(rows, "round_trip.p95")

    assert entry["direction"] == direction
    assert entry["slope"] == pytest.approx(steepness, rel=0.2)
    assert entry["low"] <= entry["slope"] <= entry["high"]
    assert entry["seconds"] == pytest.approx(900.0)
    assert entry["change"] == pytest.approx(entry["slope"] * 900.0)
    assert found(rows, "round_trip.p50")["direction"] == "stable"


def test_rows_of_unequal_width_weigh_as_long_as_they_are() -> None:
    """Old rows of ten seconds, new ones of one: rates are per second, and the slope is the same."""
    old = [row(200.0 + t, 10.0, memory=1e8 + 1000 * (t + 5)) for t in range(0, 800, 10)]
    new = [row(1000.0 + t, memory=1e8 + 1000 * (800 + t + 0.5)) for t in range(100)]

    assert found(old + new, "messages.sent.rate")["direction"] == "stable"
    entry = found(old + new, "generator.memory")
    assert (entry["direction"], entry["slope"]) == ("increasing", pytest.approx(1000.0))


def test_a_phase_with_few_rows_has_no_trend() -> None:
    """Nor one without replies, of what it has none of."""
    rows = [row(200.0 + t) for t in range(LEAST_ROWS - 1)]
    assert trends(PLAN, rows) == []
    silent = {"count": 0, "p50": None, "p95": None, "p99": None}
    names = {
        entry["series"] for entry in trends(PLAN, [row(200.0 + t, round_trip=silent) for t in range(20)])
    }
    assert "round_trip.p99" not in names
    assert "open" in names


def test_no_more_than_one_stable_series_in_twelve_is_called_a_trend() -> None:
    """Noise alone, 150 runs of 100 rows; the test says 5 %."""
    random = Random(9)
    wrong = 0
    for _ in range(150):
        rows = [row(200.0 + t, memory=1e8 + random.gauss(0, 1e6)) for t in range(100)]
        wrong += found(rows, "generator.memory")["direction"] != "stable"

    assert 0 < wrong <= 12


def test_a_result_has_the_trends_of_its_phases() -> None:
    """Of the shape of the schema, also where a run is long enough to have some."""
    plan = plan_of(HEAD + "phases: [ { name: work, duration: 30s, clients: 2 } ]\n")
    happened: list[Event] = [Sent(second, "note", "sent") for second in range(30)]
    told = snapshots_of(happened, seconds=30, stretches=[("work", None)] * 30)
    result = build(plan, collected(plan, told), record(ran=30.0))

    assert {entry["phase"] for entry in result["trends"]} == {"work"}
    jsonschema.Draft202012Validator(json.loads(resources.schema("result"))).validate(result)


def entry(
    series: str, direction: str, change: float, typical: float = 0.02, rows: int = 100
) -> dict[str, Any]:
    return {
        "phase": "steady",
        "series": series,
        "unit": "seconds",
        "direction": direction,
        "slope": change / 600,
        "low": change / 1200,
        "high": change / 500,
        "seconds": 600.0,
        "change": change,
        "typical": typical,
        "rows": rows,
    }


def test_a_notable_trend_is_told_in_the_terminal() -> None:
    """A tenth of the median or more, and significant; the rest is in the report alone."""
    result = load("pass")
    result["trends"] = [
        entry("round_trip.p95", "increasing", 0.01),
        entry("round_trip.p50", "increasing", 0.001),
        entry("round_trip.p99", "stable", 0.01),
    ]
    view = build_view(result)

    assert view.trends is not None
    assert [row.is_notable for row in view.trends.rows] == [True, False, False]
    text = render_text(view)
    assert "trend: round_trip.p95 increasing in steady (+10.0 ms over 10 min)" in " ".join(text.split())
    assert "round_trip.p50 increasing" not in text


def test_a_short_phase_shows_no_trends() -> None:
    """They are in result.json; an old result has none at all."""
    result = load("pass")
    assert build_view(result).trends is None
    result["trends"] = [entry("round_trip.p95", "increasing", 0.01, rows=59)]
    assert build_view(result).trends is None
