"""Measured numbers as short texts: three significant figures, the unit of the scenario language.

Counts are never rounded, and a share is never rounded up to 100 % or down to 0 %. Imports nothing of wsrun
but units.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Literal

from wsrun.units import BYTES, format_duration

Unit = Literal["seconds", "bytes", "number", "share", "per_second"]

EXACT = 15
"""As many figures as a float can tell apart."""


def text_of(value: float, unit: str, figures: int = 3, *, of_bytes: bool = False) -> str:
    """Write a number with its unit: ``420ms``, ``98.09%``, ``10MiB/s``, ``4129``.

    Args:
        value: seconds, bytes, a share (0…1), a rate a second, or a plain number.
        unit: ``seconds``, ``bytes``, ``share``, ``per_second`` or ``number``.
        figures: how many significant figures to show.
        of_bytes: whether a rate counts bytes.
    """
    match unit:
        case "seconds":
            return _duration(value, figures)
        case "bytes":
            return _size(value, figures)
        case "share":
            return _share(value, figures)
        case "per_second":
            return f"{_size(value, figures) if of_bytes else _number(value, figures)}/s"
        case _:
            return _number(value, figures)


def texts_apart(one: float, other: float, unit: str, *, of_bytes: bool = False) -> tuple[str, str]:
    """Write two numbers with as few figures, at least three, as show that they differ; equal ones with
    three."""
    for figures in range(3, EXACT + 1):
        pair = (
            text_of(one, unit, figures, of_bytes=of_bytes),
            text_of(other, unit, figures, of_bytes=of_bytes),
        )
        if one == other or pair[0] != pair[1]:
            return pair
    return pair


def _duration(seconds: float, figures: int) -> str:
    rounded = _rounded(seconds, figures)
    size = abs(rounded)
    if size >= 60 and figures == 3:
        return ("-" if rounded < 0 else "") + format_duration(round(abs(seconds)))
    if size == 0:
        return "0s"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if size * factor >= 1:
            return f"{_plain(seconds * factor, figures)}{unit}"
    return f"{_plain(seconds * 1e6, figures)}us"


def _size(value: float, figures: int) -> str:
    for unit in ("GiB", "MiB", "KiB"):
        if abs(_rounded(value / BYTES[unit], figures)) >= 1:
            return f"{_plain(value / BYTES[unit], figures)}{unit}"
    return f"{_plain(value, figures)}B"


def _share(value: float, figures: int) -> str:
    percent = value * 100
    if percent in (0.0, 100.0):
        return f"{percent:.0f}%"
    decimals = figures - 1
    while decimals < EXACT and abs(round(percent, decimals)) in (0.0, 100.0):
        decimals += 1
    return f"{_trimmed(f'{percent:.{decimals}f}')}%"


def _number(value: float, figures: int) -> str:
    return str(int(value)) if value == int(value) else _plain(value, figures)


def _plain(value: float, figures: int) -> str:
    """Write without an exponent; what is left of the point is never cut."""
    rounded = _rounded(value, figures)
    if abs(rounded) >= 10 ** (figures - 1):
        return f"{value:.0f}" if abs(value) < 1e15 else str(int(rounded))
    return _trimmed(f"{Decimal(repr(rounded)):f}")


def _rounded(value: float, figures: int) -> float:
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(f"{value:.{figures}g}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
