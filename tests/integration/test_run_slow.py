"""Slow consumers over real sockets: the server is made to wait, on both transports."""

from __future__ import annotations

import pytest
from running import run_scenario

from wsrun.demo.process import DemoServer

TEXT = """
interval: 500ms
profiles: { slow: { read: 200KB/s } }
phases: [ { duration: 3s, clients: 1 } ]
"""


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_slow_consumer_keeps_its_pace(transport: str) -> None:
    """Two megabytes a second are pushed, and a tenth of that is read; the connection ends well."""
    with DemoServer() as server:
        result = run_scenario(TEXT, server.url("/push?rate=200/s&size=10KB"), transport=transport)

    # As the run ends the client closes, and reads what is left.
    rows = [row for row in result["timeline"] if row["t"] < 2.4]
    read = sum(row["bytes_received"] for row in rows)
    assert 100_000 <= read <= 1_500_000
    assert result["errors"] == []
    assert [close["code"] for close in result["counts"]["connections"]["closed"]] == [1000]
