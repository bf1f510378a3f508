"""Many users over few connections, over real sockets: the server saw few connections and every message."""

from __future__ import annotations

import pytest
from demo_http import counts_once_closed
from running import PING, run_scenario, validate_result

from wsrun.demo.process import DemoServer

SHARED = f"""
messages: {{ ping: {PING} }}
profiles: {{ user: {{ mix: {{ ping: 1 }}, think: 100ms }} }}
clients: {{ users: {{ pool: {{ min: 2, max: 5, idle: 300ms, check: ping, every: 200ms }} }} }}
interval: 500ms
phases: [ {{ duration: 2s, clients: 50 }}, {{ duration: 1s, clients: 0 }} ]
criteria: [ pool.timeouts == 0, pool.size.max <= 5, pool.wait.p50 < 1s, connect.success == 100%, errors == 0 ]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_few_connections_carry_the_messages_of_many(workers: int) -> None:
    """At most five at once, for all workers together, and not a message more or less than we counted."""
    with DemoServer() as server:
        result = run_scenario(SHARED, server.url("/echo"), workers=workers)
        connections = result["counts"]["connections"]
        theirs = counts_once_closed(server, connections["established"])
    validate_result(result)
    assert all(row["status"] == "met" for row in result["criteria"])
    assert theirs["connections_opened"] == connections["established"] >= 2
    assert theirs["messages_received"] == result["message_metrics"]["messages_sent"] > 200
    assert theirs["messages_sent"] == result["message_metrics"]["messages_received"]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    (pool,) = result["pools"]
    assert (pool["group"], pool["min"], pool["max"], pool["timeouts"]) == ("users", 2, 5, 0)
    assert 2 <= pool["largest"] <= 5
    assert pool["wait"]["count"] > 200


def test_there_are_no_more_workers_than_connections() -> None:
    """A worker without a connection could serve none of its clients."""
    text = SHARED.replace("min: 2, max: 5", "max: 1")
    with DemoServer() as server:
        result = run_scenario(text, server.url("/echo"), workers=3)
    assert result["run"]["workers"] == 1
    assert result["pools"][0]["largest"] == 1
    assert result["counts"]["messages"]["sent"] > 200
