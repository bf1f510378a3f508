"""Searches over real sockets, against a server whose limits are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from demo_http import fetch_json
from running import PING, run_scenario, validate_result

from wsrun.demo.process import DemoServer


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """A server that nobody else uses, so that its counts are those of the run."""
    with DemoServer() as running:
        yield running


def scenario(search: str, more: str = "", criteria: str = "search.best > 0") -> str:
    """A scenario of one search, with short intervals so that levels are judged soon."""
    return (
        f"interval: 200ms\nmessages: {{ ping: {PING} }}\n"
        "profiles: { user: { mix: { ping: 1 }, think: 100ms } }\n"
        f"phases: [ {{ name: limit, search: {{ {search} }}{more} }}, {{ name: after, duration: 500ms }} ]\n"
        f"criteria: [ {criteria} ]\n"
    )


def levels(result: dict[str, Any]) -> list[tuple[float, bool | None]]:
    """The levels that were held, and how they went."""
    return [(level["value"], level["met"]) for level in result["searches"][0]["levels"]]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_limit_on_connections_is_found(server: DemoServer, workers: int) -> None:
    """By bisection, within a step, however many workers hold the levels together."""
    search = (
        "clients: { from: 2, to: 40, step: 2 }, bisect: true, hold: 600ms, settle: 200ms,"
        " such_that: [ connect.success == 100% ]"
    )
    result = run_scenario(scenario(search), server.url("/limited?connections=13"), workers=workers)
    validate_result(result)
    (found,) = result["searches"]

    assert levels(result) == [(2, True), (4, True), (8, True), (16, False), (12, True), (14, False)]
    assert (found["best"], found["broken"], found["finished"], found["problem"]) == (12, 14, True, None)
    assert result["criteria"][0]["observed"] == 12
    assert result["criteria"][0]["status"] == "met"
    assert [level["errors"] for level in found["levels"]] == [0, 0, 0, 3, 0, 1]


def test_the_load_beyond_which_messages_wait_is_found(server: DemoServer) -> None:
    """A queue that grows shows in the latency, and what came before it does not."""
    levels_of = "{ from: 40/s, to: 160/s, step: 40/s }"
    search = f"rate: {levels_of}, hold: 2s, settle: 500ms, such_that: [ round_trip.p95 < 200ms ]"
    result = run_scenario(scenario(search, ", clients: 10"), server.url("/limited?capacity=100/s"))
    validate_result(result)
    (found,) = result["searches"]

    assert [value for value, _ in levels(result)] == [40, 80, 120]
    # On a machine that is busy with other things, the last miss may truthfully say nothing.
    assert found["best"] == 80
    assert found["broken"] == 120 or found["problem"] is not None
    assert found["levels"][-1]["round_trip"]["p95"] > 2 * found["levels"][0]["round_trip"]["p95"]


def test_what_follows_a_search_is_run(server: DemoServer) -> None:
    """At the last level's clients, and judged by criteria without a phase, which see no search."""
    search = "clients: { from: 3, to: 6, step: 3 }, hold: 400ms, settle: 100ms, such_that: [ errors == 0 ]"
    result = run_scenario(
        scenario(search, criteria="errors == 0, connect.success(phase=limit) == 100%"), server.url("/limited")
    )
    counts = fetch_json(server, "/monitoring/counts")
    limit, after, _ = result["phases"]

    assert counts["connections_opened"] == result["counts"]["connections"]["established"] == 6
    assert after["start"] == limit["end"] > 0.8
    assert after["counts"]["sent"] > 0
    assert after["clients_text"] == "6"
    assert result["messages"][0]["sent"] == after["counts"]["sent"]
    assert [row["status"] for row in result["criteria"]] == ["met", "met"]


def test_a_run_that_is_aborted_ends_its_search(server: DemoServer) -> None:
    """What was judged so far is told, and that there is no answer."""
    search = "clients: { from: 3, to: 60, step: 3 }, hold: 1s, settle: 100ms, such_that: [ errors == 0 ]"
    stop = '{ check: "messages.sent(phase=limit) < 40", abort: { over: 100s } }, search.best > 0'
    result = run_scenario(scenario(search, criteria=stop), server.url("/limited"))

    assert result["state"] == "aborted"
    assert not result["searches"] or not result["searches"][0]["finished"]
    assert [row["status"] for row in result["criteria"]] == ["missed", "not_judged"]
