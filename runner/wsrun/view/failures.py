"""What went wrong without a criterion that says so, and how soon it was well again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsrun.view import criteria, formats
from wsrun.view.reading import ENOUGH, Reading
from wsrun.view.words import Span, counted, listing, strong

Spans = list[Span]


def sentence_of(reading: Reading, covered: set[str]) -> Spans:
    """Return one sentence on every failure that no failed criterion speaks of; empty when there was none."""
    if covered & {"errors", "errors.ratio"}:
        return []
    found = [item for metric, item in _failures(reading) if metric not in covered]
    if not found:
        return []
    names = {name for _, _, phases in found for name in phases}
    single = len(names) == 1 and len(reading.phases) > 1
    lead = "Also" if any(c["status"] == "missed" for c in reading["criteria"]) else "Not asserted, but seen"
    spans: Spans = [Span(f"{lead} in {next(iter(names))}: " if single else f"{lead}: ")]
    for index, (head, tail, phases) in enumerate(found[:5]):
        if index:
            spans.append(Span(", " if index < min(len(found), 5) - 1 else " and "))
        spans += [strong(head), Span(tail)]
        if not single and len(phases) == 1 and len(reading.phases) > 1:
            spans.append(Span(f" in {next(iter(phases))}"))
    return [*spans, Span(".")]


def _failures(reading: Reading) -> list[tuple[str, tuple[str, str, set[str]]]]:
    """Return the metric, its bold and plain words and its phases, of each kind of failure that happened."""
    connections, messages = reading["counts"]["connections"], reading["counts"]["messages"]
    found = []

    def where(*keys: str) -> set[str]:
        return {p["name"] for p in reading["phases"] if any(p["counts"].get(key) for key in keys)}

    def add(
        metric: str, number: int, one: str, many: str, tail: str, phases: set[str], **labels: str
    ) -> None:
        if number and not _is_asserted(metric, labels, reading):
            found.append((metric, (counted(number, one, many), tail, phases)))

    asked = messages["expected"]
    part = f" ({formats.share(messages['timed_out'] / asked)})" if asked else ""
    add(
        "replies.timed_out",
        messages["timed_out"],
        "message without a reply",
        "messages without a reply",
        part,
        where("timed_out"),
    )
    add("replies.failed", messages["failed"], "reply", "replies", " not as expected", where("failed"))
    for status, number in connections["refused_by_status"].items():
        tail = f" with HTTP {status}"
        phases = where("refused")
        add(
            "connect.refused",
            number,
            "connection refused",
            "connections refused",
            tail,
            phases,
            status=status,
        )
    add(
        "connect.timed_out",
        connections["timed_out"],
        "handshake",
        "handshakes",
        " timed out",
        where("connect_failed"),
    )
    add(
        "connect.failed",
        connections["failed"],
        "connection",
        "connections",
        " failed",
        where("connect_failed"),
    )
    for close in connections["closed"]:
        if close["side"] != "client" and close["code"] not in (1000, 1001):
            by = "the network" if close["side"] == "network" else "the target"
            number = close["count"]
            add(
                "closed",
                number,
                "closed",
                "closed",
                f" by {by} with {close['code']}",
                _phases_of_close(close, reading),
                code=str(close["code"]),
            )
    add("replies.lost", messages["lost"], "reply", "replies", " lost with a connection", where("lost"))
    left_out = connections.get("dropped", 0)
    add("connect.dropped", left_out, "arrival", "arrivals", " left out: at_most were there", set())
    add("connect.late", connections.get("late", 0), "arrival", "arrivals", " began late", set())
    add(
        "messages.dropped",
        messages["dropped"],
        "message",
        "messages",
        f" dropped: {_why_dropped(messages)}",
        set(),
    )
    return found


def _is_asserted(metric: str, labels: Mapping[str, str], reading: Reading) -> bool:
    """Whether a criterion that was met speaks of these outcomes, by the labels that tell them."""
    return bool(labels) and any(
        entry["metric"] == metric
        and entry["status"] == "met"
        and all(entry["labels"].get(name) == value for name, value in labels.items())
        for entry in reading["criteria"]
    )


def _why_dropped(messages: Mapping[str, Any]) -> str:
    """Say in a few words why scheduled messages were not sent, the commonest cause first."""
    words = {"nobody-open": "nobody was connected", "out-of-time": "wsrun was too slow"}
    words["not-read"] = "the target did not read"
    causes = messages.get("dropped_by_cause") or {"nobody-open": messages["dropped"]}
    return listing([words.get(cause, cause) for cause in sorted(causes, key=lambda cause: -causes[cause])])


def _phases_of_close(close: Mapping[str, Any], reading: Reading) -> set[str]:
    """Return the phases in which the errors named after a close code fell."""
    names = set()
    for error in reading["errors"]:
        if str(close["code"]) in error["cause"]:
            for t, _ in error["series"]:
                names |= {p["name"] for p in reading["phases"] if p["start"] <= t < p["end"]}
    return names


def recovery(reading: Reading) -> Spans:
    """Say how soon a met limit on a calm phase held for good after a worse one; nothing without such a limit.

    Nothing either where another criterion on the calm phase was missed: that phase was not well.
    """
    unwell = {entry["phase"] for entry in reading["criteria"] if entry["status"] == "missed"}
    for entry in reading["criteria"]:
        phase, before = reading.phase(entry["phase"]), reading.before(entry["phase"])
        stat, required = entry["stat"], entry["required"]
        if phase is None or before is None or entry["status"] != "met" or entry["phase"] in unwell:
            continue
        if entry["metric"] != "round_trip" or stat not in ("p50", "p95", "p99"):
            continue
        if set(entry["labels"]) - {"phase"} or entry["operator"][0] != "<" or not required:
            continue
        if (before["round_trip"][stat] or 0) <= required:
            continue
        held = _held_after(phase, stat, required, reading)
        if held is not None:
            bound = criteria.limit(entry)
            told = f"After {before['name']}, {stat} was back under {bound} within {formats.span(held)}."
            return [Span(told)]
    return []


def _held_after(phase: Mapping[str, Any], stat: str, required: float, reading: Reading) -> float | None:
    """Return after how many seconds of a phase a value was under its limit until the end of the phase."""
    rows = [
        row
        for row in reading["timeline"]
        if phase["start"] - 1e-9 <= row["t"] < phase["end"] - 1e-9 and row["round_trip"]["count"] >= ENOUGH
    ]
    calm = None
    for row in reversed(rows):
        if (row["round_trip"][stat] or 0) >= required:
            break
        calm = row
    return None if calm is None else float(calm["t"] + calm["length"] - phase["start"])
