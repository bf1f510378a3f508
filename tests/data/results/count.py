"""Counting a simulated run into the parts of a result. Used only by ``make.py``."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any

from simulate import NAMES, PROFILES, Attempt, Message, Run

from wsrun.metrics.histogram import Histogram

STATS = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}
UNANSWERED = ("timed_out", "lost", "failed")


def tidy(value: float | None) -> float | None:
    """Keep six significant digits, so that the files stay small."""
    return None if value is None else float(f"{value:.6g}")


def histogram(values: Iterable[float]) -> Histogram:
    """Build a histogram of some numbers."""
    result = Histogram()
    for value in values:
        result.add(value)
    return result


def distribution(hist: Histogram, timeouts: int = 0, timeout: float | None = None) -> dict[str, Any]:
    """Write a histogram as the result does."""
    return {
        "count": hist.count,
        "min": tidy(hist.minimum),
        "avg": tidy(hist.average),
        "max": tidy(hist.maximum),
        **{name: tidy(hist.quantile(q)) for name, q in STATS.items()},
        "timeouts": timeouts,
        "timeout": timeout,
    }


def round_trip(messages: Iterable[Message], timeout: float) -> Histogram:
    """Round trips from the schedule; what was never answered counts at its timeout."""
    return histogram(
        timeout if m.outcome == "timed_out" else m.round_trip
        for m in messages
        if m.outcome in ("answered", "timed_out")
    )


def service_time(messages: Iterable[Message]) -> Histogram:
    """Service times of what was answered."""
    return histogram(m.service for m in messages if m.outcome == "answered")


def both(messages: list[Message], timeout: float) -> dict[str, Any]:
    """Both clocks of some messages, as distributions."""
    late = sum(1 for m in messages if m.outcome == "timed_out")
    return {
        "round_trip": distribution(round_trip(messages, timeout), late, timeout),
        "service_time": distribution(service_time(messages)),
    }


def outcomes(messages: list[Message]) -> dict[str, int]:
    """How many messages ended how."""
    kinds = ("answered", "failed", "timed_out", "lost")
    counts = {kind: sum(1 for m in messages if m.outcome == kind) for kind in kinds}
    return {"sent": len(messages), "expected": len(messages), **counts}


def phases(run: Run, stopped: float | None) -> list[dict[str, Any]]:
    """Return one entry a phase, and the drain."""
    rows = []
    ended = stopped if stopped is not None else run.starts[-1]
    for index, phase in enumerate(run.phases):
        start, end = run.starts[index], run.starts[index + 1]
        messages = [m for m in run.messages if m.phase == index]
        attempts = [a for a in run.attempts if a.phase == index]
        steady = phase.clients_from == phase.clients_to
        text = thousands(phase.clients_to)
        made = histogram(a.seconds for a in attempts if a.outcome == "established")
        sent = outcomes(messages)
        del sent["expected"]
        rows.append(
            {
                "name": phase.name,
                "start": start,
                "end": end,
                "reached": start < ended,
                "warm_up": phase.warm_up,
                "clients_from": phase.clients_from,
                "clients_to": phase.clients_to,
                "clients_text": text if steady else f"{thousands(phase.clients_from)} → {text}",
                "rate_text": None,
                "connect": distribution(made),
                **both(messages, run.timeout),
                "counts": {
                    **sent,
                    "attempted": len(attempts),
                    "established": made.count,
                    "refused": sum(1 for a in attempts if a.outcome == "refused"),
                    "connect_failed": sum(1 for a in attempts if a.outcome in ("timed_out", "failed")),
                    "closed": sum(1 for t, *_ in run.closes if start <= t < end),
                    "errors": sum(1 for m in messages if m.outcome in UNANSWERED)
                    + sum(1 for a in attempts if a.outcome != "established")
                    + sum(1 for t, side, *_ in run.closes if side != "client" and start <= t < end),
                },
                "messages_per_second": tidy(sent["answered"] / phase.duration),
                "cpu_max": tidy(0.08 + 0.2 * phase.clients_to / 2200 * 2) if start < ended else None,
            }
        )
    none = distribution(Histogram())
    closed = sum(1 for t, *_ in run.closes if t >= run.starts[-1])
    counts = dict.fromkeys(rows[0]["counts"], 0) | {"closed": closed}
    last = run.phases[-1].clients_to
    rows.append(
        {
            "name": "drain",
            "start": run.starts[-1],
            "end": run.starts[-1] + 5.0,
            "reached": stopped is None,
            "warm_up": 0.0,
            "clients_from": last,
            "clients_to": 0,
            "clients_text": f"{thousands(last)} → 0",
            "rate_text": None,
            "connect": none,
            "round_trip": distribution(Histogram(), 0, run.timeout),
            "service_time": none,
            "counts": counts,
            "messages_per_second": 0.0,
            "cpu_max": 0.05 if stopped is None else None,
        }
    )
    return rows


def thousands(number: int) -> str:
    """Group a count by narrow no-break spaces."""
    return f"{number:,}".replace(",", "\u202f")


def by_interval(times: Iterable[float], edges: list[float]) -> list[int]:
    """Count moments into intervals."""
    counts = [0] * (len(edges) - 1)
    for t in times:
        index = bisect_right(edges, t) - 1
        if 0 <= index < len(counts):
            counts[index] += 1
    return counts


def timeline(run: Run, interval: float, end: float, busy: float) -> list[dict[str, Any]]:
    """One row an interval. ``busy``: CPU share of the busiest worker at 2 200 clients."""
    steps = math.ceil(end / interval - 1e-9)
    edges = [min(n * interval, end) for n in range(steps + 1)]
    cells: list[list[Message]] = [[] for _ in range(steps)]
    for message in run.messages:
        if message.due < end:
            cells[bisect_right(edges, message.due) - 1].append(message)
    opened = by_interval((a.at for a in run.attempts if a.outcome == "established"), edges)
    closed = by_interval((t for t, *_ in run.closes), edges)
    failures = {cause: by_interval(times, edges) for cause, times in causes(run).items()}
    rows, clients = [], 0
    for n in range(steps):
        messages, length = cells[n], edges[n + 1] - edges[n]
        clients += opened[n] - closed[n]
        planned = run.clients_at(edges[n])
        trips, services = round_trip(messages, run.timeout), service_time(messages)
        share = clients / 2200
        rows.append(
            {
                "t": tidy(edges[n]),
                "length": tidy(length),
                "clients": clients,
                "planned": round(planned),
                "sent": len(messages),
                "received": services.count,
                "answered": services.count,
                "bytes_sent": 86 * len(messages),
                "bytes_received": 61 * services.count,
                "round_trip": {
                    "count": trips.count,
                    **{name: tidy(trips.quantile(STATS[name])) for name in ("p50", "p95", "p99")},
                    "max": tidy(trips.maximum),
                },
                "service_time": {
                    "count": services.count,
                    **{name: tidy(services.quantile(STATS[name])) for name in ("p50", "p99")},
                },
                "no_reply": sum(1 for m in messages if m.outcome == "timed_out"),
                "failures": {cause: counts[n] for cause, counts in failures.items() if counts[n]},
                "scheduled": len(messages),
                "dropped": 0,
                "late": 0,
                "cpu": tidy(0.05 + share * busy + 0.01 * ((n * 7) % 5) / 5),
                "lag_p99": tidy(
                    0.0006 + 0.0008 * share * (1 + (n % 3) / 3) if busy < 0.9 else 0.086 * share + 0.001
                ),
            }
        )
    return rows


def causes(run: Run) -> dict[str, list[float]]:
    """When each kind of failure happened."""
    found: dict[str, list[float]] = {
        "reply-timeout": [m.due + run.timeout for m in run.messages if m.outcome == "timed_out"],
        "refused-503": [a.at for a in run.attempts if a.outcome == "refused"],
        "closed-1013": [t for t, _, code, _ in run.closes if code == 1013],
        "reply-lost": [m.due for m in run.messages if m.outcome == "lost"],
        "connect-timeout": [a.at for a in run.attempts if a.outcome == "timed_out"],
    }
    return {cause: sorted(times) for cause, times in found.items() if times}


def heat(run: Run, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Replies by time and by band, nine bands a decade."""
    answered = [m for m in run.messages if m.outcome == "answered"]
    if not answered:
        return {"edges": [], "columns": []}
    low = math.floor(9 * math.log10(min(m.round_trip for m in answered)))
    high = math.floor(9 * math.log10(max(m.round_trip for m in answered))) + 1
    edges = [10 ** (n / 9) for n in range(low, high + 1)]
    starts = [row["t"] for row in rows]
    columns = [
        {"t": row["t"], "length": row["length"], "counts": [0] * (high - low), "no_reply": row["no_reply"]}
        for row in rows
    ]
    for m in answered:
        column = columns[bisect_right(starts, m.due) - 1]
        band = min(max(bisect_right(edges, m.round_trip) - 1, 0), high - low - 1)
        column["counts"][band] += 1
    return {"edges": [tidy(edge) for edge in edges], "columns": columns}


