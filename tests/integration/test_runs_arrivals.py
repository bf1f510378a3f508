"""Clients that arrive, over real sockets: the server saw each visit that was counted."""

from __future__ import annotations

import pytest
from demo_http import counts_once_closed
from running import PING, run_scenario, validate_result

from wsrun.demo.process import DemoServer

VISITS = f"""
messages: {{ ping: {PING} }}
profiles:
  visitor: {{ flow: [ {{ send: ping }}, {{ think: 50ms }}, {{ send: ping }} ] }}
  reader: {{ mix: {{ ping: 1 }}, think: 50ms }}
clients: {{ all: {{ profiles: {{ visitor: 1, reader: 1 }} }} }}
interval: 500ms
phases: [ {{ duration: 2s, arrivals: 40/s, poisson: true, stay: 300ms, at_most: 60 }}, {{ duration: 500ms }} ]
criteria: [ connect.success == 100%, connect.dropped == 0, connect.late <= 80, errors == 0 ]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_every_visit_is_a_connection_of_the_server(workers: int) -> None:
    """However many workers share them, all who arrive connect, speak and go, as the server says too."""
    with DemoServer() as server:
        result = run_scenario(VISITS, server.url("/echo"), workers=workers)
        connections = result["counts"]["connections"]
        theirs = counts_once_closed(server, connections["established"])
    validate_result(result)
    assert all(row["status"] == "met" for row in result["criteria"])
    assert 50 <= connections["established"] <= 120
    assert theirs["connections_opened"] == connections["established"]
    assert theirs["messages_received"] == result["message_metrics"]["messages_sent"]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert connections["open_at_end"] == 0
    assert result["phases"][0]["rate_text"] == "40/s arrive"


def test_dropped_arrivals_make_a_run_invalid() -> None:
    """Two may be there, and many come: the load was not the planned one, and the result says how much."""
    text = f"""
messages: {{ ping: {PING} }}
profiles: {{ reader: {{ mix: {{ ping: 1 }}, think: 50ms }} }}
interval: 500ms
phases: [ {{ duration: 1s, arrivals: 20/s, stay: 1s, at_most: 2 }} ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url("/echo"))
    validate_result(result)
    assert result["counts"]["connections"]["dropped"] == 18
    assert result["verdict"] == "invalid"
    assert any("left out" in reason["text"] for reason in result["reasons"])
