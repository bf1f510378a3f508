"""Flows of one step after the other, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import Answer, plan_of

from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan

ASK = '{ json: { id: "{{ id }}", say: ask }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s } }'
TELL = "{ json: { say: tell } }"
LATENCY = 0.01


def flow(steps: str, *, more: str = "", start: str = "", end: str = "", clients: int = 1) -> Plan:
    """A plan of ten seconds in which clients follow a flow."""
    extra = "".join(f", {key}: [ {value} ]" for key, value in (("start", start), ("end", end)) if value)
    return plan_of(
        f"messages: {{ ask: {ASK}, tell: {TELL}{more} }}\n"
        f"profiles: {{ p: {{ flow: [ {steps} ]{extra} }} }}\n"
        f"phases: [ {{ duration: 10s, clients: {clients} }} ]\n"
        "drain: 5s\n"
    )


def answering(*rules: Callable[[FakeConnection, dict[str, object]], None]) -> Answer:
    """A server that answers requests after a while, and does what else it is told to."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        message = json.loads(payload)
        if "id" in message:
            connection.reply(payload.decode(), LATENCY)
        for rule in rules:
            rule(connection, message)

    return answer


def said(transport: FakeTransport) -> list[tuple[float, str]]:
    """What clients said and when, over all connections."""
    found = [
        (round(at, 3), str(json.loads(payload)["say"]))
        for connection in transport.connections
        for at, payload in connection.sent
    ]
    return sorted(found, key=lambda one: one[0])


def total(snapshots: list[Snapshot], name: str) -> int:
    """A counter over all labels and the whole run."""
    return sum(
        count for snapshot in snapshots for (metric, _), count in snapshot.counters.items() if metric == name
    )
