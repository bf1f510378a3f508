"""Whether wsrun itself was fit, check by check."""

from __future__ import annotations

from collections.abc import Mapping
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
class Generator:
    """The verdict on the generator as a ``line``, and ``brief`` for a terminal; then its checks."""

    fit: bool
    line: str
    brief: str
    rows: tuple[Row, ...]
    foreseen: tuple[str, ...] = ()
    """What was known before the start to go beyond the limits of this machine."""


def build(reading: Reading) -> Generator:
    """Return the checks of the generator."""
    generator = reading["generator"]
    if generator["fit"]:
        line = "wsrun had room to spare, so the numbers above describe the target."
    else:
        line = "wsrun was at its own limit, so the numbers above may describe wsrun instead of the target."
    rows = tuple(_row(check) for check in generator["checks"])
    foreseen = tuple(f"{found['name']}: {found['text']}" for found in generator.get("preflight", ()))
    return Generator(generator["fit"], line, _brief(reading), rows, foreseen)


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
