"""Lifecycles of an agent: complete and in order over real sockets, and one fault among many calls found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from running import run_scenario, validate_result

from wsrun.demo.process import DemoServer

CALL = """
messages:
  call:
    json:
      { jsonrpc: "2.0", id: "{{ id }}", method: tools/call,
        params: { name: search, _meta: { progressToken: "{{ id }}" } } }
    reply:
      match: [ { $.id: "{{ id }}" }, { $.params.progressToken: "{{ id }}" } ]
      until: { $.id: "{{ id }}" }
      error: [ { $.error: { exists: true } }, { $.result.isError: true } ]
      in_order:
        - { $.params.message: started }
        - { $.params.message: thinking }
        - { $.params.message: executing }
        - { $.params.message: completed }
      count: 5
      timeout: 500ms
phases:
  - { duration: 300ms, clients: 4 }
  - { duration: 1500ms, rate: 200/s }
criteria: [ "errors == 0" ]
"""


TURN = "number {} of the 4 in in_order did not come in its turn"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """A server of its own for each test: it counts its calls."""
    with DemoServer() as running:
        yield running


def call(server: DemoServer, query: str) -> dict[str, Any]:
    """Let four clients make the calls together."""
    return run_scenario(CALL, server.url(f"/mcp{query}"))


def test_complete_lifecycles_are_good(server: DemoServer) -> None:
    """Every call is answered, by five messages."""
    result = call(server, "?latency=constant:5ms")

    validate_result(result)
    messages = result["counts"]["messages"]
    assert messages["answered"] == messages["sent"] > 0
    assert result["errors"] == []
    assert result["message_metrics"]["messages_received"] == 5 * messages["sent"]


@pytest.mark.parametrize(
    ("fault", "cause", "says"),
    [
        ("lose:thinking", "reply-out-of-order", f"{TURN.format(2)}: {{ $.params.message: thinking }}"),
        ("lose:completed", "reply-out-of-order", f"{TURN.format(4)}: {{ $.params.message: completed }}"),
        ("swap:thinking", "reply-out-of-order", f"{TURN.format(3)}: {{ $.params.message: executing }}"),
        ("repeat:executing", "reply-count", "the reply had 6 messages, and count is 5"),
        ("silent", "reply-timeout", "no reply within 0.5 s"),
        ("error", "reply-error", "the reply was one of the errors that the scenario names"),
        ("failed", "reply-error", "the reply was one of the errors that the scenario names"),
    ],
)
def test_one_call_that_goes_wrong_is_found_and_named(
    server: DemoServer, fault: str, cause: str, says: str
) -> None:
    """One among all the calls: exactly that one, by its cause."""
    result = call(server, f"?fault={fault}&at=100")

    assert result["verdict"] != "pass"
    assert {error["cause"]: error["count"] for error in result["errors"]} == {cause: 1}
    (sample,) = result["errors"][0]["samples"]
    assert sample["text"].startswith(f"call: {says}")
    assert result["counts"]["messages"]["answered"] == result["counts"]["messages"]["sent"] - 1


def test_the_gaps_within_replies_can_be_judged(server: DemoServer) -> None:
    """A call of 50 ms has its five messages 10 ms apart: four gaps."""
    text = CALL.replace('"errors == 0"', "reply.gap(message=call).avg > 5ms")
    result = run_scenario(text, server.url("/mcp?latency=constant:50ms"))

    (criterion,) = result["criteria"]
    assert criterion["status"] == "met"
    assert criterion["samples"] == 4 * result["counts"]["messages"]["answered"]
