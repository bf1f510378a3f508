"""Putting a result together from a simulated run, all but its verdict. Used only by ``make.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import count
from simulate import Run

from wsrun.metrics.histogram import Histogram

SCENARIO = (Path(__file__).resolve().parent / "chat-spike.yaml").read_text(encoding="utf-8")


def machine() -> dict[str, Any]:
    """Return the machine that the runs were made up on."""
    return {
        "host": "ci-runner-7",
        "system": "Linux 6.8",
        "cores": 8,
        "memory_bytes": 16 << 30,
        "descriptors": 65536,
    }


def checks(busy: float) -> list[dict[str, Any]]:
    """Return the generator's checks."""
    lag = 0.0014 if busy < 0.9 else 0.086
    late = 0.0 if busy < 0.9 else 0.31
    rows = [
        ("Event-loop lag, p99", lag, 0.02, "seconds"),
        ("CPU of the busiest worker, for 10 s on end", 0.05 + busy, 0.85, "share"),
        ("Sends late by wsrun itself", late, 0.01, "share"),
        ("Scheduled messages not sent", 0.0, 0.001, "share"),
        ("File descriptors of a worker", 577, 65536, "number"),
    ]
    return [
        {
            "name": name,
            "worst": worst,
            "limit": limit,
            "unit": unit,
            "ok": worst <= limit,
            "used": worst / limit,
        }
        for name, worst, limit, unit in rows
    ]


def events(
    run: Run, rows: list[dict[str, Any]], errors: list[dict[str, Any]], end: float
) -> list[dict[str, Any]]:
    """Return phase changes and the first of each failure."""
    found: list[dict[str, Any]] = []
    for row in rows[1:]:
        if row["start"] < end:
            text = f"{row['name']} begins: {row['clients_text']} clients"
            found.append({"t": row["start"], "kind": "phase", "mark": "none", "text": text})
    for entry in errors:
        text = f"First of {count.thousands(entry['count'])}: {entry['text']}"
        until = {"until": entry["last"], "until_text": None}
        found.append({"t": entry["first"], "kind": "failure", "mark": "failed", "text": text, **until})
    for event in found:
        event.setdefault("until", None)
        event.setdefault("until_text", None)
    return sorted(found, key=lambda event: event["t"])


def result(
    run: Run, *, interval: float = 1.0, busy: float = 0.48, stopped: float | None = None
) -> dict[str, Any]:
    """Put a result together, all but its verdict."""
    end = stopped if stopped is not None else run.starts[-1] + 5.0
    rows = count.phases(run, stopped)
    established = count.where(lambda a: a.outcome == "established", run)
    timeline = count.timeline(run, interval, end, busy)
    errors = count.errors(run, established)
    whole = count.both(count.judged(run), run.timeout)
    made = count.histogram(a.seconds for a in run.attempts if a.outcome == "established")
    sent = count.outcomes(run.messages)
    refused = count.where(lambda a: a.outcome == "refused", run)
    late = count.where(lambda a: a.outcome == "timed_out", run)
    kinds = {(side, code, reason) for _, side, code, reason in run.closes}
    closed = [
        {
            "side": side,
            "code": code,
            "count": sum(1 for c in run.closes if c[1:] == (side, code, reason)),
            "reason": reason,
        }
        for side, code, reason in sorted(kinds, key=str)
    ]
    still_open = established - len(run.closes)
    received = sum(row["received"] for row in timeline)
    trips = whole["round_trip"]
    in_ms = {
        f"{key}_ms": None if trips[key] is None else count.tidy(trips[key] * 1000)
        for key in ("min", "max", "avg", "p50", "p95", "p99")
    }
    totals = {"sent": sent["sent"], "received": received}
    sizes = {"sent": 86 * sent["sent"], "received": 61 * received}
    return {
        "wsrun_result": 1,
        "id": "7c41e0a9",
        "state": "completed",
        "stopped": None,
        "verdict": "pass",
        "exit_code": 0,
        "reasons": [],
        "scenario": {
            "name": "chat-spike",
            "description": "200 people chatting; 2\u202f000 more rush in for thirty seconds, and leave.",
            "path": "scenarios/chat-spike.yaml",
            "digest": "sha256:4be91d2c",
            "source": SCENARIO,
            "load": "200 → 2\u202f200 → 200 clients",
        },
        "run": {
            "command": "wsrun scenarios/chat-spike.yaml --seed 42",
            "started": "2026-11-20T16:04:12Z",
            "ended": "2026-11-20T16:05:47Z",
            "duration": end,
            "planned": run.starts[-1],
            "drain": 5.0,
            "seed": 42,
            "interval": interval,
            "workers": 4,
            "transport": "fast",
            "versions": {
                "wsrun": "0.1.0",
                "python": "3.12.7",
                "picows": "2.3.1",
                "uvloop": "0.22.0",
                "websockets": "17.4",
            },
        },
        "target": {
            "url": "ws://127.0.0.1:8765/chat",
            "addresses": ["127.0.0.1:8765"],
            "tls": None,
            "proxy": None,
            "subprotocols": ["chat.v1"],
            "compression": "none",
            "kind": "url",
        },
        "machine": machine(),
        "criteria": [],
        "connection_metrics": {
            "total_connections": len(run.attempts),
            "successful_connections": established,
            "failed_connections": len(run.attempts) - established,
            "success_rate": count.tidy(100 * established / max(len(run.attempts), 1)),
        },
        "message_metrics": {
            "messages_sent": totals["sent"],
            "messages_received": totals["received"],
            "bytes_sent": sizes["sent"],
            "bytes_received": sizes["received"],
        },
        "latency_metrics": in_ms,
        "throughput_metrics": {
            **{f"messages_per_second_{way}": count.tidy(n / max(end, 1.0)) for way, n in totals.items()},
            **{f"bytes_per_second_{way}": count.tidy(n / max(end, 1.0)) for way, n in sizes.items()},
        },
        "counts": {
            "connections": {
                "attempted": len(run.attempts),
                "established": established,
                "refused": refused,
                "timed_out": late,
                "failed": len(run.attempts) - established - refused - late,
                "refused_by_status": {"503": refused} if refused else {},
                "closed": closed,
                "open_at_end": still_open,
            },
            "messages": {
                **sent,
                "pending": sent["sent"]
                - sum(sent[key] for key in ("answered", "failed", "timed_out", "lost")),
                "without_reply": 0,
                "unmatched": 0,
                "late_replies": 0,
                "extra_replies": 0,
                "dropped": 0,
                "dropped_by_cause": {},
                "late": 0,
                "scheduled": sent["sent"],
            },
            "adds_up": {"connections": True, "messages": True},
            "differences": {"connections": 0, "messages": 0},
        },
        "phases": rows,
        "messages": count.messages(run),
        "profiles": count.profiles(run, max(phase.clients_to for phase in run.phases)),
        "groups": [],
        "overall": {
            **whole,
            "connect": count.distribution(made),
            "connect_parts": {
                name: count.distribution(Histogram()) for name in ("dns", "tcp", "tls", "upgrade")
            },
        },
        "timeline": timeline,
        "heat": count.heat(run, timeline),
        "curves": count.curves(run, [None, *(phase.name for phase in run.phases if not phase.warm_up)][:4]),
        "errors": errors,
        "samples": {},
        "generator": {
            "fit": busy < 0.9,
            "workers": 4 if busy < 0.9 else 2,
            "checks": checks(busy),
            "series": [],
        },
        "events": events(run, rows, errors, end),
    }
