"""Sentences about criteria: what was measured, what it was, and what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsrun.view import criteria, formats
from wsrun.view.reading import quantile_of
from wsrun.view.words import counted

DISTRIBUTIONS = {
    "round_trip": "round trip",
    "service_time": "service time",
    "reply.first": "time to the first part of a reply",
    "reply.gap": "time between two parts of a reply",
    "delivery.time": "delivery time",
    "delivery.spread": "spread of a delivery",
    "connect.time": "connect time",
    "pool.wait": "wait for a connection of the pool",
    "connect.dns": "name look-up",
    "connect.tcp": "TCP connect",
    "connect.tls": "TLS handshake",
    "connect.upgrade": "WebSocket upgrade",
    "connect.first_message": "time to the first message",
}

COUNTERS = {
    "connect.attempted": ("connection attempted", "connections attempted"),
    "connect.established": ("connection established", "connections established"),
    "connect.refused": ("connection refused", "connections refused"),
    "connect.timed_out": ("handshake timed out", "handshakes timed out"),
    "connect.failed": ("connection failed", "connections failed"),
    "connect.dropped": ("arrival left out", "arrivals left out"),
    "connect.late": ("arrival that began late", "arrivals that began late"),
    "pool.timeouts": (
        "message without a connection of the pool",
        "messages without a connection of the pool",
    ),
    "messages.sent": ("message sent", "messages sent"),
    "messages.received": ("frame received", "frames received"),
    "messages.unmatched": ("frame that nobody expected", "frames that nobody expected"),
    "messages.late": ("message sent late", "messages sent late"),
    "messages.dropped": ("message dropped", "messages dropped"),
    "replies.expected": ("reply expected", "replies expected"),
    "replies.answered": ("message answered", "messages answered"),
    "replies.failed": ("reply not as expected", "replies not as expected"),
    "replies.timed_out": ("message without a reply in time", "messages without a reply in time"),
    "replies.lost": ("reply lost with its connection", "replies lost with their connection"),
    "replies.pending": ("reply still pending", "replies still pending"),
    "replies.late": ("late reply", "late replies"),
    "replies.extra": ("reply too many", "replies too many"),
    "expect.passed": ("expectation fulfilled", "expectations fulfilled"),
    "expect.failed": ("failed expectation", "failed expectations"),
    "closed": ("connection closed", "connections closed"),
    "errors": ("error", "errors"),
    "delivery.expected": ("delivery expected", "deliveries expected"),
    "delivery.received": ("delivery in time", "deliveries in time"),
    "delivery.late": ("late delivery", "late deliveries"),
    "delivery.duplicates": ("delivery that came again", "deliveries that came again"),
    "delivery.unsure": ("delivery set aside", "deliveries set aside"),
    "isolation.leaks": ("leak", "leaks"),
    "mailbox.dropped": ("frame dropped from a full mailbox", "frames dropped from a full mailbox"),
}

_STATS = {"avg": "average ", "min": "lowest ", "max": "highest ", "last": "last "}

_LABELS = {
    "phase": "in {}",
    "message": "of {}",
    "kind": "of kind {}",
    "priority": "of priority {}",
    "group": "of group {}",
    "profile": "of profile {}",
    "socket": "over {}",
    "code": "with code {}",
    "side": "by side {}",
    "status": "with status {}",
    "cause": "with cause {}",
}


def labels(entry: Mapping[str, Any], *, spaced: bool = True) -> str:
    """Write the labels of a criterion as a part of a sentence: `` of say in spike``; the phase goes last."""
    found = sorted(entry["labels"].items(), key=lambda item: item[0] == "phase")
    words = " ".join(_LABELS.get(key, f"{key} {{}}").format(value) for key, value in found)
    return f" {words}" if words and spaced else words


def subject(entry: Mapping[str, Any]) -> str:
    """Name what a criterion measures: ``p99 round trip in spike``."""
    metric, stat = entry["metric"], entry["stat"] or ""
    if metric in DISTRIBUTIONS and stat == "count":
        return f"number of {DISTRIBUTIONS[metric]} samples{labels(entry)}"
    if metric in DISTRIBUTIONS:
        prefix = f"{stat} " if quantile_of(stat) is not None else _STATS.get(stat, "")
        return f"{prefix}{DISTRIBUTIONS[metric]}{labels(entry)}"
    if metric == "connect.success":
        return f"connections established{labels(entry)}"
    if metric == "errors.ratio":
        return f"share of errors{labels(entry)}"
    if metric == "delivery.reach":
        return f"deliveries in time{labels(entry)}"
    if metric in COUNTERS:
        return f"{COUNTERS[metric][1]}{' a second' if stat == 'rate' else ''}{labels(entry)}"
    return f"{metric}{f'.{stat}' if stat else ''}{labels(entry)}"


def wanted(entry: Mapping[str, Any]) -> str:
    """Say what would have met a criterion, as the second half of a sentence."""
    bound = criteria.limit(entry).text
    if criteria.is_none_allowed(entry):
        return "none is allowed"
    sentences = {
        "<": f"the limit is {bound}",
        "<=": f"the limit is {bound}",
        ">": f"more than {bound} is wanted",
        ">=": f"{bound} is wanted",
        "==": f"exactly {bound} is wanted",
        "!=": f"anything but {bound} is wanted",
    }
    return sentences[entry["operator"]]


def headline(entry: Mapping[str, Any]) -> str:
    """Say in one sentence what was observed and what is wanted; begins with a capital or a percentile."""
    seen = criteria.observed(entry)
    metric, stat = entry["metric"], entry["stat"] or ""
    if entry["observed"] is None:
        return f"No data for {subject(entry)}; {wanted(entry)}"
    if metric == "connect.success":
        return f"{seen} of connections{labels(entry)} were established; {wanted(entry)}"
    if metric == "errors.ratio":
        return f"{seen} of what was tried{labels(entry)} failed; {wanted(entry)}"
    if metric == "delivery.reach":
        return f"{seen} of deliveries{labels(entry)} came in time; {wanted(entry)}"
    if metric in COUNTERS and stat == "rate":
        return f"{seen.number} {COUNTERS[metric][1]} a second{labels(entry)}; {wanted(entry)}"
    if metric in COUNTERS:
        one, many = COUNTERS[metric]
        return f"{counted(int(entry['observed']), one, many)}{labels(entry)}; {wanted(entry)}"
    name = subject(entry)
    if quantile_of(stat) is None and metric in DISTRIBUTIONS:
        name = name[:1].upper() + name[1:]
    return f"{name} was {seen}; {wanted(entry)}"


def closest(entry: Mapping[str, Any]) -> str:
    """Say how near a met criterion came to its limit."""
    seen, bound = criteria.observed(entry), criteria.limit(entry)
    used = formats.percent(entry["used"])
    if entry["operator"] in ("<", "<="):
        return f"Closest to its limit: {subject(entry)}, {seen} of {bound} ({used})"
    return f"Closest to its limit: {subject(entry)}, {seen} where {bound} is wanted ({used} of the limit)"
