"""Whether wsrun itself was fit, check by check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.criteria import Bar, Mark
from wsrun.view.formats import Figure
from wsrun.view.reading import Reading


@dataclass(frozen=True, slots=True)
class Row:
    """One check with its worst value against its limit."""

    name: str
    mark: Mark
    worst: Figure
    limit: Figure
    used: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker over the run, the worst of each: as the cells of a row under ``COLUMNS``."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Generator:
    """The verdict on the generator as a ``line``, and ``brief`` for a terminal; then checks and workers."""

    fit: bool
    line: str
    brief: str
    rows: tuple[Row, ...]
    workers: tuple[Worker, ...]
    foreseen: tuple[str, ...] = ()
    """What was known before the start to go beyond the limits of this machine."""


COLUMNS = (
    "CPU",
    "Loop lag p99",
    "Late p99",
    "GC pauses",
    "longest",
    "of the time",
    "Open files",
    "Unsent",
    "Memory",
    "at the end",
)
"""What the table of workers tells: the most of any interval, and memory after the first and the last."""


def build(reading: Reading) -> Generator:
    """Return the checks of the generator."""
    generator = reading["generator"]
    if generator["fit"]:
        line = "wsrun had room to spare, so the numbers above describe the target."
    else:
        line = "wsrun was at its own limit, so the numbers above may describe wsrun instead of the target."
    rows = tuple(_row(check) for check in generator["checks"])
    foreseen = tuple(f"{found['name']}: {found['text']}" for found in generator.get("preflight", ()))
    workers = tuple(_workers(generator["series"]))
    return Generator(generator["fit"], line, _brief(reading), rows, workers, foreseen)


def _workers(series: Sequence[Mapping[str, Any]]) -> Iterator[Worker]:
    length = sum(entry.get("length", 0.0) for entry in series)
    doing: dict[int, list[Mapping[str, Any]]] = {}
    for entry in series:
        for one in entry.get("workers", ()):
            doing.setdefault(one["worker"], []).append(one)
    for number, told in sorted(doing.items()):
        yield Worker(f"{number + 1}", tuple(_cells(told, length)))


def _cells(told: Sequence[Mapping[str, Any]], length: float) -> Iterator[str]:
    def most(key: str) -> float | None:
        return max((one[key] for one in told if one[key] is not None), default=None)

    paused = sum(one["gc_seconds"] for one in told)
    memory = [one["memory"] for one in told if one["memory"] is not None]
    yield formats.percent(most("cpu")).text
    yield formats.seconds(most("lag_p99")).text
    yield formats.seconds(most("late_p99")).text
    yield formats.group(sum(one["gc_count"] for one in told))
    yield formats.seconds(most("gc_longest")).text
    yield formats.share(paused / length if length else None).text
    yield formats.number(most("descriptors")).text
    yield formats.size(most("backlog")).text
    yield formats.size(memory[0] if memory else None).text
    yield formats.size(memory[-1] if memory else None).text


def _brief(reading: Reading) -> str:
    parts = [
        f"loop lag p99 {formats.seconds(check['worst'])}"
        for check in reading["generator"]["checks"]
        if check["unit"] == "seconds" and check["worst"] is not None
    ]
    busiest = reading.busiest()
    if busiest is not None:
        parts.append(f"CPU {formats.percent(busiest)}")
    fit = "generator fit" if reading["generator"]["fit"] else "generator not fit"
    return f"{fit}: {', '.join(parts)}" if parts else fit


def _row(check: Mapping[str, Any]) -> Row:
    worst, limit, unit = check["worst"], check["limit"], check["unit"]
    mark: Mark = "met" if check["ok"] else "invalid"
    used = check["used"]
    return Row(
        name=check["name"],
        mark=mark,
        worst=_whole(worst, limit) if unit == "share" else formats.quantity(worst, unit),
        limit=_round(limit, unit),
        used=formats.DASH if used is None else formats.percent(used).text,
        bar=None if used is None else Bar(mark, min(max(used, 0.0), 2.0), used > 2.0),
    )


def _whole(worst: float | None, limit: float) -> Figure:
    """Write a share without decimals, unless its limit is so small that they matter."""
    return formats.percent(worst) if limit >= 0.1 else formats.share(worst)


def _round(limit: float | None, unit: str) -> Figure:
    """Write a limit without the zeros that measured values keep."""
    figure = formats.quantity(limit, unit)
    return Figure(formats.without_zeros(figure.number), figure.unit)
