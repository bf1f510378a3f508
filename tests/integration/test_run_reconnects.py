"""Clients that are cut off and come back, over real sockets: what wsrun counted is what the server saw."""

from __future__ import annotations

import pytest
from demo_http import counts_once_closed
from running import run_scenario, validate_result

from wsrun.demo.process import DemoServer

RESUME = """
messages:
  open:
    json: { type: open, id: "{{ id }}" }
    reply: { match: { $.id: "{{ id }}" }, expect: { $.ok: true }, capture: { session: $.token } }
  resume:
    json: { type: resume, id: "{{ id }}", token: "{{ session }}", last: "{{ last | default(0) }}" }
    reply: { match: { $.id: "{{ id }}" }, expect: { $.ok: true } }
profiles: { listener: { start: [ { send: open } ], resume: [ { send: resume } ] } }
clients:
  people:
    reconnect: { backoff: { from: 50ms, jitter: 50% } }
    tolerate: { closes: [ 1006 ] }
    react: [ { where: { $.type: push }, capture: { last: $.n } } ]
    sequence: [ { where: { $.type: push }, value: $.n } ]
phases: [ { duration: 3s, clients: 10 } ]
criteria: [ reconnect.failed == 0, errors == 0 ]
"""


@pytest.mark.parametrize(("transport", "workers"), [("fast", 2), ("reference", 1)])
def test_all_who_are_cut_off_are_back_and_miss_nothing(transport: str, workers: int) -> None:
    """Every cut is a loss, and every loss is made good; connections agree with the server."""
    with DemoServer() as server:
        url = server.url("/resume?rate=20/s&drop=lognormal:800ms:1200ms&seed=3")
        result = run_scenario(RESUME, url, transport=transport, workers=workers)
        connections = result["counts"]["connections"]
        theirs = counts_once_closed(server, connections["established"])

    validate_result(result)
    told = result["resilience"]["reconnects"]
    cuts = sum(close["count"] for close in connections["closed"] if close["side"] != "client")
    assert cuts > 10
    assert cuts - 10 <= told["done"] <= cuts
    assert told["failed"] == told["missed"] == 0
    assert told["time"]["count"] == told["done"]
    assert theirs["connections_opened"] == connections["established"]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert [row["status"] for row in result["criteria"]] == ["met", "met"]


def test_what_is_not_sent_again_is_missed() -> None:
    """The server goes on counting while nobody is connected, and does not send that again."""
    with DemoServer() as server:
        url = server.url("/resume?rate=100/s&drop=lognormal:800ms:1200ms&seed=3&replay=false")
        result = run_scenario(RESUME, url)

    told = result["resilience"]["reconnects"]
    assert told["missed"] > told["done"] > 0
    assert told["failed"] == 0


def test_a_server_that_forgets_sessions_is_found_out() -> None:
    """The connection is back and the session is not: given up, and a reply that was not as expected."""
    with DemoServer() as server:
        url = server.url("/resume?drop=lognormal:800ms:1200ms&seed=3&keep=0s")
        result = run_scenario(RESUME, url)

    told = result["resilience"]["reconnects"]
    assert told["done"] == 0
    assert told["failed"] == 10
    assert {error["cause"] for error in result["errors"]} == {"reply-unexpected"}
