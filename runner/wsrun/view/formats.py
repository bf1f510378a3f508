"""Numbers as a reader meets them: a few significant figures, and always a unit.

Thousands and units are set off by a narrow no-break space (U+202F). Imports nothing of wsrun.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

NARROW = "\u202f"
"""Between thousands, and between a number and its unit."""

DASH = "–"
"""What stands where there is no number."""

_LONG = re.compile(r"(?<![\w.])[0-9]{4,15}(?![\w.])")
_WRITTEN = re.compile(r"\s*([0-9][0-9.]*)\s*([a-zA-Zµ%/][a-zA-Zµ%/0-9]*)?\s*")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number ready to be read; ``unit`` is apart because it is drawn in a quieter colour."""

    number: str
    unit: str = ""

    @property
    def text(self) -> str:
        """Number and unit as one text."""
        return f"{self.number}{NARROW}{self.unit}" if self.unit else self.number

    def __str__(self) -> str:
        return self.text


NOTHING = Figure(DASH)
"""There is no number, or too few samples for one."""


def spaced(content: str) -> str:
    """Set off the thousands of every whole number of four digits or more in a text."""
    return _LONG.sub(lambda match: group(int(match.group())), content)


def group(number: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{number:,}".replace(",", NARROW).replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """Write a number to some significant figures, never in exponent form; thousands are whole and apart."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else DASH
    rounded = float(f"{value:.{digits - 1}e}")
    if not math.isfinite(rounded):
        return DASH
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    if decimals == 0:
        return group(round(value))
    return f"{rounded:.{decimals}f}".replace("-", "−")


def seconds(value: float | None, digits: int = 3) -> Figure:
    """Write a latency: µs below a millisecond, ms below a second, then s."""
    if value is None:
        return NOTHING
    if value == 0:
        return Figure("0", "ms")
    if value < 0.0009995:
        return Figure(significant(value * 1e6, digits), "µs")
    if value < 0.9995:
        return Figure(significant(value * 1e3, digits), "ms")
    return Figure(significant(value, digits), "s")


def limit_of_axis(value: float) -> str:
    """Write a round number of seconds without needless zeros: 10 ms, 1 s."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 0.9995:
            return f"{value * factor:g}{NARROW}{unit}"
    return f"{value * 1e6:g}{NARROW}µs"


def without_zeros(digits: str) -> str:
    """Drop the zeros after a decimal point, where a number is round by nature: a limit, a timeout."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def milliseconds(value: float | None) -> str:
    """Write seconds as milliseconds for a column headed "ms": 0.12, 7.9, 40.0, 420, 1 340."""
    if value is None:
        return DASH
    ms = value * 1e3
    if not math.isfinite(ms):
        return DASH
    if ms >= 99.95:
        return group(round(ms))
    return f"{ms:.1f}" if ms >= 0.995 or ms == 0 else f"{ms:.2f}"


def share(value: float | None, decimals: int = 2) -> Figure:
    """Write a share as a percentage.

    Decimals are added, up to five, until rounding takes away less than a fifth of what it is more than
    nothing or less than all: so neither is said of what is not quite so.
    """
    if value is None:
        return NOTHING
    exact = value * 100
    for places in range(decimals, 6):
        text = f"{exact:.{places}f}"
        if abs(float(text) - exact) <= min(abs(exact), abs(100 - exact)) / 5:
            break
    return Figure(text.replace("-", "−"), "%")


def percent(value: float | None) -> Figure:
    """Write a share as a whole percentage, for what needs no decimals: CPU, share of a limit."""
    if value is not None and 0 < value < 0.005:
        return Figure(f"<{NARROW}1", "%")
    return NOTHING if value is None else Figure(group(round(value * 100)), "%")


def per_second(value: float | None, digits: int = 3) -> Figure:
    """Write a rate: whole above a hundred, three figures below."""
    return NOTHING if value is None else Figure(significant(value, digits), "/s")


def size(value: float | None, digits: int = 3) -> Figure:
    """Write bytes in the largest binary unit of which there is at least one."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1000 or unit == "GiB":
            return Figure(group(round(amount)) if unit == "B" else significant(amount, digits), unit)
        amount /= 1024
    raise AssertionError("the loop always returns")


def number(value: float | None, digits: int = 3) -> Figure:
    """Write a plain number: whole if it is, else three figures."""
    if value is None:
        return NOTHING
    return Figure(group(int(value)) if value == int(value) else significant(value, digits))


def quantity(value: float | None, unit: str, digits: int = 3) -> Figure:
    """Write a value of a result in its ``unit``: seconds, share, bytes, per_second or number."""
    if unit == "share":
        return share(value, digits - 1)
    writers = {"seconds": seconds, "bytes": size, "per_second": per_second}
    return writers.get(unit, number)(value, digits)


def apart(value: float, other: float | None, unit: str) -> Figure:
    """Write a value with as many figures as tell it from another one that it does not equal."""
    for digits in range(3, 9):
        figure = quantity(value, unit, digits)
        if value == other or other is None or figure != quantity(other, unit, digits):
            break
    return figure


def written(text: str) -> Figure | None:
    """Split a limit as the scenario writes it (``250ms``, ``99.9%``, ``500/s``); None when it is none."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    digits, unit = match.groups()
    plain = group(int(digits)) if digits.isdigit() else digits
    return Figure(plain, unit or "")


def span(value: float) -> Figure:
    """Write how long something lasted: 95.0 s, 12 min 30 s, 3 h 20 min, 2 d 4 h."""
    if value < 119.95:
        return Figure(f"{value:.1f}" if value >= 10 or value != int(value) else f"{value:.0f}", "s")
    whole = round(value)
    units = ((60, 1, 7200, ("min", "s")), (3600, 60, 172_800, ("h", "min")), (86400, 3600, 0, ("d", "h")))
    for large, small, most, names in units:
        if whole < most or not most:
            first, rest = divmod(whole, large)
            second = rest // small
            tail = f"{NARROW}{names[0]} {second}{NARROW}{names[1]}" if second else f"{NARROW}{names[0]}"
            return Figure(f"{first}{tail}")
    raise AssertionError("the loop always returns")


def moment(t: float, length: float) -> str:
    """Write a moment of a run that lasts ``length`` seconds, no finer than such a run is read."""
    if length <= 600:
        return f"{t:.2f}{NARROW}s" if length < 5 else f"{t:.1f}{NARROW}s"
    whole = round(t)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    clock = f"{minutes:02}:{rest:02}"
    return f"{hours}:{clock}{NARROW}h" if length > 3600 else f"{clock}{NARROW}min"


def date(text: str) -> str:
    """Write an ISO 8601 moment as ``20 Nov 2026, 16:04:12 UTC``; anything else as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{when.day} {months[when.month - 1]} {when.year}, {when:%H:%M:%S} UTC"
