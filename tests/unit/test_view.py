"""The view as a whole: it takes every result, changes none, stays small, and hides nothing behind names."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import jsonschema
import pytest
from tests.synthetic import FOLDER, NAMES, load, long_run, view

from wsrun import resources
from wsrun.outputs import chart_data
from wsrun.view import View, build_view, errors, generator, phases
from wsrun.view.formats import DASH, NARROW
from wsrun.view.words import clean
from wsrun.view.words import text as worded

STATES = {"fail", "hostile", "interrupted", "invalid", "large", "no-data", "pass", "short", "unreachable"}


def texts(value: Any) -> list[str]:
    """Every text in a view."""
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [text for field in dataclasses.fields(value) for text in texts(getattr(value, field.name))]
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in texts(part)]
    if isinstance(value, (tuple, list, frozenset)):
        return [text for item in value for text in texts(item)]
    return []


def cells(found: View) -> dict[str, phases.Row]:
    """The phases by name."""
    assert found.phases is not None
    return {row.name: row for row in found.phases.rows}


@pytest.mark.parametrize("name", NAMES)
def test_the_made_up_results_have_the_shape_of_real_ones(name: str) -> None:
    """They hold to the schema of results, or what is tested with them proves nothing."""
    schema = json.loads(resources.schema("result"))

    jsonschema.Draft202012Validator(schema).validate(load(name))


def test_the_schema_of_results_is_a_schema() -> None:
    """And every made-up state is there."""
    jsonschema.Draft202012Validator.check_schema(json.loads(resources.schema("result")))

    assert set(NAMES) >= STATES


@pytest.mark.parametrize("name", NAMES)
def test_a_result_is_read_and_never_changed(name: str) -> None:
    """The journal's result is what every output is made of."""
    result = load(name)
    before = copy.deepcopy(result)

    build_view(result)

    assert result == before


@pytest.mark.parametrize("name", NAMES)
def test_every_text_of_a_view_is_harmless(name: str) -> None:
    """No control character, no direction character, nothing that cannot be encoded."""
    for text in texts(view(name)):
        assert text == clean(text)
        text.encode("utf-8")


def test_hostile_names_are_still_found_by_each_other() -> None:
    """A phase whose name is shortened keeps its criteria, curves and evidence."""
    long = "a name that is much longer than any line of a table should ever have to be " * 2
    result = load("fail")
    text = json.dumps(result).replace('"spike"', json.dumps(long))
    found = build_view(json.loads(text))

    assert found.picture is not None
    assert found.latencies is not None
    assert found.picture.phase == found.latencies.where
    assert len(found.latencies.where) <= 48
    assert found.latencies.curves[0].name == found.latencies.where
    assert cells(found)[found.latencies.where].missed == {"p99"}


def test_a_table_writes_no_percentile_without_samples() -> None:
    """Fewer than ten replies beyond it are a dash; 17 replies have no percentile at all."""
    row = cells(view("short"))["phase-1"]

    assert (row.p50, row.p95, row.p99, row.ranges) == (DASH, DASH, DASH, ())


def test_a_percentile_among_replies_that_never_came_says_so() -> None:
    """``> 2 000`` and not ``2 000``: the true value is larger."""
    latencies = view("fail").latencies
    assert latencies is not None
    table = {row.stat: row for row in latencies.percentiles}

    assert table["p99.9"].schedule == f">{NARROW}2{NARROW}000"
    assert table["p99"].is_missed
    assert "count as that from schedule" in latencies.note


def test_key_numbers_fall_back_to_what_there_are_samples_for() -> None:
    """Of 17 replies only the highest can be said; with none there is a dash."""
    first = view("short").numbers[0]

    assert (first.name, first.about) == ("Round trip highest", "from schedule, of 17 replies")
    assert view("no-data").numbers[0].figure.text == DASH
    assert [number.name for number in view("fail").numbers] == [
        "Round trip p99, spike",
        "Service time p99, spike",
        f"No reply within 2{NARROW}s",
        "Connected",
        "Errors",
        "Messages, spike",
    ]


def test_a_limit_spans_the_phase_that_it_judges() -> None:
    """From its start to its end, missed ones first."""
    limits = view("fail").limits

    assert [(limit.label, limit.start, limit.end) for limit in limits] == [
        (f"limit p99 250{NARROW}ms", 40, 70),
        (f"limit p95 80{NARROW}ms", 70, 90),
    ]


def test_a_limit_on_one_of_several_messages_is_not_drawn_over_all_of_them() -> None:
    """Lines show all messages; with a single message the limit is theirs."""
    result = load("fail")
    result["messages"] = result["messages"][:1]

    assert len(build_view(result).limits) == 3


def test_the_drain_and_what_was_not_reached_are_told_apart() -> None:
    """An interrupted run has phases ahead of it, and no drain."""
    picture = view("interrupted").picture
    assert picture is not None

    assert [(band.name, band.reached) for band in picture.bands][-1] == ("after", False)
    assert cells(view("interrupted"))["after"].remark == "not reached"
    assert view("fail").picture is not None
    assert [band.name for band in view("fail").picture.bands][-1] == "drain"  # type: ignore[union-attr]


def test_ledgers_add_up_or_say_by_how_much_they_do_not() -> None:
    """What is unaccounted for stands beside the sum."""
    result = load("fail")
    result["counts"]["adds_up"]["messages"] = False
    result["counts"]["differences"]["messages"] = 3
    found = build_view(result).ledgers

    assert [ledger.verdict for column in found for ledger in column if ledger.total] == [
        "adds up",
        "adds up",
        "3 unaccounted for",
    ]


