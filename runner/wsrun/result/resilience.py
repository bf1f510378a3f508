"""What became of losses, as result.json tells it; a part that the scenario does not use is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wsrun.metrics.store import Store
from wsrun.plan import Plan, TargetPlan
from wsrun.result.distributions import describe
from wsrun.result.secrets import mask_url

_OUTCOMES = ("attempted", "established", "refused", "timed_out", "failed")


def resilience(
    plan: Plan,
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    breaker_seconds: float,
    *,
    is_demo: bool,
) -> dict[str, Any]:
    """Return the counts over the whole run, and the times without warm-ups.

    ``breaker_seconds`` is for how long a breaker was open.
    """
    groups = plan.groups
    return {
        "reconnects": _reconnects(store) if any(group.reconnect for group in groups) else None,
        "servers": [one for target in plan.targets for one in _servers(target, plan, store, is_demo=is_demo)],
        "breakers": _breakers(rows, breaker_seconds) if any(group.breaker for group in groups) else None,
        "heartbeats": _heartbeats(store) if any(group.heartbeat for group in groups) else None,
    }


def _reconnects(store: Store) -> dict[str, Any]:
    return {
        **{name: store.counter(f"reconnect.{name}") for name in ("done", "failed", "missed")},
        "time": describe(store.distribution("reconnect.time", judged=True)),
    }


def _heartbeats(store: Store) -> dict[str, Any]:
    return {
        "missed": store.counter("heartbeat.missed"),
        "latency": describe(store.distribution("heartbeat.latency", judged=True)),
    }


def _breakers(rows: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    return {
        "most_open": max((row["breakers_open"] or 0 for row in rows), default=0),
        "seconds_open": seconds,
    }


def _servers(target: TargetPlan, plan: Plan, store: Store, *, is_demo: bool) -> list[dict[str, Any]]:
    """Return which server served whom, where a socket has several; ``closed`` are all ends."""
    labels: dict[str, Any] = {"socket": target.name} if plan.sockets else {}
    return [
        {
            "name": name,
            "socket": target.name,
            "url": mask_url(url, is_demo=is_demo),
            **{key: store.counter(f"connect.{key}", server=name, **labels) for key in _OUTCOMES},
            "closed": store.counter("closed", server=name, **labels),
        }
        for name, url in zip(target.servers, target.urls, strict=False)
    ]
