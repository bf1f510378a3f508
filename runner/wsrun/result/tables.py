"""The tables of result.json by phase, message, profile and group, and the ledgers that must add up."""

from __future__ import annotations

from typing import Any

from wsrun import units
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.recorder import DRAIN
from wsrun.metrics.store import Store
from wsrun.pacing.levels import level_at
from wsrun.pacing.population import whole_clients
from wsrun.pacing.shares import shares
from wsrun.pacing.visits import whole_visitors
from wsrun.plan import Bursts, Level, PhasePlan, Plan
from wsrun.plan_steps import PausePlan
from wsrun.result.distributions import describe
from wsrun.result.load import models_of
from wsrun.result.timeline import levels
from wsrun.workload import visitors


def phases(plan: Plan, store: Store, rows: list[dict[str, Any]], ran: float) -> list[dict[str, Any]]:
    """Return one entry a phase and one for the drain; ``ran`` is how many seconds the run took.

    Latencies leave a warm-up out, as criteria do, unless the phase is nothing else; counts are whole.
    """
    made = []
    for (phase, level), (first, last) in zip(levels(plan), clients_at_ends(plan), strict=True):
        made.append(
            _phase(store, rows, phase.name, phase.start, phase.end, ran, plan)
            | {
                "models": models_of(plan, phase, level),
                "warm_up": phase.warm_up,
                "clients_from": first,
                "clients_to": last,
                "clients_text": f"{first}" if first == last else f"{first} → {last}",
                "rate_text": ", ".join(filter(None, (arrivals_text(plan, phase), rate_text(plan, phase))))
                or None,
            }
        )
    if ran > plan.duration:
        last = made[-1]["clients_to"]
        made.append(
            _phase(store, rows, DRAIN, plan.duration, ran, ran, plan)
            | {
                "models": [],
                "warm_up": 0.0,
                "clients_from": last,
                "clients_to": 0,
                "clients_text": f"{last} → 0",
                "rate_text": None,
            }
        )
    return made


def clients_at_ends(plan: Plan) -> list[tuple[int, int]]:
    """Return the planned clients of all groups together at the start and at the end of each phase.

    Of those who arrive, as many as are expected then.
    """
    arrived = visitors(plan)

    def planned(phase: PhasePlan, level: dict[int, Level], at: float) -> int:
        settled = sum(whole_clients(level_at(one, at, phase.duration)) for one in level.values())
        return settled + whole_visitors(arrived.total(phase.start + at))

    return [
        (planned(phase, level, 0.0), planned(phase, level, phase.duration)) for phase, level in levels(plan)
    ]


def arrivals_text(plan: Plan, phase: PhasePlan) -> str | None:
    """Return the arrivals of a phase in words, None where nobody arrives."""
    texts = {group: _rate(level, None) for group, level in phase.arrivals.items()}
    if len(plan.groups) == 1:
        return next((f"{text} arrive" for text in texts.values()), None)
    return ", ".join(f"{plan.groups[group].name} {text} arrive" for group, text in texts.items()) or None


def _phase(
    store: Store, rows: list[dict[str, Any]], name: str, start: float, end: float, ran: float, plan: Plan
) -> dict[str, Any]:
    def count(metric: str) -> int:
        return store.counter(metric, phase=name)

    inside = [row for row in rows if start <= row["t"] + row["length"] / 2 < end]
    length = min(end, ran) - start
    # The drain is as long as its last reply takes, and a phase may end as it begins: no time for a rate.
    is_rated = name != DRAIN and length > 0 and length >= min(end - start, plan.interval) / 2
    timed_out = count("replies.timed_out")
    judged = not any(phase.name == name and phase.warm_up >= phase.duration for phase in plan.phases)
    late = store.counter("replies.timed_out", phase=name, judged=judged)
    timeout = shortest_timeout(plan, store, judged=judged, phase=name)
    round_trip = store.distribution("round_trip", phase=name, judged=judged)
    cpu = [row["cpu"] for row in inside if row["cpu"] is not None]
    return {
        "name": name,
        "start": start,
        "end": end,
        "reached": ran > start,
        "connect": describe(store.distribution("connect.time", phase=name, judged=judged)),
        "round_trip": describe(round_trip, timeouts=late, timeout=timeout),
        "service_time": describe(store.distribution("service_time", phase=name, judged=judged)),
        "counts": {
            "sent": count("messages.sent"),
            "answered": count("replies.answered"),
            "timed_out": timed_out,
            "lost": count("replies.lost"),
            "failed": count("replies.failed"),
            "attempted": count("connect.attempted"),
            "established": count("connect.established"),
            "refused": count("connect.refused"),
            "connect_failed": count("connect.failed") + count("connect.timed_out"),
            "closed": count("closed"),
            "errors": count("errors"),
        },
        "messages_per_second": count("messages.sent") / length if is_rated else None,
        "cpu_max": max(cpu, default=None),
    }