def test_fifty_phases_show_those_worth_a_look() -> None:
    """The judged, the slowest, the first and the last; the rest folds."""
    found = view("large").phases
    assert found is not None
    names = [row.name for row in found.shown]

    assert len(found.rows) == 51
    assert names[0] == "level-01"
    assert {"level-31", "level-44"} <= set(names)
    assert len(names) < 10


def test_two_hundred_kinds_of_error_keep_the_page_short_and_none_is_lost() -> None:
    """20 with a histogram, 80 in a fold, the rest counted."""
    found = view("large").errors

    assert (found.kinds, len(found.drawn), len(found.listed)) == (200, errors.DRAWN, 80)
    assert found.rest.startswith("100 further kinds,")


def test_a_flood_of_text_from_the_target_is_cut() -> None:
    """Half a megabyte of a frame is 2 KiB of a report."""
    result = load("fail")
    result["errors"][0]["samples"][0]["text"] = "x" * 500_000

    assert max(len(sample.text) for sample in build_view(result).errors.samples) == errors.LONG_TEXT


def test_criteria_are_marked_on_their_lines_of_the_listing() -> None:
    """With what was observed, and the comment apart."""
    lines = {line.number: line for line in view("fail").scenario.lines}
    missed = next(row for row in view("fail").criteria if row.mark == "failed")

    assert missed.line is not None
    assert (lines[missed.line].mark, lines[missed.line].note) == ("failed", f"450{NARROW}ms")
    assert "round_trip(phase=spike).p99" in lines[missed.line].text
    assert any(line.comment == "# the crowd" for line in lines.values())


@pytest.mark.parametrize(("hours", "interval"), [(3, 1.0), (72, 30.0)])
def test_a_long_run_is_drawn_in_few_points(hours: float, interval: float) -> None:
    """Hours become 600 points and 300 columns, and the view says what a point stands for."""
    found = build_view(long_run(hours, interval))
    data = chart_data.build(found)

    assert found.picture is not None
    assert found.picture.size == hours * 3600 / len(found.points)
    assert len(found.points) <= 600
    assert len(data["heat"]["counts"]) <= 300
    assert data["timeline"]["low"] is not None
    assert len(json.dumps(data)) < 150_000


def test_events_fold_by_kind_when_there_are_many() -> None:
    """Few stand together without a title."""
    result = load("fail")
    result["events"] = result["events"] * 5
    titles = [group.title for group in build_view(result).events]

    assert [group.title for group in view("fail").events] == [""]
    assert titles == ["Phases, 20", "Failures, 25"]


def test_the_timeline_table_has_about_twenty_rows() -> None:
    """Whatever the run's length; its steps are round."""
    table = view("fail").timeline
    assert table is not None

    assert (table.every.text, len(table.rows)) == (f"5{NARROW}s", 19)
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}


def test_the_folder_of_results_holds_what_its_script_makes() -> None:
    """Every file is a state that ``make.py`` writes."""
    source = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("make.py", "awkward.py"))

    assert [name for name in NAMES if f'"{name}":' not in source] == []


def test_each_worker_shows_what_it_was_doing_at_worst() -> None:
    """Pauses are added up, of all else it is the most; memory is that of the first and the last interval."""
    result = load("pass")
    calm = {"cpu": 0.2, "memory": 50 * 2**20, "descriptors": 210, "backlog": 0, "lag_p99": 0.001}
    busy = {**calm, "cpu": 0.6, "memory": 60 * 2**20, "descriptors": 215, "backlog": 4096}
    quiet = {"late_p99": None, "gc_count": 0, "gc_seconds": 0.0, "gc_longest": None}
    paused = {"late_p99": 0.004, "gc_count": 3, "gc_seconds": 0.02, "gc_longest": 0.015}
    result["generator"]["series"] = [
        {"t": 0.0, "length": 1.0, "workers": [{"worker": 0, **calm, **quiet}]},
        {"t": 1.0, "length": 1.0, "workers": [{"worker": 0, **busy, **paused}]},
    ]
    found = build_view(result).generator

    assert found is not None
    (worker,) = found.workers
    shown = dict(zip(generator.COLUMNS, (plain(cell) for cell in worker.cells), strict=True))
    assert (worker.name, shown) == (
        "1",
        {
            "CPU": "60 %",
            "Loop lag p99": "1.00 ms",
            "Late p99": "4.00 ms",
            "GC pauses": "3",
            "longest": "15.0 ms",
            "of the time": "1.00 %",
            "Open files": "215",
            "Unsent": "4.00 KiB",
            "Memory": "50.0 MiB",
            "at the end": "60.0 MiB",
        },
    )


def plain(text: str) -> str:
    """Write with plain spaces."""
    return text.replace(NARROW, " ")


def test_the_report_tells_whether_wsrun_was_compiled() -> None:
    """Where the result does; those of older versions do not."""
    assert "Build" not in [entry.name for entry in view("pass").scenario.panels[0].entries]
    told = load("pass")
    told["run"]["versions"]["build"] = "compiled"
    entries = build_view(told).scenario.panels[0].entries
    assert [entry.text for entry in entries if entry.name == "Build"] == [worded("compiled")]
