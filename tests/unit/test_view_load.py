"""What is said of the model of the load, on the terminal and in the report."""

from __future__ import annotations

from typing import Any

from tests.synthetic import load

from wsrun.outputs.html import render_html
from wsrun.outputs.text import render_text
from wsrun.view import View, build_view
from wsrun.view.formats import NARROW
from wsrun.view.words import plain

HEALTHY = {
    "model": "closed",
    "planned": 10010,
    "achieved": 9998,
    "client_seconds": 200.0,
    "stalls": 3,
    "stalled_seconds": 0.2,
    "p99": 0.0018,
    "p99_at_any_moment": 0.0,
    "holds_back": False,
    "hides": False,
}
STALLED = HEALTHY | {
    "achieved": 9012,
    "stalls": 10,
    "stalled_seconds": 20.0,
    "p99_at_any_moment": 1.8,
    "holds_back": True,
    "hides": True,
}
OPEN = {"model": "open", "planned": 10000, "achieved": 9990, "late": 12}


def seen(*entries: dict[str, Any], name: str = "pass") -> View:
    return build_view(load(name) | {"load": list(entries)})


def words(view: View) -> str:
    """The text on a terminal, in one line."""
    return " ".join(render_text(view).replace(NARROW, " ").split())


def test_every_model_is_named_with_what_it_planned_and_achieved() -> None:
    """On the terminal and in the report."""
    view = seen(OPEN, HEALTHY)

    assert "open model: messages leave by a schedule" in words(view)
    assert "9 990 of 10 000 planned messages sent (99.90 %), 12 of them late" in words(view)
    assert "closed model: clients await each reply, so that a stall of the target holds load back" in words(
        view
    )
    late = {"count": 9990, "p99": 0.00012}
    assert "12 of them late; p99 left 120 µs after its time" in words(seen(OPEN | {"lateness": late}))
    page = render_html(view, charts=False)
    assert "<b>Closed model</b>" in page and "<b>Open model</b>" in page
    assert {fact.name: plain(fact.text) for fact in view.verdict.facts}["Model"] == "open and closed"


def test_a_healthy_closed_run_passes_cleanly() -> None:
    """Nothing is added to its headline, and nothing to its findings."""
    assert "stalls" not in seen(HEALTHY).verdict.line
    assert [finding.mark for finding in seen(HEALTHY).findings] == [
        finding.mark for finding in build_view(load("pass")).findings
    ]


def test_a_closed_run_that_a_stall_held_back_does_not() -> None:
    """It says so in its headline, and in a finding how much was not sent and what would have been seen."""
    view = seen(STALLED)
    (finding,) = (finding for finding in view.findings if finding.mark == "warning")

    assert view.verdict.line.endswith("stalls held load back")
    assert finding.title == "Stalls of the target held load back"
    assert finding.brief.replace(NARROW, " ") == (
        "9 012 of 10 010 planned messages were sent (90.03 %): a closed model asks nothing in a stall. "
        "Who came at any moment would have waited 1.80 s at p99, where 1.80 ms is reported; "
        "a rate would show it."
    )
    assert finding.brief in render_html(view, charts=False).replace("<b>", "").replace("</b>", "")
    assert "Nothing went wrong" not in words(view)


def test_a_doubtful_run_blames_no_stall_on_the_target() -> None:
    """It may have been wsrun that stalled."""
    view = seen(STALLED, name="invalid")

    assert "stalls held load back" not in words(view)


def test_a_result_of_a_version_without_models_is_shown_all_the_same() -> None:
    """With nothing said of them."""
    assert build_view(load("pass")).models == ()
