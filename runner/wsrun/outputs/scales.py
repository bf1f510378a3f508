"""Axes: round ends, round ticks, and positions along them. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wsrun.view.formats import NARROW, group

TICKS = 10
"""A time axis has no more ticks than about this."""

_STEPS_OF_TIME = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600),
    *(7200, 10800, 21600, 43200, 86400, 172800, 604800),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: where, as a percentage of the axis, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """The unit that a time axis is written in."""

    name: str
    seconds: float


def time_unit(length: float) -> TimeUnit:
    """Return the unit for a run of ``length`` seconds: ms, s, min or h."""
    if length <= 2:
        return TimeUnit("ms", 0.001)
    if length <= 600:
        return TimeUnit("s", 1.0)
    return TimeUnit("min", 60.0) if length <= 10800 else TimeUnit("h", 3600.0)


def time_ticks(length: float, most: int = TICKS) -> list[Tick]:
    """Return ticks of a time axis from 0 to ``length`` seconds."""
    unit = time_unit(length)
    step = next((step for step in _STEPS_OF_TIME if length / step <= most), _STEPS_OF_TIME[-1])
    ticks = []
    for number in range(int(length / step + 1e-9) + 1):
        value = number * step / unit.seconds
        label = group(round(value)) if abs(value - round(value)) < 1e-6 else f"{value:.1f}"
        ticks.append(
            Tick(100 * number * step / length, label if number == 0 else f"{label}{NARROW}{unit.name}")
        )
    return ticks


def nice_top(value: float) -> tuple[float, float]:
    """Return the next round end of an axis from 0, and the step of its two to four gridlines."""
    if value <= 0:
        return 1.0, 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = [factor * scale for scale in (power / 10, power, power * 10) for factor in (1, 2, 3, 5)]
    found = [
        (math.ceil(value / step - 1e-9) * step, step)
        for step in steps
        if 2 <= math.ceil(value / step - 1e-9) <= 4
    ]
    return min(found)


def on_log(value: float, low: float, high: float) -> float:
    """Return where a value lies on a logarithmic axis, as a percentage, within its ends."""
    share = math.log10(max(value, 1e-9) / low) / math.log10(high / low)
    return 100 * min(max(share, 0.0), 1.0)


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten within a logarithmic axis."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**power for power in range(first, last + 1)]
