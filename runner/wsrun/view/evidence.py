"""The line of evidence below a finding: only what was measured, and never a cause that was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wsrun.metrics.histogram import Histogram
from wsrun.view import formats
from wsrun.view.reading import (
    LATENCY,
    QUANTILES,
    Reading,
    is_timeout,
    is_warm_up,
    latency,
    timeout_text,
)
from wsrun.view.words import Span, counted, listing, quiet, sentence

Spans = list[Span]

NOTABLE_SHARE = 0.2
NOTABLE_SECONDS = 0.010
"""A difference between the two clocks is spoken of when it is at least so much, in both senses."""

REPLIES = {"replies.timed_out": "timed_out", "replies.failed": "failed", "replies.lost": "lost"}
"""Metrics that every message and phase counts, and what they call them."""

LATE_CPU = 0.95
"""A worker that used this share of a core had none to spare."""

IDLE_CPU = 0.25
"""A worker that never used this share of a core was kept waiting, and not busy."""


def of(entry: Mapping[str, Any], reading: Reading) -> tuple[Spans, str]:
    """Return the evidence of a criterion, and its short form for a terminal."""
    if entry["observed"] is None:
        why = sentence(entry["note"] or "nothing that it could have measured happened")
        return [Span(f"{why}. Without data a criterion is not met.")], why
    if entry["metric"] in LATENCY and entry["stat"] in QUANTILES:
        return _of_latency(entry, reading)
    if entry["metric"] == "connect.success":
        parts = _connection_failures(reading)
    elif entry["metric"] in ("errors", "errors.ratio"):
        parts = _error_kinds(reading)
    elif entry["metric"] in REPLIES and entry["observed"]:
        return _by_message(entry, reading)
    elif entry["metric"].startswith("connect.") and entry["stat"]:
        parts = _connects_by_phase(entry, reading)
        return [Span(f"It was {listing(parts)}.")] if parts else [], ", ".join(parts)
    else:
        parts = []
    if not parts:
        tried = entry["samples"]
        short = f"of {counted(tried, 'sample')}" if tried and entry["metric"] not in LATENCY else ""
        return ([Span(f"{sentence(short)}.")], short) if short else ([], "")
    total, where = _connections_or_errors(entry, reading)
    joined = listing(parts)
    if entry["metric"] in ("errors", "errors.ratio") and len(reading["errors"]) == 1:
        told = f"{total}, each of them {reading['errors'][0]['cause']}{where}"
        return [Span(f"{told}.")], told
    return [Span(f"{total}: {joined}{where}.")], f"{joined}{where}"


def _of_latency(entry: Mapping[str, Any], reading: Reading) -> tuple[Spans, str]:
    stat, name = entry["stat"], entry["phase"]
    clocks = reading.judged(name)
    sentences, short = [], []
    plain = not set(entry["labels"]) - {"phase"}
    before = reading.before(name)
    if plain and before is not None and before[entry["metric"]][stat] is not None:
        seen = latency(before[entry["metric"]], before[entry["metric"]][stat])
        sentences.append(f"It was {seen} in {before['name']}.")
        short.append(f"{before['name']} {seen}")
    if entry["metric"] == "round_trip" and plain:
        _from_send(entry, clocks, reading, sentences, short)
    if entry["status"] != "met" and reading["generator"]["fit"]:
        lag = _worst_lag(reading, name)
        if lag is not None:
            cleared = f"its event-loop lag stayed under {_next_ms(lag)}"
            sentences.append(f"wsrun is not the cause: {cleared}.")
            short.append(f"wsrun is not the cause: {cleared}")
    return [Span(" ".join(sentences))] if sentences else [], "; ".join(short)


def _from_send(
    entry: Mapping[str, Any],
    clocks: Mapping[str, Any],
    reading: Reading,
    sentences: list[str],
    short: list[str],
) -> None:
    """Compare both clocks; what never came makes the round trip longer, but not because it waited."""
    stat = entry["stat"]
    trips, services = clocks["round_trip"], clocks["service_time"]
    send = services[stat]
    if send is None:
        return
    short.append(f"from the send {formats.seconds(send)}")
    timeouts = trips["timeouts"]
    if is_timeout(trips, entry["observed"]):
        sentences.append(
            f"From the send it is {formats.seconds(send)}, but {counted(timeouts, 'message')} of "
            f"{formats.group(trips['count'])} had no reply {timeout_text(trips)}, and count as that."
        )
        return
    waited = _waited(entry["phase"], stat, send, reading)
    if waited is None:
        sentences.append(f"From the send it is {formats.seconds(send)}.")
        return
    sentences.append(
        f"From the send it is only {formats.seconds(send)}: up to {formats.seconds(waited)} passed "
        "between the moment a message was due and its send."
    )


def _waited(name: str | None, stat: str, send: float, reading: Reading) -> float | None:
    """Return how much later the slow replies are by the schedule than by the send, if that is notable.

    Both are taken of answered messages only: at its timeout a message that was never answered is slow by
    the schedule, but says nothing about waiting.
    """
    curve = next((curve for curve in reading["curves"] if curve["phase"] == name), None)
    clocks = reading.judged(name)
    if curve is None or not curve["round_trip"]["count"]:
        return None
    trips, timeouts = Histogram.from_json(curve["round_trip"]), clocks["round_trip"]["timeouts"]
    answered = trips.count - timeouts
    if answered <= 0:
        return None
    value = trips.quantile(QUANTILES[stat] * answered / trips.count)
    if value is None or value - send < max(NOTABLE_SHARE * send, NOTABLE_SECONDS):
        return None
    return value - send


def _worst_lag(reading: Reading, name: str | None) -> float | None:
    phase = reading.phase(name)
    rows: Iterable[Mapping[str, Any]] = reading["timeline"]
    if phase is not None:
        rows = [row for row in rows if phase["start"] <= row["t"] < phase["end"]]
    return max((row["lag_p99"] for row in rows if row["lag_p99"] is not None), default=None)


def _next_ms(value: float) -> str:
    """Round a lag up to whole milliseconds, so that "under" is true."""
    return f"{int(value * 1000) + 1}{formats.NARROW}ms"


def _connection_failures(reading: Reading) -> list[str]:
    connections = reading["counts"]["connections"]
    parts = [
        f"{formats.group(number)} refused with HTTP {status}"
        for status, number in connections["refused_by_status"].items()
    ]
    if connections["timed_out"]:
        parts.append(f"{formats.group(connections['timed_out'])} timed out")
    if connections["failed"]:
        parts.append(f"{formats.group(connections['failed'])} failed")
    return parts


def _by_message(entry: Mapping[str, Any], reading: Reading) -> tuple[Spans, str]:
    """Say which messages a count of replies is of, and in which phases they fell."""
    key = REPLIES[entry["metric"]]
    kinds = sorted(reading["messages"], key=lambda message: -int(message[key]))
    parts = [f"{formats.group(kind[key])} of {kind['name']}" for kind in kinds[:3] if kind[key]]
    places = [phase["name"] for phase in reading["phases"] if phase["counts"][key] and not is_warm_up(phase)]
    if set(entry["labels"]) - {"phase"} or len(reading["messages"]) < 2:
        parts = []
    if entry["phase"] is None and len(reading.phases) > 1 and len(places) <= 4:
        parts.append(f"{'all ' if len(places) == 1 else ''}in {listing(places)}")
    short = ", ".join(parts)
    return ([Span(f"{sentence(short)}.")], short) if short else ([], "")


def _connects_by_phase(entry: Mapping[str, Any], reading: Reading) -> list[str]:
    """Return the connect time of each phase in which clients connected, if they did in more than one."""
    if entry["metric"] != "connect.time" or entry["labels"]:
        return []
    found = [
        f"{formats.seconds(phase['connect'][entry['stat']])} in {phase['name']}"
        for phase in reading.phases
        if phase["connect"].get(entry["stat"]) is not None
    ]
    return found if 1 < len(found) <= 4 else []


def _error_kinds(reading: Reading) -> list[str]:
    found = [f"{formats.group(entry['count'])} {entry['cause']}" for entry in reading["errors"][:4]]
    if len(reading["errors"]) > 4:
        found.append(f"{len(reading['errors']) - 4} more kinds")
    return found


def _connections_or_errors(entry: Mapping[str, Any], reading: Reading) -> tuple[str, str]:
    """Return the count behind a ratio, and the one phase in which all of it fell."""
    if entry["metric"] == "connect.success":
        connections = reading["counts"]["connections"]
        missing = connections["attempted"] - connections["established"]
        phases = [
            p["name"] for p in reading["phases"] if p["counts"]["refused"] + p["counts"]["connect_failed"]
        ]
        total = f"{formats.group(missing)} of {formats.group(connections['attempted'])} attempts"
    else:
        phases = [p["name"] for p in reading["phases"] if p["counts"]["errors"]]
        total = counted(sum(error["count"] for error in reading["errors"]), "error")
    return total, f", all in {phases[0]}" if len(phases) == 1 and len(reading.phases) > 1 else ""


def saturated(reading: Reading) -> Spans:
    """Say when the generator had nothing to spare."""
    busy = [row for row in reading["timeline"] if (row["cpu"] or 0) >= LATE_CPU]
    most = max((row["cpu"] or 0 for row in reading["timeline"]), default=0)
    spans: Spans = []
    if 0 < most < IDLE_CPU:
        spans.append(Span(f"It took {formats.percent(most)} of a core at most: something else delayed it. "))
    if busy:
        first, last = reading.moment(busy[0]["t"]), reading.moment(busy[-1]["t"] + busy[-1]["length"])
        workers = reading["generator"]["workers"]
        who = "its only worker" if workers == 1 else f"the busiest of {workers} workers"
        spans.append(
            Span(f"Between {first} and {last} {who} used up to {formats.percent(most)} of its core. ")
        )
    return [*spans, Span("What looks like a slow target may be a slow generator. ")]


def unreachable(reading: Reading, reason: str) -> Spans:
    """Say where the target was looked for, and what came of it."""
    addresses = listing(reading["target"]["addresses"])
    spans: Spans = [Span(sentence(reason) + ". ")]
    if addresses and addresses not in reason:
        spans.append(Span(f"Looked for it at {addresses}. "))
    for error in reading["errors"][:1]:
        spans.append(Span(f"Last error: {error['text']}. "))
    return spans


def remedy(what: str | None) -> Spans:
    """Say what to do about it."""
    return [Span(f"{sentence(what).rstrip('.')}.")] if what else []


def totals(connections: Mapping[str, Any], messages: Mapping[str, Any]) -> Spans:
    """Count what was done."""
    attempted = formats.group(connections["attempted"])
    made = f"{counted(connections['established'], 'connection')} of {attempted} made"
    if not messages["sent"]:
        return [Span(f"{made}. "), quiet("No message was sent.")]
    answered = (
        f"{formats.group(messages['answered'])} of {counted(messages['expected'], 'reply', 'replies')} came"
    )
    if not messages["expected"]:
        return [Span(f"{made}, {counted(messages['sent'], 'message')} sent, none of which asks for a reply.")]
    return [Span(f"{made}, {counted(messages['sent'], 'message')} sent, {answered}.")]
