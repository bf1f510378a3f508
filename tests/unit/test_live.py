"""The live view: right figures in any width, and no harm to the run whatever happens."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun import source
from wsrun.cli.live import REDRAW_EVERY, Line, Moment, Tally, draw, line, moment, watching
from wsrun.cli.stream import Face
from wsrun.compiler import compile_plan
from wsrun.coordinator.progress import Progress

PLAN = compile_plan(
    source.parse(
        """
        wsrun: 1
        name: rush
        target: { url: demo:/echo }
        messages: { ping: { text: ping } }
        phases:
          - { name: before, duration: 20s, clients: 100 }
          - { name: spike, duration: 40s, clients: 2200 }
        """,
        "rush.yaml",
        environ={},
    )
)
ROW: dict[str, Any] = {
    "t": 24.0,
    "length": 0.5,
    "clients": 1482,
    "planned": 2200,
    "sent": 600,
    "answered": 590,
    "received": 595,
    "failures": {"reply-timeout": 2, "refused-503": 5},
}
LOG = Face(can_redraw=False, colour=False, unicode=True, width=80)
TERMINAL = Face(can_redraw=True, colour=False, unicode=True, width=80)


def progress(elapsed: float = 25.0, row: dict[str, Any] | None = None, errors: int = 7) -> Progress:
    """A moment in the second phase."""
    return Progress(
        plan=PLAN,
        elapsed=elapsed,
        phase=next((phase for phase in PLAN.phases if elapsed < phase.end), None),
        row=ROW if row is None else row,
        totals={
            "sent": 9000,
            "answered": 8900,
            "received": 8950,
            "timed_out": 2,
            "errors": errors,
            "open": 1482,
        },
        round_trip={"p50": 0.047, "p95": 0.171, "p99": None},
    )


def text(lines: list[Line]) -> list[str]:
    """The lines without their styles."""
    return ["".join(part for part, _ in line).replace("\u202f", " ").rstrip() for line in lines]


def test_a_moment_is_drawn_with_all_its_figures() -> None:
    """Phase, clock, bar, clients, rates, percentiles, errors by cause."""
    assert text(draw(moment(progress(), Tally()), 60)) == [
        "rush  spike  2 of 2                             25 s of 60 s",
        "━" * 25 + "─" * 35,
        "clients     1 482 of 2 200",
        "messages    1 200 /s sent   1 180 /s answered",
        "            1 190 /s received",
        "round trip  p50 47.0 ms   p95 171 ms   p99 –",
        "errors      7   refused-503 5   reply-timeout 2",
    ]


def test_percentiles_of_a_warm_up_say_so() -> None:
    """They are not what will be judged."""
    now = moment(dataclasses.replace(progress(), is_warm_up=True), Tally())

    assert "p99 –   in warm-up" in text(draw(now, 100))[4]
    assert "p99 –, in warm-up, 7 errors" in line(now)


def test_the_start_has_no_figures_yet() -> None:
    """Before the first interval is over, dashes stand for what is not known."""
    drawn = text(draw(moment(progress(0.1, {}, errors=0), Tally()), 80))
    assert drawn[0].startswith("rush  before  1 of 2")
    assert drawn[2:4] == ["clients     0", "messages    – sent   – answered   – received"]
    assert drawn[-1] == "errors      0"


def test_the_drain_has_a_full_bar() -> None:
    """After the last phase the run waits for replies."""
    drawn = text(draw(moment(progress(61.0), Tally()), 40, unicode=False))
    assert "drain" in drawn[0]
    assert drawn[1] == "#" * 40


def test_a_moment_of_the_drain_has_the_rate_of_a_whole_interval() -> None:
    """Six goodbyes within 5 ms are no 1 200 a second."""
    drawn = text(draw(moment(progress(61.0, ROW | {"length": 0.005, "sent": 6}), Tally()), 80))
    assert drawn[3].startswith("messages    6.00 /s sent")


def test_without_unicode_the_bar_is_ascii() -> None:
    """The rest is made ASCII by the stream."""
    assert text(draw(moment(progress(), Tally()), 60, unicode=False))[1] == "#" * 25 + "-" * 35


figures = st.none() | st.floats(0, 1e9)


@given(
    st.integers(0, 300),
    st.builds(
        Moment,
        name=st.text(max_size=60),
        phase=st.text(max_size=60),
        place=st.just("3 of 4"),
        elapsed=st.floats(0, 1e7),
        planned=st.floats(0, 1e7),
        open=st.integers(0, 10**7),
        wanted=st.integers(0, 10**7),
        sent=figures,
        answered=figures,
        received=figures,
        percentiles=st.tuples(st.tuples(st.just("p50"), figures), st.tuples(st.just("p99"), figures)),
        from_send=st.tuples(st.tuples(st.just("p99"), figures)),
        errors=st.integers(0, 10**9),
        causes=st.lists(st.tuples(st.text(max_size=30), st.integers(1, 10**6)), max_size=4).map(tuple),
        notice=st.none() | st.text(max_size=100),
    ),
)
def test_no_line_is_wider_than_the_terminal(width: int, now: Moment) -> None:
    """Whatever the names and numbers; below 24 columns the terminal cuts."""
    widest = min(max(width, 24), 100)
    assert all(sum(len(part) for part, _ in line) <= widest for line in draw(now, width))


def test_a_narrow_terminal_has_more_lines_and_the_same_figures() -> None:
    """Nothing is lost at 30 columns but the name."""
    drawn = text(draw(moment(progress(), Tally()), 30))
    assert "".join(drawn).count("/s") == 3
    assert "            1 180 /s answered" in drawn


def test_a_log_gets_one_line() -> None:
    """The same figures, with words in place of colours, and no sign that needs a terminal."""
    assert line(moment(progress(), Tally())) == (
        "25 s of 60 s spike, 1 482 of 2 200 clients, 1 200 /s sent, 1 180 /s answered, "
        "p50 47.0 ms, p95 171 ms, p99 –, 7 errors (refused-503 5, reply-timeout 2)"
    )


def test_a_row_is_tallied_once() -> None:
    """The newest row is shown several times; its errors happened once."""
    tally = Tally()
    for row in ({}, ROW, ROW, {**ROW, "t": 24.5}):
        tally.add(row)
    assert tally.causes == {"refused-503": 10, "reply-timeout": 4}


def test_a_log_gets_a_line_each_five_seconds() -> None:
    """Called four times a second for twelve seconds, it writes twice."""
    stream = io.StringIO()
    with watching(PLAN, stream, LOG) as watch:
        for step in range(48):
            watch(progress(step * 0.25))
    written = stream.getvalue().splitlines()
    assert [text.split(" ")[0] for text in written] == ["5", "10"]


def test_quiet_is_quiet() -> None:
    """Neither a view nor lines."""
    stream = io.StringIO()
    for paper in (LOG, TERMINAL):
        with watching(PLAN, stream, paper, quiet=True) as watch:
            watch(progress())
    assert stream.getvalue() == ""


def test_the_view_redraws_at_most_four_times_a_second() -> None:
    """Calls in between are passed over; at the end nothing of the view is left."""
    stream = io.StringIO()
    with watching(PLAN, stream, TERMINAL) as watch:
        for step in range(100):
            watch(progress(step * 0.01))
    drawn = stream.getvalue()
    assert drawn.count("round trip") == 1 + int(0.99 / REDRAW_EVERY) + 1  # once more as it ends
    assert drawn.endswith("\x1b[2K")
    assert "\x1b[36m" not in drawn


def test_colours_are_there_when_wanted() -> None:
    """A terminal with colours gets them."""
    stream = io.StringIO()
    with watching(PLAN, stream, Face(can_redraw=True, colour=True, unicode=True, width=80)) as watch:
        watch(progress())
    assert "\x1b[1;31m" in stream.getvalue()


@pytest.mark.parametrize("paper", [LOG, TERMINAL])
def test_a_view_that_fails_does_not_harm_the_run(paper: Face) -> None:
    """A row that makes no sense ends the showing, with a word, and nothing else."""
    stream = io.StringIO()
    with watching(PLAN, stream, paper) as watch:
        for elapsed in (5.0, 10.0, 15.0):
            watch(progress(elapsed, {"t": elapsed}))
    assert stream.getvalue().count("progress is no longer shown") == 1


def test_a_search_names_its_level() -> None:
    """By its number and its value; what was planned and is not decided yet comes in its turn."""
    text = """
        wsrun: 1
        target: { url: demo:/echo }
        messages: { ping: { text: ping } }
        phases:
          - { name: before, duration: 20s, clients: 100 }
          - name: limit
            search: { rate: { from: 10/s, to: 50/s, step: 10/s }, such_that: [ errors == 0 ] }
    """
    plan = compile_plan(source.parse(text, "search.yaml", environ={}))

    def phase_at(elapsed: float) -> str:
        now = dataclasses.replace(progress(elapsed), plan=plan, phase=plan.phases[1])
        return moment(now, Tally()).phase

    assert [phase_at(elapsed) for elapsed in (20.0, 50.0, 51.0, 1e6)] == [
        "limit, level 1: 10/s",
        "limit, level 1: 10/s",
        "limit, level 2: 20/s",
        "limit, level 5: 50/s",
    ]
