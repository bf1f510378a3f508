"""The criteria as rows: mark, expression, observed against its limit, and how much of the limit was used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wsrun import units
from wsrun.view import formats
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.reading import ENOUGH, Reading, quantile_of

Mark = Literal["failed", "warning", "met", "invalid", "not-judged", "seen", "none"]
"""What a mark says; its shape and colour are the face's business."""

MARK_WORDS: Mapping[Mark, str] = {
    "failed": "failed",
    "warning": "warning",
    "met": "met",
    "invalid": "invalid",
    "not-judged": "not judged",
    "seen": "seen",
    "none": "",
}

DIRECTIONS = ("increasing", "stable", "decreasing")
"""What a criterion on a trend compares."""

UNFOLDED = 15
"""Above so many criteria, those that are met fold away."""

_ORDER: Mapping[str, int] = {"failed": 0, "warning": 1, "not-judged": 2, "met": 3}


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of a limit as a bar that runs to twice the limit.

    ``filled`` is 0 … 2; ``over``: there is more than fits; ``good``: where the stricter limit lies.
    """

    mark: Mark
    filled: float
    over: bool = False
    good: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One criterion. ``line`` is where it stands in the scenario, None where it comes from ``place`` instead.

    ``caution`` says how few samples a percentile rests on, and is empty where they are enough.
    """

    mark: Mark
    check: str
    tags: tuple[str, ...]
    remark: str
    observed: Figure
    limit: Figure
    used: str
    bar: Bar | None
    samples: str
    line: int | None
    short_check: str
    is_near: float
    caution: str = ""
    place: str = ""

    @property
    def word(self) -> str:
        """The mark in a word."""
        return MARK_WORDS[self.mark]


def mark_of(entry: Mapping[str, Any], *, doubtful: bool) -> Mark:
    """Return the mark of a criterion; where the numbers are in doubt nothing is judged."""
    if doubtful or entry["status"] == "not_judged":
        return "not-judged"
    if entry["status"] == "met":
        return "met"
    return "warning" if entry["severity"] == "warning" else "failed"


def observed(entry: Mapping[str, Any]) -> Figure:
    """Write what was observed; "no data" is a value too."""
    value = entry["observed"]
    if value is None:
        return Figure("no data") if entry["status"] == "no_data" else NOTHING
    if entry["observed_text"] in DIRECTIONS:
        return Figure(entry["observed_text"])
    figure = formats.apart(value, entry["required"], entry["unit"])
    if entry["timeout_floor"]:
        figure = formats.seconds(_whole(value))
        return Figure(f">{formats.NARROW}{formats.without_zeros(figure.number)}", figure.unit)
    return figure


def _whole(timeout: float) -> float:
    """Return the round number that a timeout is: a histogram has kept it to 1/256 of itself."""
    rounded = float(f"{timeout:.1e}")
    return rounded if abs(rounded - timeout) <= timeout / 128 else timeout


def limit(entry: Mapping[str, Any]) -> Figure:
    """Write the limit as the scenario does, or what it came to where it follows from another metric."""
    as_written = formats.written(entry["required_text"] or "")
    if as_written is not None:
        return as_written
    if entry["required_text"] in DIRECTIONS:
        return Figure(entry["required_text"])
    return formats.quantity(entry["required"], entry["unit"])


def is_none_allowed(entry: Mapping[str, Any]) -> bool:
    """Whether the limit is zero, so that no share of it can be used."""
    return entry["required"] == 0 and entry["operator"] in ("==", "<=", "<")


def is_all_wanted(entry: Mapping[str, Any]) -> bool:
    """Whether everything must be well: ``== 100%``."""
    return entry["unit"] == "share" and entry["required"] == 1 and entry["operator"] in ("==", ">=")


def used_text(entry: Mapping[str, Any]) -> str:
    """Write the share of the limit that was used."""
    if entry["observed"] is None:
        return ""
    if entry["used"] is not None and not (is_none_allowed(entry) and entry["used"] > 0):
        used = float(entry["used"])
        return formats.percent(used).text if used < 9.995 else f"{formats.significant(used)}×"
    if not (is_none_allowed(entry) or is_all_wanted(entry)):
        return formats.DASH
    if entry["observed"] == entry["required"]:
        return formats.percent(0).text
    return "none allowed" if is_none_allowed(entry) else "all wanted"


