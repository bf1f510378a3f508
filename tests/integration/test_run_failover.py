"""Two servers, one of which cuts its clients off: who served whom, as both saw it."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from demo_http import counts_once_closed
from running import options_in, plan_of, validate_result

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run
from wsrun.demo.process import DemoServer
from wsrun.plan import Plan
from wsrun.source import parse

TEXT = """
profiles: { listener: }
clients: { people: { reconnect: { backoff: { from: 50ms } }, tolerate: { closes: [ 1006 ] } } }
phases: [ { duration: 2s, clients: 10 } ]
criteria: [ errors == 0 ]
"""


def carried_out(plan: Plan) -> dict[str, object]:
    """Run a plan and hold its result against the schema."""
    with tempfile.TemporaryDirectory() as folder:
        result = run(plan, options_in(Path(folder)), lambda progress: None)
    validate_result(result)
    return result


def test_each_server_served_whom_the_result_says() -> None:
    """Everybody begins with the first, is cut off, and stays with the second."""
    with DemoServer() as first, DemoServer() as second:
        plan = plan_of(TEXT, first.url("/resume?drop=lognormal:500ms:800ms&seed=1"))
        names = ("first", "second")
        target = dataclasses.replace(plan.target, failover=(second.url("/echo"),), servers=names)
        result = carried_out(dataclasses.replace(plan, target=target))
        theirs = [counts_once_closed(server, 10)["connections_opened"] for server in (first, second)]

    servers = result["resilience"]["servers"]  # type: ignore[index]
    assert [server["name"] for server in servers] == ["first", "second"]
    assert [server["established"] for server in servers] == theirs == [10, 10]
    assert [server["closed"] for server in servers] == [10, 10]


def test_two_embedded_servers_are_two() -> None:
    """``demo:`` and ``demo2:`` are started for the run, each once."""
    text = (
        f'wsrun: 1\ntarget: {{ url: "demo:/resume?drop=constant:500ms", failover: [ "demo2:/echo" ] }}{TEXT}'
    )
    result = carried_out(compile_plan(parse(text, "scenario.yaml", environ={}), seed=1))

    servers = result["resilience"]["servers"]  # type: ignore[index]
    assert [(server["name"], server["established"]) for server in servers] == [("demo", 10), ("demo2", 10)]


def test_a_run_begins_when_one_of_the_servers_is_there() -> None:
    """Nobody listens at the first: every client is refused there and served by the second."""
    with DemoServer() as gone:
        dead = gone.url("/echo")
    with DemoServer() as second:
        plan = plan_of(TEXT.replace("reconnect: { backoff: { from: 50ms } }, ", ""), dead)
        names = ("first", "second")
        target = dataclasses.replace(plan.target, failover=(second.url("/echo"),), servers=names)
        result = carried_out(dataclasses.replace(plan, target=target))

    servers = result["resilience"]["servers"]  # type: ignore[index]
    assert result["state"] == "completed"
    assert [(server["failed"], server["established"]) for server in servers] == [(10, 0), (0, 10)]
