"""Refusals that somebody looks at: read whole, headers and body, by both transports."""

from __future__ import annotations

import asyncio

import pytest
from running import run_scenario, validate_result
from tests.scripted import PATIENCE, WAYS, Peer, opening, scripted

from wsrun.demo.process import DemoServer
from wsrun.transports import ConnectFailure, Endpoint


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_is_read_to_the_end_of_its_body(way: str) -> None:
    """Servers write the head first, and the body when they please."""
    transport, run = WAYS[way]

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.write(b"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\nX-Why: full\r\n\r\nonly ")
        await asyncio.sleep(0.05)
        await peer.write(b"two.")
        await peer.listen()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            return await opening(transport, Endpoint(server.url, connect_timeout=PATIENCE, needs_answer=True))

    failure = run(play())
    assert failure is not None
    assert (failure.kind, failure.cause, failure.status) == ("refused", "refused-429", 429)
    assert failure.body == b"only two."
    assert ("X-Why", "full") in failure.headers


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_limits_are_asserted_against_a_real_server(transport: str) -> None:
    """A third connection of a user is refused with 429, or let in and closed; nobody is harmed."""
    text = """
auth: { jwt: { secret: demo-secret, claims: { sub: "{{ client.id }}" } } }
messages: { hi: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } } }
profiles:
  p:
    start:
      - { connect: main }
      - { connect: more, refused: { status: 429, header(Retry-After): "1", text: /already/ } }
      - { connect: late }
      - { expect_close: [ 4029 ], socket: late }
      - { send: hi }
    flow: [ { think: 9s } ]
phases: [ { duration: 1s, clients: 4 } ]
"""
    with DemoServer() as server:
        base = server.url("/auth?max_per_user=1&token={{ token }}")
        target = f'close_timeout: 2s, sockets: {{ more: {{}}, late: {{ url: "{base}&refuse=4029" }} }}'
        result = run_scenario(text, base, target=target, transport=transport)
    validate_result(result)
    assert [error["cause"] for error in result["errors"]] == []
    connections = result["counts"]["connections"]
    assert connections["refused_by_status"] == {"429": 4}
    assert {"side": "server", "code": 4029, "count": 4, "reason": None} in connections["closed"]
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