def curves(run: Run, names: Iterable[str | None]) -> list[dict[str, Any]]:
    """Histograms of some phases; None is the whole run less its warm-ups."""
    found = []
    for name in names:
        chosen = [m for m in judged(run) if name is None or run.phases[m.phase].name == name]
        trips, services = round_trip(chosen, run.timeout).to_json(), service_time(chosen).to_json()
        for data in (trips, services):
            data["sum"] = tidy(data["sum"])
            data["min"], data["max"] = tidy(data["min"]), tidy(data["max"])
        found.append({"phase": name, "round_trip": trips, "service_time": services})
    return found


def judged(run: Run) -> list[Message]:
    """Return the messages that are not of a warm-up."""
    return [m for m in run.messages if m.due - run.starts[m.phase] >= run.phases[m.phase].warm_up]


def errors(run: Run, established: int) -> list[dict[str, Any]]:
    """Return one entry a cause, most frequent first."""
    texts: dict[str, tuple[str, int, str]] = {
        "reply-timeout": (f"No reply within {run.timeout:g} s", len(run.messages), "messages"),
        "refused-503": ("HTTP 503 at the upgrade", len(run.attempts), "attempts"),
        "closed-1013": ("Closed by the target: try again later", established, "connections"),
        "reply-lost": ("Connection closed before the reply", len(run.messages), "messages"),
        "connect-timeout": ("Handshake longer than 5 s", len(run.attempts), "attempts"),
    }
    found = []
    for cause, times in causes(run).items():
        text, tried, tried_text = texts[cause]
        counts: dict[float, int] = {}
        for t in times:
            counts[math.floor(t * 2) / 2] = counts.get(math.floor(t * 2) / 2, 0) + 1
        found.append(
            {
                "cause": cause,
                "text": text,
                "count": len(times),
                "of": tried,
                "of_text": tried_text,
                "first": tidy(times[0]),
                "last": tidy(times[-1]),
                "series": [[t, n] for t, n in sorted(counts.items())],
                "clients": min(len(times), 1402) if cause == "reply-timeout" else len(times),
                "worst_client": "people/0714" if cause == "reply-timeout" else None,
                "worst_count": 5 if cause == "reply-timeout" else 1,
                "samples": [{"at": tidy(times[0]), "client": "people/0714", "text": f"{text}, sent as say"}],
            }
        )
    return sorted(found, key=lambda entry: -int(entry["count"]))


def messages(run: Run) -> list[dict[str, Any]]:
    """Return one entry a message."""
    kinds = {"say": "command", "who": "query"}
    groups = {name: [m for m in judged(run) if m.name == name] for name, _ in NAMES}
    return [
        {"name": n, "kind": kinds[n], **both(of, run.timeout), **outcomes(of), "timeout": run.timeout}
        for n, of in groups.items()
    ]


def profiles(run: Run, clients: int) -> list[dict[str, Any]]:
    """Return one entry a profile."""
    thinks = {"active": "exponential 0.2 s", "regular": "log-normal 0.4 s", "passive": "uniform 4–6 s"}
    rows = []
    for name, share, _ in PROFILES:
        of = [m for m in judged(run) if m.profile == name]
        counts = outcomes(of)
        rows.append(
            {
                "name": name,
                "share": share,
                "clients": round(clients * share),
                "think_text": thinks[name],
                **both(of, run.timeout),
                **{key: counts[key] for key in ("sent", "expected", "timed_out", "lost")},
            }
        )
    return rows


def where(test: Callable[[Attempt], bool], run: Run) -> int:
    """Count attempts."""
    return sum(1 for attempt in run.attempts if test(attempt))
