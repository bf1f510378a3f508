"""The model of the load, said in a sentence each: what was planned, what was achieved, what stalls hid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.ledger import Line, line
from wsrun.view.reading import Reading
from wsrun.view.words import Span, Text, counted, listing, strong, text

NAMES = {"open": "open", "arrivals": "open in sessions", "closed": "closed"}

_ABOUT = {
    "open": "messages leave by a schedule, whatever the target does",
    "arrivals": "sessions come at a rate, whatever the target does",
    "closed": "clients await each reply, so that a stall of the target holds load back",
}
_FEW = 0.9995
"""Shares from here on are said as whole numbers only."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model: what it is ``about``, and how much of the plan was ``achieved``, empty where not known."""

    name: str
    about: str
    achieved: str

    @property
    def sentence(self) -> str:
        """All of it, without a full stop: ``closed model: each client …; 90 of 100 messages …``."""
        return f"{self.name} model: " + "; ".join(filter(None, (self.about, self.achieved)))


def build(reading: Reading) -> tuple[Model, ...]:
    """Return the models of a run; none where it is not known, as in results of versions without them."""
    return tuple(
        Model(NAMES[entry["model"]], _ABOUT[entry["model"]], _achieved(entry)) for entry in _entries(reading)
    )


def name(reading: Reading) -> str:
    """Return the names of the models together: ``open and closed``; empty where they are not known."""
    return listing([NAMES[entry["model"]] for entry in _entries(reading)])


def lines(reading: Reading) -> tuple[Line, ...]:
    """Return the entries of the ledger: what was due, and what stalls took."""
    found: list[Line] = []
    for entry in _entries(reading):
        if entry["model"] == "open":
            found.append(line("Due by schedule", entry["planned"]))
        elif entry["model"] == "closed" and entry["planned"] is not None:
            found.append(line("Planned at the clients' own pace", entry["planned"]))
            found.append(line("Sent at the clients' own pace", entry["achieved"], _share(entry)))
            found.append(line("Stalls, of over ten times the median", entry["stalls"]))
    return tuple(found)


def _entries(reading: Reading) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = reading.result.get("load", ())
    return found


def _share(entry: Mapping[str, Any]) -> str:
    planned = entry["planned"]
    return formats.share(entry["achieved"] / planned).text if planned else ""


def _achieved(entry: Mapping[str, Any]) -> str:
    planned, achieved = entry["planned"], entry["achieved"]
    what = "session" if entry["model"] == "arrivals" else "message"
    verb = "came" if what == "session" else "sent"
    if planned is None or not planned:
        return ""
    said = f"{formats.group(achieved)} of {counted(planned, 'planned ' + what)} {verb}"
    if achieved < planned * _FEW:
        said += f" ({_share(entry)})"
    late, lateness = entry.get("late"), entry.get("lateness") or {}
    if late:
        said += f", {formats.group(late)} of them late"
    if lateness.get("count"):
        said += f"; p99 left {formats.seconds(lateness['p99']).text} after its time"
    return said


def held_back(reading: Reading) -> Text:
    """Return what must not be overlooked of a closed model, empty where there is nothing of the sort."""
    for entry in _entries(reading):
        if entry.get("holds_back") or entry.get("hides"):
            return _held_back(entry)
    return ()


def _held_back(entry: Mapping[str, Any]) -> Text:
    planned = entry["planned"]
    parts: list[str | Span] = ["Stalls took all of the clients' time"]
    if planned is not None:
        messages = f"{formats.group(entry['achieved'])} of {counted(planned, 'planned message')}"
        parts = [strong(messages), f" were sent ({_share(entry)})"]
    parts.append(": a closed model asks nothing in a stall.")
    if entry["hides"]:
        parts += [
            " Who came at any moment would have waited ",
            strong(formats.seconds(entry["p99_at_any_moment"]).text),
            f" at p99, where {formats.seconds(entry['p99'])} is reported; a rate would show it.",
        ]
    return text(*parts)
