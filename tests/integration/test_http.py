"""HTTP beside WebSocket over real sockets: logins, shared cookies, and that both sides count alike."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from foreign_servers import ForeignServer
from running import run_scenario, validate_result

ONCE = "phases: [ { duration: 1s, clients: 1 } ]\ncriteria: [ messages.sent >= 0 ]\ninterval: 500ms\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ForeignServer]:
    """One server for all tests that do not count."""
    with ForeignServer("aiohttp") as running:
        yield running


def asking(server: ForeignServer, request: str, reply: str = "", **more: str) -> dict[str, Any]:
    """Run a client that asks once and stays for a second."""
    base = more.get("base", server.http_url())
    return run_scenario(
        f"messages: {{ it: {{ http: {{ {request} }}{', reply: { ' + reply + ' }' if reply else ''} }} }}\n"
        "profiles: { p: { start: [ { send: it } ], flow: [ { think: 60s } ] } }\n" + ONCE,
        server.url(),
        target=f'close_timeout: 1s, max_message: 64KiB, http: "{base}"{more.get("target", "")}',
    )


def outcome(result: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """What became of the requests, and the causes of errors; the counts must add up."""
    validate_result(result)
    counts = result["counts"]["messages"]
    assert result["counts"]["adds_up"]["messages"]
    found = {name: counts[name] for name in ("answered", "failed", "timed_out", "lost", "pending")}
    return {name: n for name, n in found.items() if n}, [error["cause"] for error in result["errors"]]


@pytest.mark.parametrize("name", ["aiohttp", "fastapi"])
@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_login_opens_the_socket_and_cookies_go_both_ways(name: str, transport: str) -> None:
    """Token and cookie of the login are in the handshake; what it sets goes with later requests."""
    with ForeignServer(name) as server:
        result = run_scenario(
            "messages:\n"
            "  login:\n"
            '    http: { post: /login, json: { user: "u{{ client.index }}", '
            'password: "u{{ client.index }}u{{ client.index }}" } }\n'
            "    reply: { expect: { status: 200 }, capture: { token: $.access_token } }\n"
            "  me:\n"
            "    http: { get: /me }\n"
            '    reply: { expect: { $.user: "u{{ client.index }}", $.cookies.seat: "7" } }\n'
            '  say: { json: { id: "{{ id }}", by: "{{ token }}" }, reply: { match: { $.id: "{{ id }}" }, '
            "expect: { $.by: { prefix: token- } } } }\n"
            "profiles: { member: { start: [ { send: login }, { connect: main } ], mix: { say: 2, me: 1 },"
            " think: 50ms } }\n"
            "phases: [ { duration: 2s, clients: 4 } ]\n",
            server.url("/members"),
            target=f'close_timeout: 1s, http: "{server.http_url()}"',
            transport=transport,
        )
        counts = server.counts()
    assert outcome(result) == ({"answered": result["counts"]["messages"]["sent"]}, [])
    sent = {message["name"]: message["sent"] for message in result["messages"]}
    assert sent["login"] == 4
    assert sent["me"] + sent["login"] == counts["requests"]
    assert sent["say"] == counts["messages_received"] > 4
    assert counts["connections_opened"] == 4
    (answers,) = result["http"]["answers"]
    assert (answers["status"], answers["count"]) == (200, counts["requests"])
    assert result["http"]["requests"] == counts["requests"]


def test_a_wrong_password_ends_the_session(server: ForeignServer) -> None:
    """It is told with what was answered, and the password is not in the result."""
    result = asking(server, "post: /login, form: { user: ann, password: hunter2-secret }")
    assert outcome(result) == ({"failed": 1}, ["answered-401"])
    (error,) = result["errors"]
    assert error["samples"][0]["text"] == (
        'it: the answer was an error: HTTP 401, {"error": "wrong password"}'
    )
    assert "hunter2" not in str(result)


@pytest.mark.parametrize(
    ("request_", "reply", "expected"),
    [
        ("get: /status/204", "", ({"answered": 1}, [])),
        ("get: /redirect", "expect: { status: 302, header(Location): /status/ }", ({"answered": 1}, [])),
        ("delete: /status/410", "expect: { status: 410, text: 'DELETE ' }", ({"answered": 1}, [])),
        ("put: /status/200, text: 'n {{ seq }}'", "expect: { text: PUT n 1 }", ({"answered": 1}, [])),
        ("patch: '/status/200?a=b c', json: [ 1 ]", "expect: { text: 'PATCH [1]' }", ({"answered": 1}, [])),
        ("post: /status/500", "", ({"failed": 1}, ["answered-500"])),
        ("get: '/slow?for=5'", "timeout: 200ms", ({"timed_out": 1}, ["reply-timeout"])),
        ("get: /drop", "", ({"lost": 1}, ["http-lost"])),
        ("get: '/big?size=65536'", "", ({"answered": 1}, [])),
        ("get: '/big?size=65537'", "", ({"lost": 1}, ["http-too-big"])),
        ("get: '/status/200', headers: { X: \"{{ 'a\\nb' }}\" }", "", ({}, ["bad-request"])),
    ],
)
def test_each_answer_has_its_outcome(
    server: ForeignServer, request_: str, reply: str, expected: tuple[dict[str, int], list[str]]
) -> None:
    """Good, an error, too late, none, too large; a redirect is an answer, and not followed."""
    assert outcome(asking(server, request_, reply)) == expected


def test_nothing_is_asked_for_twice() -> None:
    """A connection that ends without an answer is a lost request, and not a second one in silence."""
    with ForeignServer("aiohttp") as server:
        result = asking(server, "get: /drop")
        assert outcome(result) == ({"lost": 1}, ["http-lost"])
        assert server.counts()["requests"] == 1


@pytest.mark.parametrize(
    ("base", "cause"),
    [
        ("http://name.invalid:8000", "http-dns"),
        ("https://127.0.0.1:{port}", "http-tls"),
        ("http://127.0.0.1:{free}", "http-refused"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_by_cause(
    server: ForeignServer, base: str, cause: str
) -> None:
    """Requests are lost; the WebSocket beside them works."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = base.format(port=server.port, free=nobody.getsockname()[1])
        result = run_scenario(
            "messages: { it: { http: { get: / } }, ping: { text: ping } }\n"
            "profiles: { p: { mix: { ping: 1 }, end: [ { send: it } ] } }\n" + ONCE,
            server.url(),
            target=f'close_timeout: 1s, http: "{address}"',
        )
    assert outcome(result) == ({"lost": 1}, [cause])


