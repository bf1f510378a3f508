"""Written quantities (``250ms``, ``64KiB``, ``500/s``, ``95%``) to numbers, and back.

Inside wsrun a duration is a float of seconds, a size an int of bytes, a rate a float per second, and a share
a float between 0 and 1. Text with units exists only in scenarios and in what people read. Imports nothing of
wsrun.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MICROSECONDS = {"d": 86_400 * 10**6, "h": 3_600 * 10**6, "m": 60 * 10**6, "s": 10**6, "ms": 1_000, "us": 1}
"""Microseconds in each unit of time, longest first: the order in which a combined duration is written."""

BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
"""Bytes in each unit of size."""

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_PART = re.compile(rf"({_NUMBER})([A-Za-zµμ]+)")
_SPACED = re.compile(rf"({_NUMBER})\s+(\S+)")
_LONG_NAMES = {
    name: unit
    for unit, names in {
        "us": "µs μs usec usecs microsecond microseconds",
        "ms": "msec msecs millis millisecond milliseconds",
        "s": "sec secs second seconds",
        "m": "min mins minute minutes",
        "h": "hr hrs hour hours",
        "d": "day days",
    }.items()
    for name in names.split()
}
_SHORT_SIZES = {"K": "KB", "M": "MB", "G": "GB", "KI": "KiB", "MI": "MiB", "GI": "GiB"}

_DURATION_HELP = "write a number and one of us, ms, s, m, h, d: 250ms, 5s, 1m30s"
_SIZE_HELP = "write a number and one of B, KB, MB, GB, KiB, MiB, GiB: 512B, 64KiB"
_RATE_HELP = "write how many in how long: 500/s, 20/m, 1/100ms"
_SHARE_HELP = "write a number from 0 to 100 and a percent sign: 95%"


class UnitError(ValueError):
    """A text is not the quantity it should be: ``message`` says why, ``help`` what to write instead."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002  (the word used by every diagnostic)
        super().__init__(message)
        self.message = message
        self.help = help


def parse_duration(text: str | int | float) -> float:
    """Read a duration such as ``250ms``, ``1m30s`` or ``0s``.

    Args:
        text: as written; units in descending order, each once. A bare number is refused.

    Returns:
        Seconds, finite and not negative.

    Raises:
        UnitError: for anything else.
    """
    if not isinstance(text, str):
        raise _bare(text, "duration", f"write {text}s or {text}ms")
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise _malformed(text, "duration", _DURATION_HELP, f"write {text}s or {text}ms", _time_unit)
    units = list(MICROSECONDS)
    total, lowest = 0.0, -1
    for number, unit in parts:
        if unit not in MICROSECONDS:
            raise _unknown_unit(text, "time", unit, _time_unit(unit), _DURATION_HELP)
        if units.index(unit) <= lowest:
            raise UnitError(f"{_quoted(text)} has its units out of order", "longest first, each once: 1m30s")
        lowest = units.index(unit)
        total += float(number) * MICROSECONDS[unit]
    # One division at the end gives the float nearest to what was written; adding 0.001s would not.
    return total / 10**6


def parse_size(text: str | int | float) -> int:
    """Read a size such as ``64KiB``.

    Args:
        text: as written; one number with one unit. A bare number is refused.

    Returns:
        Whole bytes, not negative.

    Raises:
        UnitError: for anything else, also where the bytes are not whole (``0.5B``).
    """
    if not isinstance(text, str):
        raise _bare(text, "size", f"write {text}B or {text}KiB")
    match = _PART.fullmatch(text)
    if match is None:
        raise _malformed(text, "size", _SIZE_HELP, f"write {text}B or {text}KiB", _size_unit)
    number, unit = match.groups()
    if unit not in BYTES:
        raise _unknown_unit(text, "size", unit, _size_unit(unit), _SIZE_HELP)
    value = float(number) * BYTES[unit]
    if value != int(value):
        raise UnitError(f"{_quoted(text)} is not a whole number of bytes", _SIZE_HELP)
    return int(value)


def parse_rate(text: str | int | float) -> float:
    """Read a rate such as ``500/s``, ``20/m`` or ``1/100ms``.

    Args:
        text: as written: a number, a slash, and a unit of time or a duration. A bare number is refused.

    Returns:
        How many a second, finite and not negative.

    Raises:
        UnitError: for anything else, also for a time of zero.
    """
    if not isinstance(text, str):
        raise _bare(text, "rate", f"write {text}/s or {text}/m")
    number, slash, period = text.partition("/")
    if not slash:
        raise _malformed(text, "rate", _RATE_HELP, f"write {text}/s or {text}/m")
    if not re.fullmatch(_NUMBER, number):
        raise UnitError(f"{_quoted(text)} is not a rate", _RATE_HELP)
    if period in _LONG_NAMES:
        raise _unknown_unit(text, "time", period, _LONG_NAMES[period], _RATE_HELP)
    try:
        seconds = parse_duration(period if period[:1].isdigit() else f"1{period}")
    except UnitError as error:
        raise UnitError(f"{_quoted(text)} is not a rate", _RATE_HELP) from error
    if seconds == 0:
        raise UnitError(f"{_quoted(text)} divides by no time at all", _RATE_HELP)
    return float(number) / seconds


