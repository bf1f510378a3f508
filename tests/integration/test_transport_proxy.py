"""Connections through a proxy, by both transports."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from running import PING, run_scenario, validate_result
from test_runs_tls import self_signed
from tests.scripted import TEXT, WAYS, Peer, close_frame, opened, opening, scripted
from tests.servers.connect_proxy import ConnectProxy

from wsrun.demo.process import DemoServer
from wsrun.transports import ConnectFailure, Endpoint


async def polite(peer: Peer) -> None:
    """Listen, and answer the close."""
    await peer.upgrade()
    await peer.listen()
    await peer.write(close_frame(1000))


MIX = f"""
messages: {{ ping: {PING} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 100ms }} }}
phases: [ {{ duration: 1s, clients: 3 }} ]
"""


@pytest.mark.parametrize("way", WAYS)
def test_messages_go_through_the_tunnel(way: str) -> None:
    """The server hears the client; the proxy heard one request, for the server's place."""
    transport, run = WAYS[way]

    async def play(proxy: ConnectProxy) -> None:
        async with scripted(polite) as server:
            connection, memory = await opened(transport, server.url, proxy=proxy.url)
            connection.send_text(b"hello")
            connection.close()
            await memory.end()
            assert (TEXT, b"hello") in server.peers[0].heard
            assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
            assert connection.timings.upgrade is not None
            assert connection.timings.total > connection.timings.upgrade

    with ConnectProxy() as proxy:
        run(play(proxy))
        assert proxy.tunnels == 1


@pytest.mark.parametrize("way", WAYS)
def test_tls_goes_through_the_tunnel(way: str, tmp_path: Path) -> None:
    """It is the server's certificate that counts, and the proxy sees nothing of what is said."""
    transport, run = WAYS[way]
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def play(proxy: ConnectProxy) -> None:
        async with scripted(polite, context) as server:
            trusting = ssl.create_default_context(cafile=str(certificate))
            connection, memory = await opened(transport, server.url, proxy=proxy.url, ssl=trusting)
            connection.send_text(b"hello")
            connection.close()
            await memory.end()
            assert (TEXT, b"hello") in server.peers[0].heard
            assert connection.timings.tls is not None

    with ConnectProxy() as proxy:
        run(play(proxy))
        assert proxy.tunnels == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(b"HTTP/1.1 403 Forbidden\r\n\r\n", "refused the tunnel", id="forbidden"),
        pytest.param(b"HTTP/1.1 407 Who\r\n\r\n", "wants a user and a password", id="credentials"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", "does not speak HTTP", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", "ended the connection", id="half an answer"),
        pytest.param(b"", "ended the connection", id="no answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nmore", "sent something behind", id="more than an answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000, "says too much", id="a head without an end"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_named(answer: bytes, says: str, way: str) -> None:
    """It is the proxy that failed, and not the target that refused."""
    transport, run = WAYS[way]
    with ConnectProxy(answer=answer) as proxy:
        failure = run(opening(transport, Endpoint("ws://127.0.0.1:1/", proxy=proxy.url)))
    assert isinstance(failure, ConnectFailure)
    assert (failure.kind, failure.cause) == ("failed", "proxy-failed")
    assert says in failure.text


@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_that_is_not_there_is_named(way: str) -> None:
    """Nobody listens there; the target was never asked."""
    transport, run = WAYS[way]
    with ConnectProxy() as proxy:
        url = proxy.url
    failure = run(opening(transport, Endpoint("ws://127.0.0.1:1/", proxy=url)))
    assert isinstance(failure, ConnectFailure)
    assert failure.cause == "connection-refused"
    assert "the proxy 127.0.0.1" in failure.text


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_run_goes_through_a_proxy_and_keeps_its_password(transport: str) -> None:
    """All connections do; the credentials are nowhere in the result."""
    with DemoServer() as server, ConnectProxy("ann:open-sesame") as proxy:
        url = proxy.url.replace("//", "//ann:open-sesame@")
        target = f'close_timeout: 2s, proxy: "{url}"'
        result = run_scenario(MIX, server.url("/echo"), target=target, transport=transport)
        assert proxy.tunnels == 3
    validate_result(result)
    assert result["counts"]["connections"]["established"] == 3
    assert [error["cause"] for error in result["errors"]] == []
    assert result["target"]["proxy"] == f"http://***@127.0.0.1:{proxy.port}"
    assert "sesame" not in json.dumps(result)


def test_a_run_that_the_proxy_refuses_says_so() -> None:
    """The target is not blamed."""
    with DemoServer() as server, ConnectProxy("ann:open-sesame") as proxy:
        result = run_scenario(MIX, server.url("/echo"), target=f'proxy: "{proxy.url}"')
    assert [error["cause"] for error in result["errors"]] == ["proxy-failed"]
    assert "HTTP 407" in json.dumps(result["errors"])


def test_http_goes_through_the_proxy_too() -> None:
    """Requests and connections of one flow take the same way; a refusal is the proxy's."""
    text = """
messages:
  look: { http: { get: /healthz }, reply: { expect: { status: 200 } } }
  ping: PING
profiles: { p: { start: [ { send: look }, { send: ping } ] } }
phases: [ { duration: 1s, clients: 2 } ]
"""
    with DemoServer() as server, ConnectProxy("ann:open-sesame") as proxy:
        url = proxy.url.replace("//", "//ann:open-sesame@")
        target = f'close_timeout: 2s, http: "{server.http_url("")}", proxy: "{url}"'
        result = run_scenario(text.replace("PING", PING), server.url("/echo"), target=target)
        assert [error["cause"] for error in result["errors"]] == []
        assert proxy.tunnels == 2
        assert sum(head.startswith(b"GET http://") for head in proxy.heads) >= 1
        refused = run_scenario(
            text.replace("PING", PING), server.url("/echo"), target=target.replace("open-sesame", "wrong")
        )
    assert "open-sesame" not in json.dumps(result)
    assert {error["cause"] for error in refused["errors"]} <= {"proxy-failed", "answered-407"}
