"""Whole runs over real sockets: what wsrun counted is what the server counted, to the message."""

from __future__ import annotations

from typing import Any

import pytest
from demo_http import counts_once_closed
from foreign_servers import ForeignServer, is_available
from running import PING, run_scenario

from wsrun.demo.process import DemoServer

STEADY = f"""
messages: {{ ping: {PING} }}
interval: 500ms
phases:
  - {{ name: arrive, duration: 1s, clients: {{ from: 0, to: 20 }}, warm_up: true }}
  - {{ name: steady, duration: 2s, rate: 200/s }}
criteria: [ round_trip.p95 < 1s, errors == 0 ]
"""


def ours(result: dict[str, Any]) -> dict[str, int]:
    """Return our side of the counts, from the server's point of view."""
    return {
        "connections": result["counts"]["connections"]["established"],
        "received": result["message_metrics"]["messages_sent"],
        "sent": result["message_metrics"]["messages_received"],
    }


@pytest.mark.parametrize("name", ["fastapi", "websockets", "node"])
@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_counts_equal_those_of_servers_that_we_did_not_write(name: str, transport: str) -> None:
    """Connections and messages agree with uvicorn, websockets and node's ws, on both transports."""
    if not is_available(name):
        pytest.skip(f"{name} is not installed here")
    with ForeignServer(name) as server:
        result = run_scenario(STEADY, server.url("/echo"), transport=transport)
        theirs = server.counts()

    assert ours(result) == {
        "connections": theirs["connections_opened"],
        "received": theirs["messages_received"],
        "sent": theirs["messages_sent"],
    }
    assert result["message_metrics"]["bytes_sent"] == theirs["bytes_received"]
    assert result["message_metrics"]["bytes_received"] == theirs["bytes_sent"]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert all(row["status"] == "met" for row in result["criteria"])


@pytest.mark.parametrize("workers", [1, 2])
def test_counts_equal_those_of_the_embedded_server(workers: int) -> None:
    """However many workers share the clients, the sums are the server's, down to the bytes."""
    with DemoServer() as server:
        result = run_scenario(STEADY, server.url("/echo"), workers=workers)
        theirs = counts_once_closed(server, 20)

    assert result["counts"]["messages"]["scheduled"] == result["message_metrics"]["messages_sent"]
    assert result["phases"][1]["counts"]["sent"] == 400
    assert ours(result) == {
        "connections": theirs["connections_opened"],
        "received": theirs["messages_received"],
        "sent": theirs["messages_sent"],
    }
    assert result["message_metrics"]["bytes_sent"] == theirs["bytes_received"]


def test_pushes_that_nobody_asked_for_are_counted_too() -> None:
    """Unsolicited messages are received and unmatched, none lost, none taken for a reply."""
    text = f"""
messages: {{ ping: {PING} }}
profiles: {{ listener: {{}} }}
phases: [ {{ duration: 2s, clients: 5 }} ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url("/push?rate=100/s"))
        theirs = counts_once_closed(server, 5)

    received = result["message_metrics"]["messages_received"]
    assert received == result["counts"]["messages"]["unmatched"]
    # What the server wrote after our close frame was on its way is not a message to us.
    assert theirs["messages_sent"] - 5 <= received <= theirs["messages_sent"]
    assert received > 500


FLOW = """
messages:
  join:
    json: { type: join, id: "{{ id }}", room: "{{ room }}" }
    reply: { match: { $.reply_to: "{{ id }}" } }
  say: { json: { type: say, id: "{{ id }}", text: hi }, reply: { match: { $.reply_to: "{{ id }}" } } }
  leave: { json: { type: leave, id: "{{ id }}" }, reply: { match: { $.reply_to: "{{ id }}" } } }
profiles:
  visitor:
    flow:
      - { connect: main }
      - { send: join }
      - { repeat: [ { send: say }, { think: 20ms } ], times: 3 }
      - { expect_none: { $.room: { not: "{{ room }}" } }, for: 50ms }
      - { send: leave }
      - { close: main }
clients: { all: { assign: { room: "r{{ client.index % 3 }}" } } }
phases: [ { duration: 2s, clients: 9 } ]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_flow_is_what_the_server_saw(workers: int) -> None:
    """Visits to a chat, each over its own connection: connections and messages agree with the server."""
    with DemoServer() as server:
        result = run_scenario(FLOW, server.url("/chat"), workers=workers)
        established = result["counts"]["connections"]["established"]
        theirs = counts_once_closed(server, established)

    assert established > 2 * 9
    assert theirs["connections_opened"] == established
    assert theirs["messages_received"] == result["message_metrics"]["messages_sent"]
    sent = {row["name"]: row["sent"] for row in result["messages"]}
    # Who is told to leave during the handshake is connected, and has no reason to join.
    assert established - 9 <= sent["join"] <= established
    assert 0 < sent["leave"] <= sent["join"]
    assert result["counts"]["connections"]["open_at_end"] == 0
    assert [row["code"] for row in result["counts"]["connections"]["closed"]] == [1000]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert result["errors"] == []


