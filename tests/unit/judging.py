"""A plan with four phases, a run of it, and criteria judged on it: what the tests of judging share."""

from __future__ import annotations

from array import array
from typing import Any

from wsrun.criteria import parse
from wsrun.diagnostics import Location
from wsrun.judge import evaluate
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Snapshot, series
from wsrun.metrics.store import Store, stored
from wsrun.plan import BodyPlan, CriterionPlan, MessagePlan, PhasePlan, Plan, ReplyPlan, TargetPlan

LOCATION = Location("chat.yaml", 12, 5, 20)


def phase(index: int, name: str, start: float, duration: float, warm_up: float = 0.0) -> PhasePlan:
    return PhasePlan(
        index=index,
        name=name,
        start=start,
        duration=duration,
        warm_up=warm_up,
        clients={},
        rate={},
        bursts={},
        mix={},
    )


def message(index: int, name: str, timeout: float) -> MessagePlan:
    body = BodyPlan(kind="text", source="hi")
    return MessagePlan(
        index=index, name=name, body=body, frame="text", reply=ReplyPlan(match={}, timeout=timeout)
    )


# arrive 0-10 (all warm-up), steady 10-40, spike 40-70, after 70-90 (5 s of warm-up)
PLAN = Plan(
    name="chat",
    description=None,
    path="chat.yaml",
    source="",
    digest="",
    seed=1,
    interval=1.0,
    drain=5.0,
    target=TargetPlan(url="demo:/chat"),
    jwt=None,
    data=(),
    messages=(message(0, "say", 5.0), message(1, "who", 2.0)),
    profiles=(),
    groups=(),
    phases=(
        phase(0, "arrive", 0, 10, 10),
        phase(1, "steady", 10, 30),
        phase(2, "spike", 40, 30),
        phase(3, "after", 70, 20, 5),
    ),
    criteria=(),
)


def histogram_of(values: list[float]) -> Histogram:
    histogram = Histogram()
    histogram.add_array(array("d", values))
    return histogram


def milliseconds(*values: float) -> Histogram:
    return histogram_of([value / 1000 for value in values])


def run(end: float = 95.0, **fields: Any) -> Store:
    """A run in one snapshot, from 0 to ``end``."""
    return stored([Snapshot(worker=0, index=0, start=0.0, end=end, **fields)])


def judge(text: str, store: Store, **fields: Any) -> dict[str, Any]:
    plan = CriterionPlan(text=text, criterion=parse(text), location=LOCATION, **fields)
    return evaluate(plan, store, PLAN)


def status(text: str, store: Store) -> str:
    result: str = judge(text, store)["status"]
    return result


CHAT = run(
    counters={
        series("connect.attempted", phase="steady"): 200,
        series("connect.established", phase="steady"): 198,
        series("connect.refused", phase="steady", status="503", cause="connect.refused"): 2,
        series("messages.sent", phase="steady", message="say"): 900,
        series("messages.sent", phase="steady", part="warm-up", message="say"): 5000,
        series("messages.sent", phase="spike", message="say"): 600,
        series("messages.received", phase="steady"): 900,
        series("messages.received", phase="spike"): 600,
        series("messages.received", phase="drain"): 75,
        series("bytes.sent", phase="steady", message="say"): 30 * 2**20,
        series("replies.expected", phase="steady", message="say"): 900,
        series("errors", phase="steady", cause="reply.timeout", message="say"): 11,
        series("closed", phase="drain", code="1000", side="client"): 198,
    },
    distributions={
        series("round_trip", phase="steady", message="say"): milliseconds(*range(1, 101)),
        series("round_trip", phase="steady", message="say", part="warm-up"): milliseconds(*[4000] * 1000),
        series("round_trip", phase="spike", message="say"): milliseconds(*range(2, 202, 2)),
        series("service_time", phase="steady", message="say"): milliseconds(*range(1, 101)),
    },
)
