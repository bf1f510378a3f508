"""A plan as people read it."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from wsrun import source
from wsrun.cli.plan_text import plan_text
from wsrun.cli.settings import settings
from wsrun.cli.stream import Face
from wsrun.compiler import compile_plan
from wsrun.estimate import estimate

FILE = Face(can_redraw=False, colour=False, unicode=True, width=80)
WRITTEN = """\
wsrun: 1
name: rush
description: A hundred, then two thousand.
target: { url: demo:/echo }
messages: { ping: { text: pingping } }
phases:
  - { name: before, duration: 20s, clients: 100, connect_rate: 10/s }
  - { name: spike, duration: 1m30s, clients: 2000, rate: 500/s }
"""


def drawn(text: str = WRITTEN, paper: Face = FILE, limit: int | None = None) -> str:
    """Compile, estimate and write a scenario."""
    document = source.parse(text, "rush.yaml", environ={})
    plan = compile_plan(document, seed=1)
    data: dict[str, Any] = document.data
    return plan_text(plan, estimate(plan), settings(plan, data), paper, limit)


def test_the_timeline_has_a_row_a_phase_and_a_total() -> None:
    """Clients, connects and their peak, messages, their mean and peak, bytes."""
    table = drawn().split("\n\n")[1]
    assert table == dedent(
        """\
        phase   from  lasts      clients  connects  at most  messages  a second  at most      sent
        before    0s    20s      0 → 100       100     10/s     1 505      75.2      100  11.8 KiB
        spike    20s  1m30s  100 → 2 000     1 900  1 900/s    45 000       500      500   352 KiB
        in all        1m50s      ≤ 2 000     2 000  1 900/s    46 505       423      500   363 KiB"""
    )


def test_a_narrow_terminal_goes_without_some_columns() -> None:
    """The start, which follows from the lengths, goes first; a file keeps all."""
    terminal = Face(can_redraw=True, colour=False, unicode=True, width=80)
    narrow = drawn(paper=terminal).split("\n\n")[1].splitlines()
    assert all(len(line) <= 80 for line in narrow)
    assert "from" not in narrow[0]
    assert "messages" in narrow[0]


def test_what_the_run_takes_is_told() -> None:
    """Memory and descriptors of the most clients there ever are, and the drain."""
    text = drawn().replace("\n", " ")
    assert "2 000 connections take about 68.4 MiB of memory (35.0 KiB each)" in text
    assert "at most 5s" in text
    assert "descriptors here" not in text


def test_too_few_descriptors_are_told_with_a_remedy() -> None:
    """A process with 1 024 carries half of 2 000 clients."""
    text = drawn(limit=1024).replace("\n", " ")
    assert "A process may have 1 024 descriptors here: that needs 3 workers" in text


def test_what_cannot_be_known_is_marked() -> None:
    """Clients that do not think send as fast as replies come."""
    text = drawn(
        WRITTEN.replace(", rate: 500/s", "") + "profiles: { mad: { mix: { ping: 1 }, think: 0s } }\n"
    )
    assert "0+" in text
    assert "+: and what clients send that do not think" in text


def test_the_settings_follow() -> None:
    """Everything, as a scenario that can be run."""
    text = drawn()
    assert source.parse(text.split("with its defaults\n\n")[1], "x.yaml", environ={}).data["seed"] == 1


def test_colours_are_for_headings() -> None:
    """And only where they are wanted."""
    assert "\x1b" not in drawn()
    assert drawn(paper=Face(can_redraw=True, colour=True, unicode=True, width=80)).startswith("\x1b[1mrush")
