"""Deliveries: what came of each message that others had to see, and what else was promised and not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.reading import Reading, in_ms, percentile
from wsrun.view.words import counted, cut

STATS = ("p50", "p95", "p99")

LONGEST = 300
"""A sample is cut here."""

_WORDS = {
    "delivery.reach": ("delivery that never came", "deliveries that never came"),
    "delivery.late": ("late delivery", "late deliveries"),
    "delivery.duplicates": ("delivery that came again", "deliveries that came again"),
    "sequence.lost": ("number of a sequence that never came", "numbers of a sequence that never came"),
    "sequence.reordered": ("message out of order", "messages out of order"),
    "sequence.duplicated": ("message with a number again", "messages with a number again"),
}
"""What was not kept, by the metric that counts it: one, and several."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message. ``times`` are p50, p95, p99 and the longest from send to arrival, ``spread`` is the p95
    from first to last arrival, in ms."""

    message: str
    to: str
    expected: str
    reach: Figure
    times: tuple[str, ...]
    spread: str
    late: str
    missed: str
    duplicates: str
    unsure: str
    leaks: str
    is_whole: bool
    """Whether nothing was late, missed, repeated or leaked."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One kind of promise that was not kept: how often, and what the first ones were."""

    metric: str
    text: str
    samples: tuple[str, ...]


def rows(reading: Reading) -> tuple[Row, ...]:
    """Return one row a message with ``deliver``."""
    return tuple(map(_row, reading.result.get("deliveries") or ()))


def _row(entry: Mapping[str, Any]) -> Row:
    time, spread = entry["time"], entry["spread"]
    longest = formats.milliseconds(time["max"])
    bad = ("late", "missed", "duplicates", "leaks")
    return Row(
        message=cut(entry["message"], 40),
        to=cut(entry["to"], 40),
        expected=formats.group(entry["expected"]),
        reach=NOTHING if entry["reach"] is None else formats.share(entry["reach"]),
        times=(*(in_ms(time, percentile(time, stat)) for stat in STATS), longest),
        spread=in_ms(spread, percentile(spread, "p95")),
        **{name: formats.group(entry[name]) for name in (*bad, "unsure")},
        is_whole=not any(entry[name] for name in bad),
    )


def broken(reading: Reading) -> tuple[Broken, ...]:
    """Return what was not kept, of deliveries and sequences; leaks are errors, and told with them."""
    found = {"delivery.reach": "missed", "delivery.late": "late", "delivery.duplicates": "duplicates"}
    numbers = {
        metric: sum(entry[name] for entry in reading.result.get("deliveries") or ())
        for metric, name in found.items()
    }
    numbers |= {entry["metric"]: entry["count"] for entry in reading.result.get("broken") or ()}
    kept = reading.result.get("samples") or {}
    return tuple(
        Broken(
            metric,
            counted(number, *_WORDS.get(metric, (metric, metric))),
            tuple(_told(sample, reading) for sample in kept.get(metric, ())),
        )
        for metric, number in numbers.items()
        if number > 0
    )


def mistaken(reading: Reading) -> str:
    """Say what came instead where no delivery came at all: most often ``where`` or ``id`` is wrong."""
    entries = reading.result.get("deliveries") or ()
    came = (reading.result.get("samples") or {}).get("messages.unmatched", ())
    if not came or not entries or any(entry["missed"] < entry["expected"] for entry in entries):
        return ""
    sample = cut(came[0]["text"], LONGEST)
    return f" None came at all. Do 'where' and 'id' fit what came and nobody expected? {sample}"


def _told(sample: Mapping[str, Any], reading: Reading) -> str:
    who = cut(sample["client"] or formats.DASH, 40)
    return f"{who} at {reading.moment(sample['at'])}: {cut(sample['text'], LONGEST)}"