def test_an_all_http_scenario_runs_against_a_server_without_websockets(server: ForeignServer) -> None:
    """Nobody connects; the load is there, the counts add up, and the default criteria can be judged."""
    with ForeignServer("aiohttp") as counted:
        result = run_scenario(
            "messages: { ok: { http: { get: /status/200 } }, slow: { http: { get: '/slow?for=0.02' } } }\n"
            "profiles: { browser: { mix: { ok: 3, slow: 1 }, think: 20ms } }\n"
            "phases: [ { duration: 2s, clients: 10, warm_up: 200ms } ]\n",
            "ws://127.0.0.1:9/nobody",
            target=f'http: "{counted.http_url()}"',
            workers=2,
        )
        requests = counted.counts()["requests"]
    assert outcome(result) == ({"answered": requests}, [])
    assert requests > 100
    assert result["counts"]["connections"]["attempted"] == 0
    assert {row["clients"] for row in result["timeline"]} >= {10}
    assert [row["check"] for row in result["criteria"]] == ["errors == 0"]
    assert result["verdict"] != "fail"
    assert not {"nothing-measured", "target-unreachable", "load-not-delivered"} & {
        reason["code"] for reason in result["reasons"]
    }


def test_an_all_http_scenario_against_nobody_is_invalid() -> None:
    """Not a pass, and not the target's fault by our measure."""
    result = run_scenario(
        "messages: { ok: { http: { get: /status/200 } } }\nphases: [ { duration: 1s, clients: 2 } ]\n",
        "ws://127.0.0.1:9/nobody",
        target='http: "http://127.0.0.1:9"',
    )
    assert (result["verdict"], result["exit_code"]) == ("invalid", 3)
    assert result["reasons"][0]["code"] == "target-unreachable"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HELLO\r\n\r\n", "http-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "http-malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "http-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "http-lost"),
        (b"", "http-lost"),
    ],
)
def test_an_answer_that_is_none_is_told_as_such(answer: bytes, cause: str) -> None:
    """What is no HTTP, and what ends too early."""

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        result = run_scenario(
            "messages: { it: { http: { get: / }, reply: { timeout: 500ms } } }\n"
            "profiles: { p: { start: [ { send: it } ], flow: [ { think: 60s } ] } }\n" + ONCE,
            "ws://127.0.0.1:9/",
            target=f'http: "http://127.0.0.1:{listener.getsockname()[1]}"',
        )
        listener.shutdown(socket.SHUT_RDWR)
    assert outcome(result) == ({"lost": 1}, [cause])