def rate_text(plan: Plan, phase: PhasePlan) -> str | None:
    """Return the scheduled messages of a phase in words, None without a schedule."""
    texts = {group: _rate(level, phase.bursts.get(group)) for group, level in phase.rate.items()}
    if len(plan.groups) == 1:
        return next(iter(texts.values()), None)
    return ", ".join(f"{plan.groups[group].name} {text}" for group, text in texts.items()) or None


def _rate(level: Level, bursts: Bursts | None) -> str:
    base = units.format_rate(level.start)
    if level.start != level.end:
        base = f"{base} → {units.format_rate(level.end)}"
    if bursts is None:
        return base
    length, every = units.format_duration(bursts.length), units.format_duration(bursts.every)
    text = f"{units.format_rate(bursts.rate)} for {length} every {every}"
    return text if level.start == level.end == 0 else f"{base}, {text}"


def shortest_timeout(plan: Plan, store: Store, *, judged: bool, **labels: str) -> float | None:
    """Return the shortest timeout that a selected message ran into, in seconds.

    Where none ran into any it is the shortest of all that could have been; None where no reply is awaited.
    """
    met = store.by_label("replies.timed_out", "message", judged=judged, **labels)
    timeouts = {
        message.name: message.reply.timeout
        for message in plan.messages
        if message.reply is not None and labels.get("message", message.name) == message.name
    }
    found = [timeout for name, timeout in timeouts.items() if met.get(name)] or timeouts.values()
    return min(found, default=None)


def _latency(store: Store, plan: Plan, message: str | None = None, **labels: str) -> dict[str, Any]:
    """Both clocks and the reply counts of a selection, warm-ups left out."""
    if message is not None:
        labels["message"] = message

    def count(metric: str) -> int:
        return store.counter(metric, judged=True, **labels)

    timed_out = count("replies.timed_out")
    timeout = shortest_timeout(plan, store, judged=True, **labels)
    return {
        "round_trip": describe(
            store.distribution("round_trip", judged=True, **labels), timeouts=timed_out, timeout=timeout
        ),
        "service_time": describe(store.distribution("service_time", judged=True, **labels)),
        "sent": count("messages.sent"),
        "expected": count("replies.expected"),
        "answered": count("replies.answered"),
        "timed_out": timed_out,
        "lost": count("replies.lost"),
        "failed": count("replies.failed"),
    }