def bar_of(entry: Mapping[str, Any], mark: Mark) -> Bar | None:
    """Return the bar of a criterion; None where there is nothing to compare."""
    if entry["observed"] is None:
        return None
    used = entry["used"]
    if used is None and (is_none_allowed(entry) or is_all_wanted(entry)):
        used = 0.0 if entry["observed"] == entry["required"] else 9.0
    if used is None:
        return None
    used = max(float(used), 0.0)
    return Bar(mark, min(used, 2.0), used > 2.0, _good_tick(entry))


def _good_tick(entry: Mapping[str, Any]) -> float | None:
    """Return where the stricter limit lies, as a share of the limit; None where it cannot be said."""
    if entry["good"] is None or not entry["required"]:
        return None
    bound = entry["good"]["check"].rpartition(f" {entry['operator']} ")[2]
    readers: Mapping[str, Callable[[str], float]] = {
        "seconds": units.parse_duration,
        "bytes": units.parse_size,
        "per_second": units.parse_rate,
        "share": units.parse_share,
        "number": float,
    }
    try:
        good = readers[entry["unit"]](bound)
    except (KeyError, ValueError):
        return None
    if entry["operator"] in ("<", "<="):
        return float(min(good / entry["required"], 2.0))
    if entry["unit"] == "share" and entry["required"] < 1:
        return float(max((1 - good) / (1 - entry["required"]), 0.0))
    return None


def rows(reading: Reading) -> tuple[Row, ...]:
    """Return a row for each criterion: failed, warned, not judged, met; in file order within."""
    found = [_row(entry, reading) for entry in reading["criteria"]]
    return tuple(sorted(found, key=lambda row: _ORDER[row.mark]))


def _row(entry: Mapping[str, Any], reading: Reading) -> Row:
    mark = mark_of(entry, doubtful=reading.is_doubtful)
    tags = []
    if entry["severity"] == "warning":
        tags.append("severity warning")
    if entry["aborts"]:
        tags.append("aborts the run")
    good = entry["good"]
    if good is not None:
        tags.append(f"{'good' if good['met'] else 'not yet good'}: {good['check']}")
    caution = _caution(entry)
    remark = " · ".join(part for part in (entry["because"], entry["note"], caution) if part)
    location = entry["location"]
    is_in_file = bool(location) and location["path"] == reading["scenario"]["path"]
    return Row(
        mark=mark,
        check=entry["check"],
        tags=tuple(tags),
        remark=remark,
        observed=observed(entry),
        limit=limit(entry),
        used=used_text(entry),
        bar=bar_of(entry, mark),
        samples=formats.DASH if entry["samples"] is None else formats.group(entry["samples"]),
        line=location["line"] if is_in_file else None,
        place="" if is_in_file or not location else location["path"],
        short_check=shortened(entry),
        is_near=float(entry["used"] or 0),
        caution=caution,
    )


def _caution(entry: Mapping[str, Any]) -> str:
    """Say what a percentile rests on where fewer than ``ENOUGH`` samples lie beyond it."""
    share, samples = quantile_of(entry["stat"] or ""), entry["samples"]
    if not share or share <= 0.5 or not samples or entry["observed"] is None:
        return ""
    beyond = samples - math.ceil(share * samples - 1e-9)
    if beyond >= ENOUGH:
        return ""
    if not beyond:
        word = "the only sample" if samples == 1 else f"the largest of {formats.group(samples)} samples"
        return f"this {entry['stat']} is {word}"
    more = f"{beyond} sample{'s' if beyond > 1 else ''} of {formats.group(samples)}"
    return f"only {more} lie{'s' if beyond == 1 else ''} beyond this {entry['stat']}"


def shortened(entry: Mapping[str, Any]) -> str:
    """Write what a criterion measures, without its limit: ``round_trip.p99 (spike)``."""
    words = [f"{value}" if key == "phase" else f"{key} {value}" for key, value in entry["labels"].items()]
    name = entry["metric"] + (f".{entry['stat']}" if entry["stat"] else "")
    return f"{name} ({', '.join(words)})" if words else name


def folded(found: tuple[Row, ...]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Split rows into those shown and, of many, the met ones that fold away, closest to its limit first."""
    if len(found) <= UNFOLDED:
        return found, ()
    met = sorted((row for row in found if row.mark == "met"), key=lambda row: -row.is_near)
    return tuple(row for row in found if row.mark != "met"), tuple(met)
