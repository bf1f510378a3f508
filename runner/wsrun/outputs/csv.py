"""The timeline as CSV (RFC 4180), units in the names of the columns.

There is one row an interval; in a long run old ones stand for several, as ``length_s`` tells. What is not a
count is then the highest, a mean (clients), or of all their replies (percentiles).

Text that a spreadsheet would take for a formula is preceded by an apostrophe (OWASP ASVS 1.2.10).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsrun.view.words import clean

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value * 1000, 6)


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 3)


def _get(*path: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(row: Mapping[str, Any]) -> Any:
        value: Any = row
        for key in path:
            value = value.get(key)
        return value

    return read


def _timed(*path: str) -> Callable[[Mapping[str, Any]], Any]:
    read = _get(*path)
    return lambda row: _ms(read(row))


COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
    ("start_s", _get("t")),
    ("length_s", _get("length")),
    ("clients_open", _get("clients")),
    ("clients_planned", _get("planned")),
    ("messages_scheduled", _get("scheduled")),
    ("messages_sent", _get("sent")),
    ("messages_received", _get("received")),
    ("messages_answered", _get("answered")),
    ("messages_without_reply", _get("no_reply")),
    ("messages_dropped", _get("dropped")),
    ("messages_late", _get("late")),
    ("sent_bytes", _get("bytes_sent")),
    ("received_bytes", _get("bytes_received")),
    ("round_trip_count", _get("round_trip", "count")),
    ("round_trip_p50_ms", _timed("round_trip", "p50")),
    ("round_trip_p95_ms", _timed("round_trip", "p95")),
    ("round_trip_p99_ms", _timed("round_trip", "p99")),
    ("round_trip_max_ms", _timed("round_trip", "max")),
    ("service_time_count", _get("service_time", "count")),
    ("service_time_p50_ms", _timed("service_time", "p50")),
    ("service_time_p99_ms", _timed("service_time", "p99")),
    ("busiest_worker_cpu_percent", lambda row: _percent(row.get("cpu"))),
    ("loop_lag_p99_ms", _timed("lag_p99")),
    ("longest_gc_pause_ms", _timed("gc_longest")),
    ("unsent_bytes", _get("backlog")),
    ("most_memory_bytes", _get("memory")),
)
"""The columns that every timeline has; after them comes one for each kind of failure."""


def render_csv(result: Mapping[str, Any]) -> str:
    """Write the timeline of a result; a cell without a value is empty."""
    rows: Sequence[Mapping[str, Any]] = result["timeline"]
    causes = sorted({cause for row in rows for cause in row["failures"]})
    phases = [(phase["start"], phase["end"], phase["name"]) for phase in result["phases"]]
    out = io.StringIO()
    writer = csv.writer(out)
    names = [name for name, _ in COLUMNS]
    writer.writerow(["phase", *names, "failures", *(safe(f"failures_{cause}") for cause in causes)])
    for row in rows:
        middle = row["t"] + row["length"] / 2
        phase = next((name for start, end, name in phases if start <= middle < end), "")
        values = [read(row) for _, read in COLUMNS]
        failures = row["failures"]
        kinds = [failures.get(cause, 0) for cause in causes]
        writer.writerow([safe(phase), *values, sum(failures.values()), *kinds])
    return out.getvalue()


def safe(content: str) -> str:
    """Write a text so that no spreadsheet runs it and no terminal obeys it."""
    cleaned = clean(content)
    return f"'{cleaned}" if content.startswith(_FORMULA) else cleaned
