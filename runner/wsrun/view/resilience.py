"""Losses and what became of them, as lines of ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wsrun.view import formats
from wsrun.view.ledger import Ledger, line
from wsrun.view.reading import Reading


def build(reading: Reading) -> Iterator[Ledger]:
    """Yield a ledger for each part that the scenario uses."""
    told = reading.result.get("resilience") or {}
    if told.get("reconnects"):
        yield _reconnects(told["reconnects"])
    if told.get("heartbeats"):
        yield _heartbeats(told["heartbeats"])


def _reconnects(told: Mapping[str, Any]) -> Ledger:
    lines = (
        line("Back after a loss", told["done"], _usual(told["time"])),
        line("Given up", told["failed"], bad=True),
        line("Messages missed meanwhile", told["missed"], bad=True),
    )
    return Ledger("Reconnects", lines, None, "none", "")


def _heartbeats(told: Mapping[str, Any]) -> Ledger:
    lines = (
        line("Answered", told["latency"]["count"], _usual(told["latency"])),
        line("Missed", told["missed"], bad=True),
    )
    return Ledger("Heartbeats", lines, None, "none", "")


def _usual(times: Mapping[str, Any]) -> str:
    """Write how long something took: half of them, and the longest."""
    if not times["count"]:
        return ""
    return (
        f"half within {formats.seconds(times['p50']).text}, all within {formats.seconds(times['max']).text}"
    )
