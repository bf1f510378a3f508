"""The connections one by one as CSV (RFC 4180), units in the names of the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from wsrun.outputs.csv import safe

COLUMNS = {
    "client": ("client", None),
    "group": ("group", None),
    "socket": ("socket", None),
    "server": ("server", None),
    "state": ("state", None),
    "begun_s": ("begun", 1),
    "connect_ms": ("connect", 1000),
    "lasted_s": ("lasted", 1),
    "messages_sent": ("sent", None),
    "replies_expected": ("expected", None),
    "received_bytes": ("received", None),
    "close_code": ("code", None),
    "close_side": ("side", None),
    "cause": ("cause", None),
}
"""Column names: the field of a row, and by what its seconds are multiplied; None: as it is."""


def render_connections(result: Mapping[str, Any]) -> str:
    """Write the connections that a result kept, by the time of their attempt; no value is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in result.get("connections", ()):
        writer.writerow([_cell(row[field], factor) for field, factor in COLUMNS.values()])
    return out.getvalue()


def _cell(value: Any, factor: int | None) -> Any:
    if isinstance(value, str):
        return safe(value)
    return value if factor is None or value is None else round(value * factor, 6)
