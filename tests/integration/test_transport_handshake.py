"""What servers may answer to a handshake, and what both transports make of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.scripted import PATIENCE, WAYS, Peer, opening, scripted, switching

from wsrun.transports import ConnectFailure, Endpoint


@dataclass(frozen=True)
class Case:
    """What a server answers to the handshake, and the failure that has to come of it.

    ``failure``: kind, cause and status; None: the connection is made. ``says``: words of the text.
    ``reference``: another failure for the reference transport, ``because`` of something.
    """

    name: str
    answer: Callable[[bytes], bytes]
    failure: tuple[str, str, int | None] | None
    says: str = ""
    leaves: bool = False
    endpoint: dict[str, Any] = field(default_factory=dict)
    reference: tuple[str, str, int | None] | str | None = "same"
    because: str = ""


def status(line: str, more: str = "", body: str = "") -> Callable[[bytes], bytes]:
    """Answer with a status line, and with a body of a stated length."""
    text = f"HTTP/1.1 {line}\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}"
    return lambda _request: text.encode()


def changed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Answer with the right handshake, but for one thing."""

    def answer(request: bytes) -> bytes:
        right = switching(request)
        assert old in right
        return right.replace(old, new)

    return answer


def added(lines: bytes) -> Callable[[bytes], bytes]:
    return lambda request: switching(request, lines)


def refused(code: int) -> tuple[str, str, int | None]:
    return "refused", f"refused-{code}", code


BAD = ("failed", "bad-handshake", None)
NOT_WEBSOCKET = ("failed", "not-websocket", None)
SILENT = ("timed_out", "handshake-timeout", None)
ACCEPT = b"Sec-WebSocket-Accept"

