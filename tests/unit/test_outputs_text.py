"""The summary for terminals and logs, exactly as it is printed.

With ``WSRUN_UPDATE_GOLDEN=1`` in the environment the texts of ``tests/data/reports`` are written anew; read
the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.synthetic import NAMES, load, view

from wsrun.outputs.text import columns, render_text, wrap
from wsrun.view import build_view
from wsrun.view.words import clean

GOLDEN = Path(__file__).parents[1] / "data" / "reports"


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_of_a_result_is_exactly_this(name: str) -> None:
    """Verdict, findings, criteria, phases, generator, exit code."""
    found = render_text(view(name))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("WSRUN_UPDATE_GOLDEN") == "1":
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found


def test_every_golden_text_belongs_to_a_result() -> None:
    """No golden text is left behind."""
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    """Long names and sentences wrap or are cut."""
    lines = render_text(view(name), width=width).splitlines()

    assert max(map(columns, lines)) <= width


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_without_unicode_gets_ascii(name: str) -> None:
    """Marks and signs have an ASCII form, anything else becomes a code."""
    assert render_text(view(name), unicode=False).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_the_only_control_sequences_are_our_own_colours(name: str) -> None:
    """Without colour there is none; with it, only SGR."""
    coloured = render_text(view(name), colour=True)
    stripped = re.sub(r"\x1b\[[0-9]+m|\x1b\[0m", "", coloured)

    assert "\x1b[" in coloured
    assert all(line == clean(line) for line in stripped.splitlines())
    assert [line.rstrip() for line in stripped.splitlines()] == render_text(view(name)).splitlines()


def test_the_report_is_named_where_it_is_known() -> None:
    """Beside the exit code, or above it when the path is long."""
    short, long = (
        render_text(view("pass"), report=path).splitlines() for path in ("r.html", "d/" * 40 + "r.html")
    )

    assert short[-1].startswith("  report r.html ")
    assert short[-1].endswith("exit code 0")
    assert long[-2].endswith("r.html")
    assert long[-1].endswith("exit code 0")


def test_wide_characters_take_two_columns() -> None:
    """A name in Chinese wraps where the terminal does."""
    assert columns("漢字ab") == 6
    assert wrap("漢字漢字 ab", 5) == ["漢字", "漢字", "ab"]


def test_a_summary_says_its_verdict_in_words_before_anything_else() -> None:
    """The mark alone would not be enough."""
    first = {name: render_text(view(name)).splitlines()[0] for name in ("pass", "fail", "invalid")}

    assert first["pass"].startswith("✓ chat-spike passed: all 8 criteria met")
    assert first["fail"].startswith("✕ chat-spike failed: 1 of 8 criteria, 1 warning")
    assert first["invalid"].startswith("◆ chat-spike is invalid: the generator was saturated")


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_the_reason_of_a_missed_criterion_stands_below_it(severity: str) -> None:
    """What the scenario calls ``because`` is shown for what failed or warned, in lines that fit."""
    result = load("fail")
    missed = next(entry for entry in result["criteria"] if entry["status"] == "missed")
    missed.update(severity=severity, because="whoever waits longer at the till goes to another shop, " * 3)
    lines = render_text(build_view(result)).splitlines()

    (first,) = (number for number, line in enumerate(lines) if "      because: whoever waits" in line)
    assert lines[first + 1].startswith("      ")
    assert max(map(columns, lines)) <= 80


def test_what_came_instead_of_a_reply_is_shown() -> None:
    """The first failure of the most frequent kinds, and the first message that nobody wanted."""
    result = load("fail")
    sample = {"at": 0.5, "client": "all/0001", "text": 'ask: no reply within 5 s: {"ref": 1}'}
    result["errors"] = [{**result["errors"][0], "cause": "reply-timeout", "count": 9, "samples": [sample]}]
    result["counts"]["messages"]["unmatched"] = 9
    result["samples"] = {"messages.unmatched": [{**sample, "text": '{"ref": 1}'}]}
    found = render_text(build_view(result))

    assert "  • 9 × reply-timeout, first at 0.5 s on all/0001\n" in found
    assert '      ask: no reply within 5 s: {"ref": 1}\n' in found
    assert "9 received messages fit no reply that was awaited" in found
    assert '      {"ref": 1}\n' in found


def test_messages_that_nobody_wanted_are_no_news_where_nothing_is_missing() -> None:
    """A client that only listens to what it is sent has nothing else."""
    result = load("fail")
    result["errors"] = [entry for entry in result["errors"] if entry["cause"] != "reply-timeout"]
    result["counts"]["messages"]["unmatched"] = 9
    result["samples"] = {"messages.unmatched": [{"at": 0.5, "client": "all/0001", "text": "price 7"}]}

    found = render_text(build_view(result))
    assert "× refused-503" in found
    assert "price 7" not in found
    assert build_view(result).errors.unmatched is not None


def test_the_reason_of_a_met_criterion_is_not_shown() -> None:
    """It explains what went wrong, and nothing did."""
    result = load("pass")
    for entry in result["criteria"]:
        entry["because"] = "people notice"

    assert "people notice" not in render_text(build_view(result))


def test_long_names_of_criteria_wrap_and_stay_apart() -> None:
    """In a narrow terminal no name is cut, so that two never read alike; numbers keep their columns."""
    result = load("pass")
    entry = next(entry for entry in result["criteria"] if entry["phase"] == "spike")
    names = ["a-message-with-a-long-name-one", "a-message-with-a-long-name-two"]
    result["criteria"] = [{**entry, "labels": {"phase": "spike", "message": name}} for name in names]
    lines = render_text(build_view(result), width=60).splitlines()
    first = next(number for number, line in enumerate(lines) if "criterion" in line and "limit" in line)
    table = lines[first + 1 : lines.index("", first)]
    names_shown = "".join(line.split("  1")[0] for line in table).replace(" ", "")

    assert "…" not in "".join(table)
    assert all(name[-4:] in names_shown for name in names)
    numbers = [line for line in table if "250 ms" in line]
    assert len(numbers) == 2
    assert len({line.index("250 ms") for line in numbers}) == 1
    assert max(map(columns, lines)) <= 60
