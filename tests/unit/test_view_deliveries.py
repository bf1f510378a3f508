"""Deliveries in the report and in a terminal: what came, and the first of what did not."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest

from wsrun.outputs.html import render_html
from wsrun.outputs.text import render_text
from wsrun.view import build_view

PASSED = orjson.loads((Path(__file__).parents[1] / "data/results/pass.json").read_bytes())
TIMES = {"count": 1000, "min": 0.001, "avg": 0.004, "max": 0.09}
TIMES |= dict.fromkeys(("p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"), 0.01)
TIMES |= {"timeouts": 0, "timeout": None}
SAY: dict[str, Any] = {
    "message": "say",
    "to": "room: {{ room }}",
    "within": 1.0,
    "expected": 12_345,
    "received": 12_345,
    "late": 0,
    "missed": 0,
    "duplicates": 0,
    "unsure": 7,
    "leaks": 0,
    "reach": 1.0,
    "time": TIMES,
    "spread": TIMES,
}


def result(**changes: Any) -> dict[str, Any]:
    """Return a result with deliveries."""
    made = deepcopy(PASSED)
    made["deliveries"] = [{**SAY, **changes}]
    return made


def test_a_terminal_has_a_row_for_each_delivered_message() -> None:
    """Expected, reach, times in ms."""
    text = render_text(build_view(result()))

    row = next(line for line in text.splitlines() if line.strip().startswith("say  "))
    assert row.split()[:6] == ["say", "12", "345", "100.00", "%", "10.0"]


def test_a_report_has_a_section_of_deliveries_only_where_there_are_some() -> None:
    """With the audience as it was written, harmless as text."""
    with_some = render_html(build_view(result(to="room: <b>")), charts=False)
    without = render_html(build_view(PASSED), charts=False)

    assert '<section id="deliveries">' in with_some
    assert "room: &lt;b&gt;" in with_some
    assert 'id="deliveries"' not in without


@pytest.mark.parametrize(
    ("changes", "metric", "words"),
    [
        ({"missed": 1, "received": 12_344}, "delivery.reach", "1 delivery that never came"),
        ({"late": 2, "received": 12_343}, "delivery.late", "2 late deliveries"),
        ({"duplicates": 1}, "delivery.duplicates", "1 delivery that came again"),
    ],
)
def test_what_went_wrong_is_told_with_the_first_of_it(changes: Any, metric: str, words: str) -> None:
    """A passed run may still have lost something that its criteria allow."""
    made = result(**changes)
    told = {"at": 1.5, "client": "people/0007", "text": "say 0001 of people/0003 for room r7 came too late"}
    made["samples"] = {metric: [told]}
    view = build_view(made)

    (finding,) = [one for one in view.findings if one.title == words]
    assert finding.mark == "seen"
    assert "people/0007" in finding.brief
    assert told["text"] in finding.brief
    assert words in render_text(view)
    assert told["text"] in render_html(view, charts=False)


def test_a_broken_sequence_is_told_too() -> None:
    """Counted over the run, and named by its first sample."""
    made = deepcopy(PASSED)
    made["broken"] = [{"metric": "sequence.reordered", "text": "Out of order.", "count": 1}]
    made["samples"] = {
        "sequence.reordered": [{"at": 2.0, "client": "people/0001", "text": "number 4 came after 5"}]
    }
    view = build_view(made)

    assert "1 message out of order" in [one.title for one in view.findings]
    assert "number 4 came after 5" in render_html(view, charts=False)


def test_a_leak_is_a_failure_that_names_both() -> None:
    """It is told first, in the words of the error."""
    made = result(leaks=1)
    made["verdict"], made["exit_code"] = "fail", 1
    text = "a message was seen by clients that they were not meant for"
    made["reasons"] = [{"code": "leak", "text": text, "remedy": None}]
    told = "seen by people/0007: say 0001 of people/0003 for room r7"
    made["errors"] = [
        {
            "cause": "leak",
            "text": "A message was seen by a client that it was not meant for",
            "count": 1,
            "of": 100,
            "of_text": "received messages",
            "first": 1.0,
            "last": 1.0,
            "series": [[1.0, 1]],
            "clients": 1,
            "worst_client": "people/0007",
            "worst_count": 1,
            "samples": [{"at": 1.0, "client": "people/0007", "text": told}],
        }
    ]
    finding = build_view(made).findings[0]

    assert finding.mark == "failed"
    assert finding.title == "A message was seen by clients that they were not meant for"
    assert finding.brief == f"{told[0].upper()}{told[1:]}."


@pytest.mark.parametrize(("missed", "is_told"), [(12_345, True), (12_344, False)])
def test_where_nothing_was_delivered_what_came_instead_is_shown(missed: int, is_told: bool) -> None:
    """A wrong ``where`` looks like a silent server, were it not for what nobody expected."""
    made = result(missed=missed, received=12_345 - missed)
    lost = {"client": "people/0001", "at": 1.0, "text": "say 7 did not come"}
    made["samples"] = {
        "delivery.reach": [lost],
        "messages.unmatched": [{"client": "people/0001", "at": 1.0, "text": '{"type":"said","id":"7"}'}],
    }
    text = " ".join(render_text(build_view(made)).split())

    assert "say 7 did not come" in text
    assert ("Do 'where' and 'id' fit" in text) is is_told
    assert ('{"type":"said","id":"7"}' in text.partition("criterion")[0]) is is_told
