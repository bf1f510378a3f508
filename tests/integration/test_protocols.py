"""Five protocols, spoken by scenarios alone, against servers made with those protocols' own libraries.

The libraries are no dependencies of wsrun's: ``tests/protocols.sh`` installs them, and without them these
tests are skipped.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from foreign_servers import PROTOCOLS, ForeignServer, is_available
from running import options_in, validate_result

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run

FOLDER = Path(__file__).parents[2] / "scenarios" / "protocols"
PATHS = {"graphql": "/graphql", "mcp": "/", "socketio": "", "stomp": "/stomp", "binary": "/"}
SETTLED = 5.0
"""Seconds that a server has for counting the last of what was sent to it."""


def speak(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a scenario for two seconds; return the result, and what the server counted."""
    if not is_available(name):
        pytest.skip("the server's library is not installed: run tests/protocols.sh")
    with ForeignServer(name) as server:
        environ = {"URL": server.url(PATHS[name])}
        phases = load_scenario(FOLDER / f"{name}.yaml", environ).data["phases"]
        short = [(f"phases.{number}.duration", f"{2000 // len(phases)}ms") for number in range(len(phases))]
        document = load_scenario(FOLDER / f"{name}.yaml", environ, short)
        result = run(compile_plan(document, seed=1), options_in(folder), lambda progress: None)
        return result, settled(server)


def settled(server: ForeignServer) -> dict[str, Any]:
    """Return the server's counts once all its connections are closed."""
    limit = time.monotonic() + SETTLED
    while True:
        counts: dict[str, Any] = server.counts()
        if counts["connections_closed"] == counts["connections_opened"] or time.monotonic() > limit:
            return counts
        time.sleep(0.05)


def sent(result: dict[str, Any], *names: str) -> int:
    """Return how many of some messages were sent."""
    return sum(message["sent"] for message in result["messages"] if message["name"] in names)


def is_clean(result: dict[str, Any], counts: dict[str, Any]) -> None:
    """Hold a run to what all of them have in common: nothing wrong, and both sides count alike."""
    validate_result(result)
    assert result["errors"] == []
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    messages = result["counts"]["messages"]
    assert messages["answered"] == messages["expected"] > 0
    assert messages["unmatched"] == 0
    assert {(close["side"], close["code"]) for close in result["counts"]["connections"]["closed"]} == {
        ("client", 1000)
    }
    assert counts["connections_opened"] == counts["connections_closed"] == 5
    assert counts["messages_received"] == result["message_metrics"]["messages_sent"]
    assert counts["messages_sent"] == result["message_metrics"]["messages_received"]


def test_mcp_is_spoken(tmp_path: Path) -> None:
    """Each call of a tool is one that the library has run."""
    result, counts = speak("mcp", tmp_path)

    is_clean(result, counts)
    assert counts["calls"] == sent(result, "call", "fail") > 0


def test_graphql_transport_ws_is_spoken(tmp_path: Path) -> None:
    """Queries, mutations and subscriptions are as many as the library has carried out."""
    result, counts = speak("graphql", tmp_path)

    is_clean(result, counts)
    assert counts["connected"] == sent(result, "init") == 5
    assert counts["queries"] == sent(result, "books") > 0
    assert counts["mutations"] == sent(result, "rename") > 0
    assert counts["subscriptions"] == sent(result, "countdown", "endless") > 5
    assert counts["closes"] == {"1000": 5}


def test_socket_io_is_spoken(tmp_path: Path) -> None:
    """Events are acknowledged, heard by the others, and heartbeats answered."""
    result, counts = speak("socketio", tmp_path)

    is_clean(result, counts)
    assert counts["joined"] == counts["left"] == 5
    assert counts["said"] == sent(result, "say") > 0
    assert counts["pongs"] == sent(result, "inline-4") == 5


def test_stomp_is_spoken(tmp_path: Path) -> None:
    """Every SEND has its receipt, and subscriptions begin and end."""
    result, counts = speak("stomp", tmp_path)

    is_clean(result, counts)
    assert counts["connected"] == counts["subscribed"] == counts["unsubscribed"] == 5
    assert counts["sent"] == sent(result, "send") > 0


def test_a_binary_protocol_with_a_fixed_header_is_spoken(tmp_path: Path) -> None:
    """Requests find their replies by the id in the header."""
    result, counts = speak("binary", tmp_path)

    is_clean(result, counts)
    assert counts["hellos"] == counts["byes"] == 5
    assert counts["reads"] == sent(result, "read", "wrong") > 0
    assert counts["ticks"] == 5 * sent(result, "watch") > 0
    assert "unreadable" not in counts


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_s_scenario_holds_no_python(name: str) -> None:
    """They are right as they stand, and need no extension."""
    data = load_scenario(FOLDER / f"{name}.yaml", {}).data
    assert "extensions" not in data
    assert "python" not in json.dumps(data)
