"""HTTP requests over TLS, with the scenario's own authority, and through a proxy."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from running import run_scenario, validate_result
from test_runs_tls import self_signed
from tests.servers.connect_proxy import ConnectProxy

ASKING = """
messages: { home: { http: { get: / }, reply: { expect: { status: 200, text: secured } } } }
profiles: { browser: { mix: { home: 1 }, think: 100ms } }
phases: [ { duration: 1s, clients: 2 } ]
"""


class Page(BaseHTTPRequestHandler):
    """Answers everything alike."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"secured")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server of HTTPS: its port, and its certificate."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], Path(certificate)
    server.shutdown()
    server.server_close()
    thread.join()


def ask(port: int, more: str) -> dict[str, Any]:
    """Run browsers against the server."""
    result = run_scenario(
        ASKING, "ws://127.0.0.1:9/", target=f'http: "https://127.0.0.1:{port}", close_timeout: 1s{more}'
    )
    validate_result(result)
    return result


def test_the_scenario_may_bring_its_own_authority(secured: tuple[int, Path]) -> None:
    """As for wss."""
    port, certificate = secured
    result = ask(port, f", tls: {{ ca: {certificate} }}")
    assert result["errors"] == []
    assert result["http"]["answers"][0]["count"] == result["counts"]["messages"]["sent"] > 4


def test_an_unknown_authority_is_an_error_of_its_own(secured: tuple[int, Path]) -> None:
    """Requests are lost by it."""
    result = ask(secured[0], "")
    assert [error["cause"] for error in result["errors"]] == ["http-tls"]
    assert result["counts"]["messages"]["lost"] == result["counts"]["messages"]["sent"]


def test_requests_go_through_the_proxy_of_the_target(secured: tuple[int, Path]) -> None:
    """By the same tunnel that a WebSocket takes."""
    port, certificate = secured
    with ConnectProxy() as proxy:
        result = ask(port, f', tls: {{ ca: {certificate} }}, proxy: "{proxy.url}"')
        assert proxy.tunnels >= 1
    assert result["errors"] == []
    assert result["http"]["answers"][0]["count"] > 4