def parse_pace(text: str | int | float) -> tuple[float, bool]:
    """Read how fast something is read: messages, as ``20/s``, or bytes, as ``64KiB/s``.

    Returns:
        How much a second, and whether these are bytes.

    Raises:
        UnitError: for anything else.
    """
    if isinstance(text, str):
        amount, slash, period = text.partition("/")
        if slash and re.fullmatch(r"[0-9.]+[KMG]i?B|[0-9.]+B", amount):
            return parse_size(amount) * parse_rate(f"1/{period}"), True
    return parse_rate(text), False


def parse_share(text: str | int | float) -> float:
    """Read a share such as ``95%``.

    Args:
        text: as written: a number from 0 to 100 and a percent sign. A bare number is refused.

    Returns:
        A float from 0 to 1.

    Raises:
        UnitError: for anything else.
    """
    if not isinstance(text, str):
        percent = f"{text * 100:g}" if 0 < text < 1 else f"{text}"
        raise _bare(text, "share", f"write {percent}%")
    if not re.fullmatch(rf"{_NUMBER}%", text):
        raise _malformed(text, "share", _SHARE_HELP, f"write {text}%", {"%": "%"}.get)
    value = float(text[:-1])
    if value > 100:
        raise UnitError(f"{_quoted(text)} is more than everything", _SHARE_HELP)
    return value / 100


def format_duration(seconds: float) -> str:
    """Write seconds as a scenario would, to three decimals of the unit: ``250ms``, ``1.5s``, ``1m30s``."""
    if round(seconds, 3) >= 60:
        return _combined(seconds)
    for factor, unit, limit in ((1.0, "s", 1.0), (1e3, "ms", 1.0), (1e6, "us", 0.0)):
        value = round(seconds * factor, 3)
        if value >= limit and value > 0:
            return f"{format_count(value)}{unit}"
    return "0s"


def format_size(size: float) -> str:
    """Write bytes in the largest binary unit that fits, to one decimal: ``64KiB``, ``27.7MiB``, ``512B``."""
    for unit in ("GiB", "MiB", "KiB"):
        value = round(size / BYTES[unit], 1)
        if value >= 1:
            return f"{format_count(value)}{unit}"
    return f"{round(size)}B"


def format_rate(per_second: float) -> str:
    """Write a rate a second, a minute or an hour, whichever first makes at least one: ``500/s``, ``20/m``."""
    for factor, unit in ((1, "s"), (60, "m"), (3600, "h")):
        value = round(per_second * factor, 3)
        if value >= 1:
            return f"{format_count(value)}/{unit}"
    return f"{format_count(per_second)}/s"


def format_count(number: float) -> str:
    """Write a number with at most three decimals, none where it is whole: ``2200``, ``2.5``."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _combined(seconds: float) -> str:
    """Write a minute or more as days to seconds; the seconds keep their milliseconds."""
    rest = round(seconds * 1000)
    text = ""
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, MICROSECONDS[unit] // 1000)
        text += f"{count}{unit}" if count else ""
    return text + (f"{format_count(rest / 1000)}s" if rest else "")


def _quoted(text: str) -> str:
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def _bare(value: float, kind: str, help_text: str) -> UnitError:
    if value < 0:
        return UnitError(f"a {kind} cannot be negative", help_text.replace(str(value), str(abs(value))))
    return UnitError(f"this {kind} has no unit", help_text)


def _time_unit(unit: str) -> str | None:
    lower = unit.lower()
    return lower if lower in MICROSECONDS else _LONG_NAMES.get(lower)


def _size_unit(unit: str) -> str | None:
    upper = unit.upper()
    same = next((known for known in BYTES if known.upper() == upper), None)
    return same or _SHORT_SIZES.get(upper)


def _unknown_unit(text: str, kind: str, unit: str, meant: str | None, help_text: str) -> UnitError:
    if meant is not None:
        help_text = f"write {text.replace(unit, meant)}"
    return UnitError(f"'{unit[:20]}' is not a unit of {kind}", help_text)


def _malformed(
    text: str, kind: str, general: str, bare: str, fix: Callable[[str], str | None] | None = None
) -> UnitError:
    """Say what is nearest to the truth about a text that is no quantity: no unit, a sign, a space, nonsense.

    ``fix``, if given, maps a unit as written to the one that is meant, or to None.
    """
    if re.fullmatch(_NUMBER, text):
        return UnitError(f"this {kind} has no unit", bare)
    if re.fullmatch(rf"-\s*{_NUMBER}.*", text):
        return UnitError(f"a {kind} cannot be negative", general)
    spaced = _SPACED.fullmatch(text)
    if spaced is not None and fix is not None and (unit := fix(spaced[2])) is not None:
        return UnitError(f"{_quoted(text)} has a space in it", f"write {spaced[1]}{unit}")
    return UnitError(f"{_quoted(text)} is not a {kind}", general)
