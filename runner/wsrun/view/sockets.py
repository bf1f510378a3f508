"""The sockets of a client, where it has several: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.formats import DASH
from wsrun.view.reading import Reading, in_ms, percentile


@dataclass(frozen=True, slots=True)
class SocketRow:
    """One socket; ``cells`` are in the order of ``HEADS``."""

    name: str
    url: str
    cells: tuple[str, ...]


HEADS = (
    *("Attempted", "Established", "Refused", "Failed", "Closed", "Sent", "Received"),
    *("p50", "p99", "p99 from send"),
)
"""What the columns are: connections, messages, and latencies in ms, from schedule if not from send."""


def build(reading: Reading) -> tuple[SocketRow, ...]:
    """Return the rows; none where there is one socket only."""
    return tuple(_row(entry) for entry in reading["sockets"])


def _row(entry: dict[str, Any]) -> SocketRow:
    counts = [entry["attempted"], entry["established"], entry["refused"]]
    counts += [entry["failed"] + entry["timed_out"], entry["closed"], entry["sent"], entry["received"]]
    trip, service = entry["round_trip"], entry.get("service_time")
    cells = [formats.group(count) for count in counts]
    cells += [in_ms(trip, percentile(trip, stat)) for stat in ("p50", "p99")]
    cells.append(in_ms(service, percentile(service, "p99")) if service else DASH)
    return SocketRow(entry["name"], entry["url"], tuple(cells))