def messages(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a message, in the order of the scenario."""
    return [
        {
            "name": message.name,
            "kind": message.kind,
            "timeout": None if message.reply is None else message.reply.timeout,
            **_latency(store, plan, message.name),
        }
        for message in plan.messages
    ]


def profiles(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a profile; ``clients`` and ``share`` are of the plan at its fullest."""
    phase, present = _peak(plan)
    clients, weighed = [0] * len(plan.profiles), [0.0] * len(plan.profiles)
    for group, number in present.items():
        weights = phase.profiles or plan.groups[group].profiles
        total = sum(weight for _, weight in weights)
        for position in shares([weight for _, weight in weights], number):
            clients[weights[position][0]] += 1
        for profile, weight in weights:
            weighed[profile] += number * weight / total
    return [
        {
            "name": profile.name,
            "share": weighed[profile.index] / max(sum(present.values()), 1),
            "clients": clients[profile.index],
            "think_text": pause_text(profile.think) if profile.mix else "listens",
            **_latency(store, plan, profile=profile.name),
        }
        for profile in plan.profiles
    ]


def _peak(plan: Plan) -> tuple[PhasePlan, dict[int, int]]:
    """Return the phase with the most clients, at its start or at its end, and then the clients by group."""
    best: tuple[PhasePlan, dict[int, int]] = (plan.phases[0], {})
    arrived = visitors(plan)
    for phase, level in levels(plan):
        for at in (0.0, phase.duration):
            present = {g: whole_clients(level_at(one, at, phase.duration)) for g, one in level.items()}
            for group in plan.groups if not arrived.is_empty else ():
                expected = whole_visitors(arrived.present(group.index, phase.start + at))
                present[group.index] = present.get(group.index, 0) + expected
            if sum(present.values()) > sum(best[1].values()):
                best = phase, present
    return best


def groups(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return one entry a group of clients."""
    return [{"name": group.name, **_latency(store, plan, group=group.name)} for group in plan.groups]


def pause_text(pause: PausePlan) -> str:
    """Return a pause in words."""
    values = [units.format_duration(value) for value in pause.values]
    match pause.kind:
        case "fixed":
            return values[0]
        case "uniform":
            return f"uniform {values[0]}–{values[1]}"
        case "exponential":
            return f"exponential {values[0]}"
    return f"log-normal {values[0]}, p95 {values[1]}"


def counts(plan: Plan, store: Store) -> dict[str, Any]:
    """Return the ledgers of connections and messages over the whole run, and whether they add up."""
    attempted = store.counter("connect.attempted")
    ended = {
        name: store.counter(f"connect.{name}") for name in ("established", "refused", "timed_out", "failed")
    }
    closed: dict[tuple[str, str], int] = {}
    for (name, labels), number in store.counters.items():
        if name == "closed":
            told = dict(labels)
            key = (told.get("side", ""), told.get("code", ""))
            closed[key] = closed.get(key, 0) + number
    expected = store.counter("replies.expected")
    outcomes = {
        name: store.counter(f"replies.{name}")
        for name in ("answered", "failed", "timed_out", "lost", "pending")
    }
    sent = store.counter("messages.sent")
    dropped = store.counter("messages.dropped")
    open_at_end = ended["established"] - sum(closed.values())
    differences = {
        "connections": attempted - sum(ended.values()),
        "messages": expected - sum(outcomes.values()),
    }
    return {
        "connections": {
            "attempted": attempted,
            **ended,
            "dropped": store.counter("connect.dropped"),
            "late": store.counter("connect.late"),
            "refused_by_status": store.by_label("connect.refused", "status"),
            "closed": [
                {"side": side, "code": int(code), "count": number, "reason": None}
                for (side, code), number in sorted(closed.items())
            ],
            "open_at_end": open_at_end,
            "withdrawn": store.counter("connect.withdrawn"),
        },
        "messages": {
            "sent": sent,
            **outcomes,
            "expected": expected,
            "without_reply": sent - expected,
            "unmatched": store.counter("messages.unmatched"),
            "late_replies": store.counter("replies.late"),
            "extra_replies": store.counter("replies.extra"),
            "dropped": dropped,
            "dropped_by_cause": store.by_label("messages.dropped", "cause"),
            "late": store.counter("messages.late"),
            "scheduled": sent + dropped,
        },
        "adds_up": {name: value == 0 for name, value in differences.items()},
        "differences": differences,
    }


def overall(plan: Plan, store: Store) -> dict[str, Any]:
    """Return both clocks and the connects over the run, warm-ups left out."""
    parts = {
        name: describe(store.distribution(f"connect.{name}", judged=True))
        for name in ("dns", "tcp", "tls", "upgrade", "first_message")
    }
    latency = _latency(store, plan)
    return {
        "round_trip": latency["round_trip"],
        "service_time": latency["service_time"],
        "connect": describe(store.distribution("connect.time", judged=True)),
        "connect_parts": parts,
    }


def curves(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Return the histograms of both clocks: of the run, then of each phase; latencies as in ``phases``."""

    def pair(phase: PhasePlan | None) -> dict[str, Any]:
        labels = {} if phase is None else {"phase": phase.name}
        judged = phase is None or phase.warm_up < phase.duration

        def of(metric: str) -> dict[str, Any]:
            histogram: Histogram = store.distribution(metric, judged=judged, **labels)
            return histogram.to_json()

        name = None if phase is None else phase.name
        return {"phase": name, "round_trip": of("round_trip"), "service_time": of("service_time")}

    return [pair(None), *map(pair, plan.phases)]


def lf_groups(plan: Plan, store: Store, ran: float) -> dict[str, Any]:
    """Return the four groups of plain figures: counts over the whole run, latency without warm-ups."""
    attempted = store.counter("connect.attempted")
    established = store.counter("connect.established")
    sent, received = store.counter("messages.sent"), store.counter("messages.received")
    bytes_sent, bytes_received = store.counter("bytes.sent"), store.counter("bytes.received")
    round_trip = describe(store.distribution("round_trip", judged=True))

    def milliseconds(stat: str) -> float | None:
        value = round_trip[stat]
        return None if value is None else value * 1000

    def a_second(number: int) -> float | None:
        return number / ran if ran > 0 else None

    return {
        "connection_metrics": {
            "total_connections": attempted,
            "successful_connections": established,
            "failed_connections": attempted - established,
            "success_rate": 100 * established / attempted if attempted else None,
        },
        "message_metrics": {
            "messages_sent": sent,
            "messages_received": received,
            "bytes_sent": bytes_sent,
            "bytes_received": bytes_received,
        },
        "latency_metrics": {
            f"{stat}_ms": milliseconds(stat) for stat in ("min", "max", "avg", "p50", "p95", "p99")
        },
        "throughput_metrics": {
            "messages_per_second_sent": a_second(sent),
            "messages_per_second_received": a_second(received),
            "bytes_per_second_sent": a_second(bytes_sent),
            "bytes_per_second_received": a_second(bytes_received),
        },
    }
