"""The timeline as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from tests.synthetic import load

from wsrun.outputs.csv import render_csv, safe


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a result's timeline by column."""
    return list(csv.DictReader(io.StringIO(render_csv(load(name)))))


def test_there_is_a_row_for_every_interval_and_units_are_in_the_head() -> None:
    """Milliseconds for latencies, per cent for CPU, seconds for time."""
    found = rows("fail")
    row = load("fail")["timeline"][90]

    assert len(found) == len(load("fail")["timeline"])
    assert (found[90]["start_s"], found[90]["phase"]) == ("45.0", "spike")
    assert float(found[90]["round_trip_p99_ms"]) == pytest.approx(row["round_trip"]["p99"] * 1000)
    assert float(found[90]["busiest_worker_cpu_percent"]) == pytest.approx(row["cpu"] * 100, abs=0.01)


def test_every_kind_of_failure_has_a_column_and_the_columns_add_up() -> None:
    """Also kinds that the report only counts."""
    found = rows("large")
    kinds = [name for name in found[0] if name.startswith("failures_")]

    causes = {cause for row in load("large")["timeline"] for cause in row["failures"]}

    assert kinds == sorted(f"failures_{cause}" for cause in causes)
    assert len(kinds) > 200
    for row in found:
        assert int(row["failures"]) == sum(int(row[kind]) for kind in kinds)


def test_what_was_not_measured_is_an_empty_cell() -> None:
    """And not a zero or a word."""
    assert rows("no-data")[3]["round_trip_p99_ms"] == ""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("say", "say"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", r"'\t=1"),
        ("\r=1", r"'\r=1"),
        ("\x00=1", r"'\x00=1"),
        ("a=1", "a=1"),
        ("\x1b[31m", r"\x1b[31m"),
    ],
)
def test_no_text_is_a_formula_or_an_escape(raw: str, expected: str) -> None:
    """A leading sign of a formula gets an apostrophe, control characters become codes."""
    assert safe(raw) == expected


def test_hostile_names_stay_in_their_cells() -> None:
    """The table has the same number of cells in every row, and no cell begins a formula."""
    table = list(csv.reader(io.StringIO(render_csv(load("hostile")))))

    assert {len(row) for row in table} == {len(table[0])}
    assert not [cell for row in table for cell in row if cell[:1] in ("=", "+", "@")]
