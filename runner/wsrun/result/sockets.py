"""What each socket of a client did, where it has several."""

from __future__ import annotations

from typing import Any

from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result.distributions import describe
from wsrun.result.secrets import mask_url

COUNTS = {
    "attempted": "connect.attempted",
    "established": "connect.established",
    "refused": "connect.refused",
    "timed_out": "connect.timed_out",
    "failed": "connect.failed",
    "closed": "closed",
    "sent": "messages.sent",
    "received": "messages.received",
    "bytes_sent": "bytes.sent",
    "bytes_received": "bytes.received",
    "unmatched": "messages.unmatched",
}
"""What is counted of a socket, and the metric that it is."""


def sockets(plan: Plan, store: Store, *, is_demo: bool) -> list[dict[str, Any]]:
    """Return one entry a socket, ``main`` first; none where that is the only one.

    Counts are of the whole run, both latencies leave out warm-ups.
    """
    if not plan.sockets:
        return []
    return [
        {
            "name": target.name,
            "url": mask_url(target.url, is_demo=is_demo),
            **{key: store.counter(metric, socket=target.name) for key, metric in COUNTS.items()},
            "round_trip": describe(store.distribution("round_trip", judged=True, socket=target.name)),
            "service_time": describe(store.distribution("service_time", judged=True, socket=target.name)),
        }
        for target in plan.targets
    ]
