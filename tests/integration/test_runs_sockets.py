"""Clients with several sockets, against the demo server."""

from __future__ import annotations

import pytest
from running import run_scenario, validate_result

from wsrun.demo.process import DemoServer

TEXT = """
messages:
  hello: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } }
  call: { socket: work, json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } }
profiles:
  p:
    start: [ { connect: main }, { connect: work }, { send: [ hello, call, call ] } ]
    flow: [ { expect: { socket: ticks }, optional: true, timeout: 10ms }, { think: 100ms } ]
    end:
      - { connect: ticks }
      - { expect: { socket: ticks, $.type: push }, count: 3 }
      - { close: work, code: 4001 }
phases: [ { duration: 1s, clients: 3 } ]
"""


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_each_socket_has_a_connection_and_counts_of_its_own(transport: str) -> None:
    """The server sees nine connections on three paths; the result says what went over which."""
    with DemoServer() as server:
        work = server.url("/rpc?latency=constant:1ms&seed={{ client.index }}")
        ticks = server.url("/push?rate=50/s")
        target = f'close_timeout: 2s, sockets: {{ work: {{ url: "{work}" }}, ticks: {{ url: "{ticks}" }} }}'
        result = run_scenario(TEXT, server.url("/echo"), target=target, transport=transport)
    validate_result(result)
    assert [error["cause"] for error in result["errors"]] == []
    rows = {row["name"]: row for row in result["sockets"]}
    assert list(rows) == ["main", "work", "ticks"]
    assert [row["established"] for row in rows.values()] == [3, 3, 3]
    assert [row["closed"] for row in rows.values()] == [3, 3, 3]
    assert [row["sent"] for row in rows.values()] == [3, 6, 0]
    assert rows["work"]["received"] == 6
    assert rows["ticks"]["received"] >= 9
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    closed = {(one["side"], one["code"]): one["count"] for one in result["counts"]["connections"]["closed"]}
    assert closed[("client", 4001)] == 3
