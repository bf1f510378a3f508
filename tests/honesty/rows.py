"""What a check says: rows of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: what was asked, what was seen, what is allowed. ``good`` None: could not be checked here.

    ``is_control``: seen without wsrun, to tell the machine from it; nothing is judged by it.
    """

    check: str
    what: str
    seen: str
    allowed: str
    good: bool | None
    is_control: bool = False


def milliseconds(seconds: float) -> str:
    """Write a time."""
    return f"{seconds * 1e3:.2f} ms"


def near(check: str, what: str, reported: float, true: float, *, share: float, least: float) -> Row:
    """Hold a reported time (seconds) against the true one: within ``share`` of it or ``least`` seconds."""
    allowed = max(share * true, least)
    seen = f"{milliseconds(reported)} where {milliseconds(true)} is true"
    return Row(check, what, seen, f"± {milliseconds(allowed)}", abs(reported - true) <= allowed)


def control(check: str, what: str, seen: float, true: float) -> Row:
    """Show a time (seconds) that was taken without wsrun, in the same minute."""
    text = f"{milliseconds(seen)} where {milliseconds(true)} is true"
    return Row(check, what, text, "a raw client, for comparison", None, is_control=True)


def exact(check: str, what: str, ours: int, theirs: int) -> Row:
    """Hold a count against the witness's."""
    return Row(check, what, f"{ours:,} and {theirs:,}", "equal", ours == theirs)


def at_most(check: str, what: str, value: float, limit: float) -> Row:
    """Hold a time (seconds) against a limit."""
    return Row(check, what, milliseconds(value), f"≤ {milliseconds(limit)}", value <= limit)


def quantile(values: list[float], share: float) -> float:
    """Return the value at a share of a sorted list: the smallest with at least that share at or below it."""
    return values[max(-(-len(values) * share // 1) - 1, 0).__int__()]
