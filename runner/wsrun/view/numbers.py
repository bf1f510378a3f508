"""The six numbers below the picture, each with what it is, a comparison, and its course over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wsrun.view import formats, series
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.reading import QUANTILES, Clock, Reading, latency, percentile, timeout_text
from wsrun.view.series import Line, Point
from wsrun.view.words import counted

Tone = Literal["schedule", "send", "fail", "neutral"]
"""What a sparkline is about; its colour is the face's business."""


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One number: ``about`` is what it is, ``context`` what to hold it against, ``anchor`` its evidence."""

    name: str
    figure: Figure
    about: str
    context: str
    anchor: str
    tone: Tone
    line: Line


def build(reading: Reading, merged: Sequence[Point]) -> tuple[KeyNumber, ...]:
    """Return the six numbers of a run that reached its target."""
    name = reading.focus.phase
    phase = reading.phase(name)
    where = f", {name}" if phase is not None else ""
    return (
        _latency("round_trip", reading, merged, where),
        _latency("service_time", reading, merged, where),
        _no_reply(reading, merged),
        _connected(reading, merged),
        _errors(reading, merged),
        _messages(reading, merged, where),
    )


def _latency(clock: Clock, reading: Reading, merged: Sequence[Point], where: str) -> KeyNumber:
    """Return the judged percentile, or the highest one for which there are enough replies."""
    name = reading.focus.phase
    known = reading.judged(name)[clock]
    stat = reading.focus.stat
    lower = [stat, *(s for s in ("p99", "p95", "p90", "p50") if QUANTILES[s] < QUANTILES[stat])]
    if known["count"]:
        stat = next((s for s in lower if percentile(known, s) is not None), "max")
    shown = stat
    line: Line = []
    for candidate in (stat, "p95", "p50"):
        if candidate in QUANTILES:
            line = series.percentile_line(merged, clock, candidate, QUANTILES[candidate], ())
        if series.has_values(line):
            break
    title = "Round trip" if clock == "round_trip" else "Service time"
    about = "from schedule" if clock == "round_trip" else "from send"
    if shown == "max":
        shown, about = "highest", f"{about}, of {counted(known['count'], 'reply', 'replies')}"
    line = line if series.has_values(line) else []
    value = known["max"] if stat == "max" else known[stat]
    before = reading.before(name)
    context = "without the searches" if reading.has_searches and name is None else ""
    if before is not None and stat in QUANTILES:
        earlier = percentile(before[clock], stat)
        context = f"{latency(before[clock], earlier)} in {before['name']}" if earlier is not None else ""
    tone: Tone = "schedule" if clock == "round_trip" else "send"
    return KeyNumber(f"{title} {shown}{where}", latency(known, value), about, context, "latency", tone, line)


def _no_reply(reading: Reading, merged: Sequence[Point]) -> KeyNumber:
    messages = reading["counts"]["messages"]
    expected, missing = messages["expected"], messages["timed_out"]
    figure = formats.share(missing / expected) if expected else NOTHING
    about = counted(missing, "message") if expected else "no reply was asked for"
    name = f"No reply {timeout_text(reading['overall']['round_trip'])}"
    phases = [p for p in reading["phases"] if p["counts"]["timed_out"]]
    context = f"all in {phases[0]['name']}" if len(phases) == 1 and len(reading.phases) > 1 else ""
    return KeyNumber(name, figure, about, context, "counts", "fail", _each(merged, lambda p: p.no_reply))


def _connected(reading: Reading, merged: Sequence[Point]) -> KeyNumber:
    connections = reading["counts"]["connections"]
    attempted, established = connections["attempted"], connections["established"]
    figure = formats.share(established / attempted) if attempted else NOTHING
    about = f"{formats.group(attempted - established)} of {formats.group(attempted)} not"
    took = reading["overall"]["connect"]["p50"]
    context = f"in {formats.seconds(took)}, median" if took is not None else ""
    line = [(point.middle, point.clients) for point in merged]
    return KeyNumber("Connected", figure, about, context, "counts", "neutral", list(line))


def _errors(reading: Reading, merged: Sequence[Point]) -> KeyNumber:
    messages, connections = reading["counts"]["messages"], reading["counts"]["connections"]
    total = sum(error["count"] for error in reading["errors"])
    tried = connections["attempted"] + messages["sent"]
    figure = formats.share(total / tried) if tried else NOTHING
    about = f"{formats.group(total)} of {formats.group(tried)} tried"
    kinds = len(reading["errors"])
    context = "no failure of any kind" if not kinds else counted(kinds, "kind")
    line = _each(merged, lambda point: sum(point.failures.values()))
    return KeyNumber("Errors", figure, about, context, "errors", "fail", line)


def _messages(reading: Reading, merged: Sequence[Point], where: str) -> KeyNumber:
    answers = bool(reading["counts"]["messages"]["expected"])
    about = "answered" if answers else "sent"
    line = _each(merged, lambda point: point.answered if answers else point.sent)
    phase, before = reading.phase(reading.focus.phase), reading.before(reading.focus.phase)
    figure = formats.per_second(_rate([phase] if phase is not None else reading.phases, about, reading))
    context = (
        f"{formats.per_second(_rate([before], about, reading))} in {before['name']}"
        if before is not None
        else ""
    )
    return KeyNumber(f"Messages{where}", figure, about, context, "timeline", "neutral", line)


def _rate(phases: Sequence[Mapping[str, Any]], key: str, reading: Reading) -> float | None:
    """Return how many messages a second there were over the phases, as far as the run came.

    None where that was a moment only: the rate of one says nothing.
    """
    seconds = sum(max(min(phase["end"], reading.ended) - phase["start"], 0.0) for phase in phases)
    total = sum(phase["counts"][key] for phase in phases)
    planned = sum(phase["end"] - phase["start"] for phase in phases)
    return total / seconds if seconds > min(planned, reading["run"]["interval"]) / 2 else None


def _each(merged: Sequence[Point], count: Callable[[Point], float]) -> Line:
    """Return a count a second over time."""
    return [(point.middle, point.a_second(count(point))) for point in merged]
