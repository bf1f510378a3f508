"""Errors by kind: how many, when, of how many tried, and on whom they fell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.reading import Reading
from wsrun.view.words import counted, cut

DRAWN = 20
LISTED = 100
"""The first ``DRAWN`` kinds have a histogram, those up to ``LISTED`` fold away, the rest is only counted."""

BARS = 120
"""A histogram has no more bars than this."""

LONG_TEXT = 2048
"""A text from the target is cut here."""

SAMPLES = 20

FIRSTS = 3
"""Of so many kinds the first failure stands in a terminal."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of error. ``bars``: (position, count), positions from 0 to ``Errors.bars``."""

    cause: str
    whole_cause: str
    text: str
    count: str
    bars: tuple[tuple[int, int], ...]
    share: Figure
    of: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One failure as it happened."""

    at: str
    cause: str
    client: str
    text: str


@dataclass(frozen=True, slots=True)
class First:
    """The first failure of a kind in short, for a terminal."""

    cause: str
    count: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What came and nobody wanted. ``is_telling``: something else did not come."""

    text: str
    samples: tuple[Sample, ...]
    is_telling: bool


@dataclass(frozen=True, slots=True)
class Errors:
    """All kinds. ``kinds`` and ``total`` count them all; ``rest`` says what is neither drawn nor listed."""

    kinds: int
    total: int
    drawn: tuple[Row, ...]
    listed: tuple[Row, ...]
    rest: str
    note: str
    bars: int
    samples: tuple[Sample, ...]
    firsts: tuple[First, ...]
    unmatched: Unmatched | None


def build(reading: Reading) -> Errors:
    """Return the errors of a run, the most frequent first."""
    entries = sorted(reading["errors"], key=lambda entry: -int(entry["count"]))
    width = reading.length / BARS
    further = entries[LISTED:]
    rest = ""
    if further:
        events = counted(sum(entry["count"] for entry in further), "event")
        rest = f"{counted(len(further), 'further kind')}, {events}: every kind is a column of timeline.csv."
    return Errors(
        kinds=len(entries),
        total=sum(entry["count"] for entry in entries),
        drawn=tuple(_row(entry, reading, width) for entry in entries[:DRAWN]),
        listed=tuple(_row(entry, reading, width) for entry in entries[DRAWN:LISTED]),
        rest=rest,
        note=_note(entries, width),
        bars=BARS,
        samples=tuple(_samples(entries, reading)),
        firsts=tuple(
            First(cut(entry["cause"], 40), formats.group(entry["count"]), sample)
            for entry in entries[:FIRSTS]
            for sample in _samples([entry], reading)[:1]
        ),
        unmatched=_unmatched(entries, reading),
    )


def _unmatched(entries: list[Mapping[str, Any]], reading: Reading) -> Unmatched | None:
    number = reading["counts"]["messages"]["unmatched"]
    samples = (reading.result.get("samples") or {}).get("messages.unmatched", [])
    if not number or not samples:
        return None
    fits = "fits no reply that was awaited, and nobody expects it"
    text = f"{counted(number, 'received message')} {fits}"
    if number > 1:
        text = f"{counted(number, 'received message')} fit no reply that was awaited, and nobody expects them"
    return Unmatched(
        text=text,
        samples=tuple(_sample("", sample, reading) for sample in samples),
        is_telling=any(entry["cause"] in ("reply-timeout", "expect-failed") for entry in entries),
    )


def _row(entry: Mapping[str, Any], reading: Reading, width: float) -> Row:
    bars: dict[int, int] = {}
    for t, number in entry["series"]:
        position = min(max(int(t / width), 0), BARS - 1)
        bars[position] = bars.get(position, 0) + number
    return Row(
        cause=cut(entry["cause"]),
        whole_cause=entry["cause"] if len(entry["cause"]) > 80 else "",
        text=cut(entry["text"], 160),
        count=formats.group(entry["count"]),
        bars=tuple(sorted(bars.items())),
        share=formats.share(entry["count"] / entry["of"]) if entry["of"] else NOTHING,
        of=entry["of_text"] if entry["of"] else "",
        first=formats.DASH if entry["first"] is None else reading.moment(entry["first"]),
        last=formats.DASH if entry["last"] is None else reading.moment(entry["last"]),
    )


def _note(entries: list[Mapping[str, Any]], width: float) -> str:
    """Say how the failures are spread over the clients: all over, or heaped on a few."""
    if not entries:
        return ""
    first = entries[0]
    kinds = counted(len(entries), "kind")
    lead = f"{kinds}, most frequent first" if len(entries) > 1 else kinds
    lead = f"{lead}; each bar is {formats.seconds(width)}."
    if first["count"] < 2 or not first["clients"]:
        return lead
    what = f"{formats.group(first['count'])} × {cut(first['cause'], 40)}"
    spread = f"The {what} fell on {counted(first['clients'], 'client')}"
    if first["worst_client"] and first["worst_count"] > 1:
        spread += f"; the worst, {cut(first['worst_client'], 40)}, had {formats.group(first['worst_count'])}"
    return f"{lead} {spread}."


def _samples(entries: list[Mapping[str, Any]], reading: Reading) -> list[Sample]:
    found = [_sample(entry["cause"], sample, reading) for entry in entries for sample in entry["samples"][:3]]
    return found[:SAMPLES]


def _sample(cause: str, sample: Mapping[str, Any], reading: Reading) -> Sample:
    return Sample(
        at=reading.moment(sample["at"]),
        cause=cut(cause, 40),
        client=cut(sample["client"] or formats.DASH, 40),
        text=cut(sample["text"], LONG_TEXT),
    )