CASES = [
    # Other statuses.
    Case(
        "200", status("200 OK", body="hi"), ("failed", "not-websocket", 200), "HTTP 200 instead of switching"
    ),
    Case("204", status("204 No Content"), ("failed", "not-websocket", 204)),
    *(
        Case(str(code), status(f"{code} Elsewhere", f"Location: {where}\r\n"), refused(code), "redirect")
        for code, where in [
            (301, "ws://127.0.0.1:1/"),
            (302, "http://127.0.0.1:1/"),
            (303, "/other"),
            (307, "::not a url::"),
            (308, "wss://127.0.0.1:1/"),
        ]
    ),
    *(
        Case(str(code), status(f"{code} No", body="no"), refused(code), f"HTTP {code}")
        for code in (400, 401, 403, 404, 426, 429, 500, 502, 503)
    ),
    Case("520-that-python-does-not-know", status("520 Odd"), refused(520), "HTTP 520"),
    Case("103", status("103 Early Hints"), BAD, "HTTP 103"),
    # Not HTTP/1.1.
    Case("http-1.0-200", lambda _: b"HTTP/1.0 200 OK\r\n\r\n", ("failed", "not-websocket", 200)),
    Case("http-1.0-101", changed(b"HTTP/1.1", b"HTTP/1.0"), BAD),
    Case("http-2-preface", lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NOT_WEBSOCKET),
    Case("ssh", lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n", NOT_WEBSOCKET),
    Case("status-that-is-no-number", lambda _: b"HTTP/1.1 abc Oops\r\n\r\n", NOT_WEBSOCKET),
    Case("escape-sequences", lambda _: b"\x1b[31mHTTP\x1b[0m\r\n\r\n", NOT_WEBSOCKET),
    # A wrong 101.
    Case("wrong-accept", changed(ACCEPT + b": ", ACCEPT + b": x"), BAD, "Sec-WebSocket-Accept"),
    Case("no-accept", changed(ACCEPT, b"X-Other"), BAD, "Sec-WebSocket-Accept"),
    Case("two-accepts", added(ACCEPT + b": again\r\n"), BAD, "Sec-WebSocket-Accept"),
    Case("no-upgrade", changed(b"Upgrade: websocket\r\n", b""), BAD, "Upgrade"),
    Case("upgrade-to-h2c", changed(b"Upgrade: websocket", b"Upgrade: h2c"), BAD, "Upgrade"),
    Case("no-connection", changed(b"Connection: Upgrade\r\n", b""), BAD, "Connection"),
    Case("connection-close", changed(b"Connection: Upgrade", b"Connection: close"), BAD, "Connection"),
    Case("header-without-colon", added(b"oops\r\n"), BAD),
    Case("header-name-with-a-space", added(b"a b: c\r\n"), BAD),
    Case("folded-header", added(b"X-A: b\r\n c\r\n"), BAD),
    Case("64-KiB-header", added(b"X-A: " + b"b" * 65_536 + b"\r\n"), BAD),
    Case("10000-headers", added(b"X-A: b\r\n" * 10_000), BAD),
    Case("subprotocol-not-offered", added(b"Sec-WebSocket-Protocol: mqtt\r\n"), BAD, "not offered"),
    Case(
        "other-subprotocol",
        added(b"Sec-WebSocket-Protocol: mqtt\r\n"),
        BAD,
        "not offered",
        endpoint={"subprotocols": ("stomp",)},
    ),
    Case(
        "two-subprotocols",
        added(b"Sec-WebSocket-Protocol: stomp, mqtt\r\n"),
        BAD,
        endpoint={"subprotocols": ("stomp", "mqtt")},
    ),
    Case(
        "extension-not-offered",
        added(b"Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        BAD,
        "not offered",
    ),
    # Ends and silences.
    Case("end-before-the-answer", lambda _: b"", ("failed", "eof", None), "ws://", leaves=True),
    Case(
        "end-within-the-answer",
        lambda _: b"HTTP/1.1 101 Swi",
        ("failed", "eof", None),
        "before it answered",
        leaves=True,
    ),
    Case("silence", lambda _: b"", SILENT, "did not answer the handshake within 0.3 s"),
    Case("half-an-answer", lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgr", SILENT),
    Case(
        "alert-of-tls",
        lambda _: b"\x15\x03\x01\x00\x02\x02\x46",
        ("failed", "eof", None),
        "TLS",
        leaves=True,
    ),
    Case(
        "body-without-end",
        lambda _: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000,
        ("failed", "not-websocket", 200),
        reference=SILENT,
        because="websockets reads the whole body before it looks at the status",
    ),
    # Right answers in unusual words.
    Case("lower-case", changed(b"Upgrade: websocket", b"upgrade: WebSocket"), None),
    Case("no-reason-phrase", changed(b"101 Switching Protocols", b"101 "), None),
    Case(
        "empty-extensions",
        added(b"Sec-WebSocket-Extensions: \r\n"),
        None,
        reference=BAD,
        because="websockets takes an empty list of extensions for a broken one",
    ),
    Case("120-headers", added(b"X-A: b\r\n" * 120), None),
    Case(
        "connection-keep-alive-and-upgrade",
        changed(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        BAD,
        "Connection",
        reference=None,
        because="picows wants the one word; the standard allows a list",
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_is_taken_or_named(case: Case, way: str) -> None:
    """Every answer to the handshake gives a connection or a failure with kind, cause and status."""
    transport, run = WAYS[way]
    expected = case.failure
    if transport == "reference" and case.reference != "same":
        expected = case.reference  # type: ignore[assignment]

    patience = 0.3 if expected is not None and expected[0] == "timed_out" else PATIENCE

    async def script(peer: Peer) -> None:
        await peer.write(case.answer(await peer.read_request()))
        if not case.leaves:
            await peer.listen()

    async def play() -> ConnectFailure | None:
        async with scripted(script) as server:
            endpoint = Endpoint(server.url, connect_timeout=patience, **case.endpoint)
            failure = await opening(transport, endpoint)
            assert len(server.peers) == 1, "a redirect was followed, or a handshake repeated"
            if not case.leaves:
                # The server hears the end: nothing is left open behind a failure.
                with contextlib.suppress(ConnectionError):
                    async with asyncio.timeout(PATIENCE):
                        await server.peers[0].writer.wait_closed()
            return failure

    failure = run(play())
    assert (failure and (failure.kind, failure.cause, failure.status)) == expected
    if failure is not None:
        assert failure.text.isprintable()
        if expected == case.failure:
            assert case.says in failure.text