def test_both_transports_agree_on_a_scripted_delay() -> None:
    """A server that answers after 50 ms has a median of 50 ms, on both."""
    text = """
messages:
  ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } }
phases: [ { duration: 2s, clients: 5, rate: 50/s } ]
"""
    medians = {}
    with DemoServer() as server:
        for transport in ("fast", "reference"):
            result = run_scenario(text, server.url("/rpc?latency=constant:50ms"), transport=transport)
            medians[transport] = result["overall"]["round_trip"]["p50"]

    assert all(0.0498 <= median <= 0.060 for median in medians.values()), medians


def test_a_missed_criterion_fails() -> None:
    """The observed value, the limit and the place of the criterion are in the result."""
    text = STEADY.replace("round_trip.p95 < 1s", "round_trip.p95 < 1us")
    with DemoServer() as server:
        result = run_scenario(text, server.url("/echo"))

    missed = result["criteria"][0]
    assert (result["verdict"], result["exit_code"]) == ("fail", 1)
    assert (missed["status"], missed["required"]) == ("missed", 1e-6)
    assert missed["location"]["line"] == 9


def test_a_criterion_with_abort_ends_the_run_early() -> None:
    """The run stops as soon as the criterion is missed, and says so."""
    text = f"""
messages: {{ ping: {PING} }}
interval: 200ms
phases:
  - {{ name: arrive, duration: 600ms, clients: 5 }}
  - {{ name: work, duration: 60s, rate: 100/s }}
criteria: [ {{ check: round_trip(phase=work).p95 < 1us, abort: {{ after: 400ms, over: 1s }} }} ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url("/echo"))

    assert (result["state"], result["verdict"], result["exit_code"]) == ("aborted", "fail", 1)
    assert result["run"]["duration"] < 5
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}


@pytest.mark.parametrize(
    ("path", "causes"),
    [
        ("/auth", {"refused-401"}),
        ("/faults/http200", {"not-websocket"}),
        ("/faults/close?code=1012&after=3", {"closed-1012", "reply-lost"}),
        ("/faults/malformed", {"protocol-error", "reply-lost"}),
        ("/faults/badutf8", {"bad-utf8", "reply-lost"}),
        ("/faults/drop?after=3", {"reset", "eof", "reply-lost"}),
        ("/faults/silent", {"handshake-timeout"}),
    ],
)
def test_a_bad_server_is_named_and_nothing_hangs(path: str, causes: set[str]) -> None:
    """Refusals, plain HTTP, closes, malformed frames, bad text and silence end in counted causes."""
    text = f"""
messages: {{ ping: {PING} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 20ms }} }}
phases: [ {{ duration: 2s, clients: 2 }} ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url(path), target="connect_timeout: 1s")

    found = {error["cause"] for error in result["errors"]}
    assert found and found <= causes
    assert result["verdict"] in ("fail", "invalid") and result["exit_code"] in (1, 3)
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert result["run"]["duration"] < 8


def test_a_dead_target_is_said_before_any_load() -> None:
    """Nobody listens: invalid, exit 3, with the address in the reason, at once."""
    result = run_scenario(STEADY, "ws://127.0.0.1:9/echo")

    assert (result["state"], result["verdict"], result["exit_code"]) == ("unreachable", "invalid", 3)
    assert "127.0.0.1 port 9" in result["reasons"][0]["text"]
    assert result["counts"]["connections"]["attempted"] == 0


def test_tokens_are_minted_per_client_and_limits_per_user_hold() -> None:
    """Five clients with one identity, two allowed: two are in, three are refused with 429."""
    text = f"""
auth: {{ jwt: {{ secret: demo-secret, claims: {{ sub: one }} }} }}
messages: {{ ping: {PING} }}
clients: {{ all: {{ tolerate: {{ refusals: [ 429 ] }} }} }}
phases: [ {{ duration: 1s, clients: 5 }} ]
criteria: [ connect.refused(status=429) == 3, errors == 0 ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url("/auth?max_per_user=2&token={{ token }}"))

    assert [row["status"] for row in result["criteria"]] == ["met", "met"]
    assert "token=" not in result["target"]["url"] or "{{ token }}" in result["target"]["url"]


def test_rules_look_at_pushes_and_answer_them() -> None:
    """A forbidden push fails the run, the numbers have no gap, and the ninth is answered by a close."""
    text = """
profiles: { listener: {} }
messages: { hello: { text: hello } }
clients:
  people:
    never: [ { where: { $.n: 7 }, because: seven is not welcome } ]
    sequence: [ { value: $.n } ]
    react: [ { where: { $.n: 9 }, close: 1000 } ]
phases: [ { duration: 2s, clients: 3 } ]
criteria: [ sequence.lost == 0, messages.unmatched == 0 ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url("/push?rate=20/s"))

    assert (result["verdict"], result["exit_code"]) == ("fail", 1)
    assert [reason["code"] for reason in result["reasons"]] == ["forbidden"]
    assert [(error["cause"], error["count"]) for error in result["errors"]] == [("forbidden", 3)]
    assert [row["status"] for row in result["criteria"]] == ["met", "met"]
    closed = result["counts"]["connections"]["closed"]
    assert [(row["side"], row["code"], row["count"]) for row in closed] == [("client", 1000, 3)]
    assert result["message_metrics"]["messages_received"] == 27
