"""Losses and what became of them, as lines of ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wsrun.view import formats
from wsrun.view.ledger import Ledger, Line, line
from wsrun.view.reading import Reading
from wsrun.view.words import cut

LONGEST = 32
"""A longer name of a server is cut."""


def build(reading: Reading) -> Iterator[Ledger]:
    """Yield a ledger for each part that the scenario uses."""
    told = reading.result.get("resilience") or {}
    if told.get("reconnects"):
        yield _reconnects(told["reconnects"])
    if told.get("servers"):
        yield _servers(told["servers"])
    if told.get("breakers"):
        yield _breakers(told["breakers"])
    if told.get("heartbeats"):
        yield _heartbeats(told["heartbeats"])


def _reconnects(told: Mapping[str, Any]) -> Ledger:
    lines = (
        line("Back after a loss", told["done"], _usual(told["time"])),
        line("Given up", told["failed"], bad=True),
        line("Messages missed meanwhile", told["missed"], bad=True),
    )
    return Ledger("Reconnects", lines, None, "none", "")


def _servers(told: Sequence[Mapping[str, Any]]) -> Ledger:
    """Which server served whom: connections established, and what became of the other attempts."""
    sockets = {server["socket"] for server in told}
    lines = []
    for server in told:
        name = server["name"] if len(sockets) == 1 else f"{server['socket']}, {server['name']}"
        parts = [
            f"{formats.group(server[key])} {word}"
            for key, word in (("refused", "refused"), ("timed_out", "timed out"), ("failed", "failed"))
            if server[key]
        ]
        lines.append(Line(cut(name, LONGEST), formats.group(server["established"]), ", ".join(parts)))
    total = Line("Established", formats.group(sum(server["established"] for server in told)))
    return Ledger("Servers", tuple(lines), total, "none", "")


def _breakers(told: Mapping[str, Any]) -> Ledger:
    note = f"some of them for {formats.seconds(told['seconds_open']).text}" if told["most_open"] else ""
    lines = (line("Open at once, at most", told["most_open"], note, bad=True),)
    return Ledger("Circuit breakers", lines, None, "none", "")


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
