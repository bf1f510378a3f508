"""The steps of a functional test in the report and in the summary."""

from __future__ import annotations

from typing import Any

from tests.synthetic import load

from wsrun.outputs.html import render_html
from wsrun.outputs.text import render_text
from wsrun.view import build_view
from wsrun.view.visits import SHOWN, list_visits


def step(at: float, client: str, name: str, *problems: str) -> dict[str, Any]:
    """A step of a result."""
    return {
        "at": at,
        "client": client,
        "profile": "guest" if name else "",
        "step": name,
        "ok": not problems,
        "seconds": 0.0125,
        "problems": list(problems),
    }


STEPS = [
    step(0.0, "all/0000", "connect main"),
    step(0.0, "all/0001", "connect main"),
    step(0.2, "all/0000", "send say", "say: the reply was not what the scenario expects: <b>no</b>"),
    step(0.1, "all/0001", "", "the server closed the connection with 1011"),
]


def test_the_summary_lists_the_steps_of_each_client() -> None:
    """As the terminal does: in their order, with their times, and with what came instead."""
    text = render_text(build_view(load("short") | {"steps": STEPS}), width=100)
    a = text.index("    all/0000 (guest)")

    assert text[a:].splitlines()[:7] == [
        "    all/0000 (guest)",
        "      ✓ connect main      12.5 ms",
        "      ✕ send say          12.5 ms",
        "          say: the reply was not what the scenario expects: <b>no</b>",
        "    all/0001 (guest)",
        "      ✓ connect main      12.5 ms",
        "      ✕ between steps",
    ]


def test_the_report_has_a_section_of_steps() -> None:
    """With a link to it, and whatever a server said is text; a run under load has neither."""
    page = render_html(build_view(load("short") | {"steps": STEPS}), charts=False)

    assert '<a href="#steps">' in page
    assert "4 steps, 2 failed" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "the server closed the connection with 1011" in page
    assert 'id="steps"' not in render_html(build_view(load("short")), charts=False)


def test_of_very_many_steps_the_first_are_listed() -> None:
    """The rest is counted, and in result.json."""
    found = list_visits([step(float(n), "all/0000", "send say") for n in range(SHOWN + 5)])

    assert found is not None
    assert [len(visit.steps) for visit in found.visits] == [SHOWN]
    assert found.rest.startswith("and 5 more steps")
    assert list_visits([]) is None
