"""Searches as people see them: sentence, table, curve, in the page and in the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from runs import collected, plan_of, record, snapshots_of

from wsrun.metrics.histogram import Histogram
from wsrun.outputs.curves import draw
from wsrun.outputs.html import render_html
from wsrun.outputs.text import render_text
from wsrun.result.build import build
from wsrun.result.distributions import describe
from wsrun.view import View, build_view
from wsrun.view.searches import Search


def level(number: int, value: float, met: bool | None, latency: float, **more: Any) -> dict[str, Any]:
    """A level as it stands in a result: a thousand replies around a latency."""
    trips = Histogram()
    for share in range(1000):
        trips.add(latency * (0.5 + share / 1000))
    condition = {
        "check": "round_trip.p95 < 100ms",
        "status": "missed" if met is False else "met",
        "observed": latency,
        "observed_text": f"{latency * 1000:g}ms",
        "required_text": "100ms",
        "note": None,
    }
    return {
        "number": number,
        "value": value,
        "start": 10.0 * number,
        "end": 10.0 * number + 9,
        "met": met,
        "note": None,
        "degraded": latency > 0.05,
        "conditions": [condition],
        "clients": round(value),
        "sent_per_second": value,
        "answered_per_second": value,
        "errors": 0 if met else 7,
        "success": 1.0 if met else 0.93,
        "round_trip": describe(trips),
        **more,
    }


LEVELS = [level(1, 100, True, 0.02), level(2, 200, True, 0.06), level(3, 300, False, 0.2)]


def search(*levels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A search over clients in which the target broke at 300."""
    return {
        "phase": "limit",
        "over": "clients",
        "from": 100,
        "to": 500,
        "step": 100,
        "bisect": False,
        "hold": 10.0,
        "settle": 1.0,
        "such_that": ["round_trip.p95 < 100ms"],
        "degraded_when": ["round_trip.p95 more than 2 × that of the first level"],
        "finished": True,
        "problem": None,
        "best": 200,
        "degraded": 200,
        "broken": 300,
        "levels": list(levels)
        or [level(1, 100, True, 0.02), level(2, 200, True, 0.06), level(3, 300, False, 0.2)],
        **more,
    }


def view_of(*searches: dict[str, Any]) -> View:
    """The view of a run with these searches."""
    plan = plan_of()
    result = build(plan, collected(plan, snapshots_of([])), record())
    return build_view({**result, "searches": list(searches)})


def the_search(**more: Any) -> Search:
    """The only search of a run."""
    (found,) = view_of(search(**more)).searches
    return found


def test_the_sentence_says_what_was_found() -> None:
    """Best, broken, degraded, in this order."""
    assert the_search().sentence == (
        "200 clients is the highest level that met every condition; the target broke at 300;"
        " its latency had degraded at 200."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"broken": None, "degraded": None}, "it broke at none up to 500"),
        ({"best": 0.0}, "No level met every condition; the target broke at 300"),
        ({"problem": "event-loop lag", "broken": None}, "because wsrun was not fit: event-loop lag"),
        ({"finished": False, "broken": None}, "the run ended before the search did"),
        ({"over": "rate"}, "200/s is the highest level"),
    ],
)
def test_the_sentence_says_what_was_not_found_too(more: dict[str, Any], words: str) -> None:
    """Nothing broken, nothing met, no answer, no end."""
    assert words in the_search(**more).sentence


def test_each_level_is_a_row() -> None:
    """In the order in which they were held, with what was found there and why a condition was missed."""
    rows = the_search().rows

    assert [row.level for row in rows] == ["100", "200", "300"]
    assert [row.found for row in rows] == ["", "best, degraded", "broke"]
    assert [row.word for row in rows] == ["met", "met", "missed round_trip.p95 < 100ms: 200ms"]
    assert [row.is_missed for row in rows] == [False, False, True]


def test_a_level_that_says_nothing_says_why() -> None:
    """It is no miss of the target."""
    unfit = level(1, 100, None, 0.2, note="event-loop lag p99 40 ms")
    unfit["conditions"][0]["status"] = "missed"

    assert the_search(levels=[unfit]).rows[0].word == "not known: event-loop lag p99 40 ms"


def test_the_curve_has_the_levels_by_their_value() -> None:
    """Bisection goes up and down; a curve does not."""
    levels = [
        level(1, 100, True, 0.02),
        level(2, 400, False, 0.3),
        level(3, 300, False, 0.2),
        level(4, 200, True, 0.06),
    ]
    found = the_search(levels=levels)
    curve = draw(found)

    assert [point.value for point in found.points] == [100, 200, 300, 400]
    assert [name for name, path in curve.lines if path] == ["p50", "p95", "p99"]
    assert [(mark.kind, mark.x) for mark in curve.marks] == [("best", 50), ("degraded", 50), ("broken", 75)]
    assert [mark.y for mark in curve.marks] == [0, 15, 30]
    assert curve.levels[0].label == "0"
    assert curve.levels[-1].at == 100


def test_a_search_without_replies_is_drawn_too() -> None:
    """A search for connections may send nothing at all."""
    silent = [{**level(1, 100, True, 0.02), "round_trip": describe(Histogram())}]
    curve = draw(the_search(levels=silent))

    assert (curve.rows, [path for _, path in curve.lines]) == ((), ["", "", ""])
    assert curve.success


def test_the_page_has_a_section_for_searches_and_only_for_them() -> None:
    """With the curve, the marks and the stated test of degradation."""
    page = render_html(view_of(search()), charts=False)

    assert '<section id="search">' in page
    assert 'class="level-mark broken"' in page
    assert "broke 300" in page
    assert "more than 2 × that of the first level" in page
    assert '<section id="search">' not in render_html(view_of(), charts=False)


def test_the_terminal_has_a_table_of_levels() -> None:
    """Of a long search the last ones, which are those around the limit."""
    text = render_text(view_of(search()))
    assert "limit: 200 clients is the highest level" in text
    assert "broke" in text

    many = [level(number, 10 * number, True, 0.02) for number in range(1, 21)]
    text = render_text(view_of(search(*many)))
    assert "and 8 more before" in text


def test_figures_of_the_whole_run_say_that_searches_are_not_in_them() -> None:
    """A level of a search is no typical moment of a run."""
    view = view_of(search())

    assert [number.context for number in view.numbers[:2]] == ["without the searches"] * 2
    assert all("searches" not in number.context for number in view_of().numbers)
