"""Whole runs over wss: a trusted certificate, one that is not, and one that nobody asks about."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import PING, run_scenario
from tests.certificates import self_signed
from websockets.asyncio.server import ServerConnection, serve

TEXT = f"""
messages: {{ ping: {PING} }}
phases: [ {{ duration: 1s, clients: 2, rate: 10/s, warm_up: 200ms }} ]
criteria: [ replies.answered > 0, errors == 0 ]
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """An echo server over TLS by websockets: its port, and its certificate."""
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    ports: list[int] = []
    ready, over = threading.Event(), threading.Event()

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def main() -> None:
        async with serve(echo, "127.0.0.1", 0, ssl=context) as server:
            ports.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(10)
    yield ports[0], certificate
    over.set()
    thread.join(10)


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_an_authority_of_ones_own_is_trusted(secure: tuple[int, Path], transport: str) -> None:
    """With `tls: { ca }` the run passes, and the handshake of TLS has its own share of the connect time."""
    port, certificate = secure

    result = run_scenario(
        TEXT, f"wss://127.0.0.1:{port}/", target=f"tls: {{ ca: '{certificate}' }}", transport=transport
    )

    assert [row["status"] for row in result["criteria"]] == ["met", "met"]
    assert result["target"]["tls"]["verify"] is True


def test_a_bad_certificate_is_named_and_nothing_is_measured(secure: tuple[int, Path]) -> None:
    """A certificate that nobody vouches for ends in one cause, an invalid run, exit 3."""
    port, _ = secure

    result = run_scenario(TEXT, f"wss://127.0.0.1:{port}/")

    assert {error["cause"] for error in result["errors"]} == {"tls-verify"}
    assert (result["verdict"], result["exit_code"]) == ("invalid", 3)
    assert result["reasons"][0]["code"] == "target-unreachable"


def test_verification_can_be_switched_off_and_the_result_says_so(secure: tuple[int, Path]) -> None:
    """`tls: { verify: false }` connects, and every reader of the result is told."""
    port, _ = secure

    result = run_scenario(TEXT, f"wss://127.0.0.1:{port}/", target="tls: { verify: false }")

    assert result["counts"]["connections"]["established"] == 2
    assert result["target"]["tls"]["verify"] is False


def test_compression_is_carried_by_the_transport_that_has_it(secure: tuple[int, Path]) -> None:
    """`compression: deflate` runs on the reference transport whatever was asked for."""
    port, certificate = secure

    result = run_scenario(
        TEXT, f"wss://127.0.0.1:{port}/", target=f"compression: deflate, tls: {{ ca: '{certificate}' }}"
    )

    assert result["run"]["transport"] == "reference"
    assert result["target"]["compression"] == "deflate"
    assert result["counts"]["messages"]["answered"] > 0
