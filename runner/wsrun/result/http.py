"""What was answered over HTTP, as result.json tells of it: how often with which status, and how fast."""

from __future__ import annotations

from typing import Any

from wsrun.http_parts import sends_http
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.distributions import describe


def http(plan: Plan, store: Store) -> dict[str, Any] | None:
    """Return requests and answers, counts over the whole run, times without warm-ups; None: no requests."""
    if not sends_http(plan.messages):
        return None
    names = [message.name for message in plan.messages if message.http is not None]
    statuses = store.distributions_by_label("http.time", "status")
    return {
        "requests": sum(store.counter("messages.sent", message=name) for name in names),
        "time": describe(store.distribution("http.time", judged=True)),
        "answers": [
            {
                "status": int(status),
                "count": store.distribution("http.time", judged=False, status=status).count,
                "time": describe(store.distribution("http.time", judged=True, status=status)),
            }
            for status in sorted(statuses)
        ],
    }
