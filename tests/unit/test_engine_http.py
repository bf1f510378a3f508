"""Messages of HTTP in virtual time: who sends them, how answers are judged, and that the counts add up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest
from tests.fakes import FakeConnection, FakeHttp, FakeTransport
from tests.unit.performing import causes, perform, plan_of, sentences

from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.transports.http import Headers, HttpFailure, HttpRequest

JSON: Headers = (("Content-Type", "application/json"),)
Respond = Callable[[HttpRequest], tuple[int, Headers, bytes]]


def http_plan(text: str, *, target: str = "") -> Plan:
    """A plan whose target has HTTP too."""
    return plan_of(text, target=f", http: http://127.0.0.1:2/api{target}")


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Send every message back."""
    connection.reply(payload.decode(), 0.01)


def fine(request: HttpRequest) -> tuple[int, Headers, bytes]:
    """Answer with what was asked for."""
    return 200, JSON, json.dumps({"url": request.url, "method": request.method}).encode()


def total(snapshots: list[Snapshot], name: str, **labels: str) -> int:
    """A counter over the whole run, of series that have the labels."""
    return sum(
        count
        for snapshot in snapshots
        for (metric, found), count in snapshot.counters.items()
        if metric == name and labels.items() <= dict(found).items()
    )


def samples(snapshots: list[Snapshot], name: str, **labels: str) -> int:
    """How many values a distribution has, of series that have the labels."""
    return sum(
        histogram.count
        for snapshot in snapshots
        for (metric, found), histogram in snapshot.distributions.items()
        if metric == name and labels.items() <= dict(found).items()
    )


def outcomes(snapshots: list[Snapshot]) -> dict[str, int]:
    """What became of the requests; the counts must add up."""
    names = ("answered", "failed", "timed_out", "lost", "pending")
    found = {name: total(snapshots, f"replies.{name}") for name in names}
    assert sum(found.values()) == total(snapshots, "messages.sent") == total(snapshots, "replies.expected")
    return {name: number for name, number in found.items() if number}


def test_who_uses_no_websocket_does_not_connect() -> None:
    """A mix of requests alone: think, ask, await the answer; clients are there and nothing is connected."""
    transport, http = FakeTransport(echo), FakeHttp(fine, latency=0.5)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } } }\n"
            "profiles: { browser: { mix: { home: 1 }, think: 500ms } }\n"
            "phases: [ { duration: 10s, clients: 2 } ]\n"
        ),
        transport,
        http,
    )
    assert transport.attempts == 0
    assert {request.url for _, request in http.asked} == {"http://127.0.0.1:2/api/"}
    assert total(snapshots, "connect.attempted") == 0
    # One request a second and client; the first think is cut.
    assert 18 <= len(http.asked) <= 22
    assert outcomes(snapshots) == {"answered": len(http.asked)}
    assert samples(snapshots, "http.time", message="home", status="200") == len(http.asked)
    assert samples(snapshots, "round_trip") == samples(snapshots, "service_time") == len(http.asked)
    gauges = [one for snapshot in snapshots for one in snapshot.gauges.items()]
    assert {gauge.last for (name, _), gauge in gauges if name == "clients"} == {0.0, 2.0}
    assert http.is_closed


def test_without_pauses_each_waits_for_its_answer() -> None:
    """No client has two requests in flight, and none waits for anything but the answer."""
    http = FakeHttp(fine, latency=0.1)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } } }\n"
            "profiles: { p: { mix: { home: 1 }, think: 0s } }\n"
            "phases: [ { duration: 5s, clients: 3 } ]\n"
        ),
        FakeTransport(echo),
        http,
    )
    assert 140 <= len(http.asked) <= 153
    assert outcomes(snapshots) == {"answered": len(http.asked)}


def test_a_mix_may_hold_messages_of_both_kinds() -> None:
    """The client connects, and requests go beside its connection."""
    transport, http = FakeTransport(echo), FakeHttp(fine, latency=0.01)
    snapshots = perform(
        http_plan(
            'messages:\n  ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } }\n'
            "  home: { http: { get: / } }\n"
            "profiles: { p: { mix: { ping: 1, home: 1 }, think: 0s } }\n"
            "phases: [ { duration: 2s, clients: 2 } ]\n"
        ),
        transport,
        http,
    )
    sent = sum(len(connection.sent) for connection in transport.connections)
    assert len(transport.connections) == 2
    assert sent == total(snapshots, "messages.sent", message="ping") > 20
    assert len(http.asked) == total(snapshots, "messages.sent", message="home") > 20
    assert outcomes(snapshots) == {"answered": sent + len(http.asked)}
    assert causes(snapshots) == {}


def test_a_rate_sends_requests_at_their_times() -> None:
    """The schedule waits for no answer, and each request is measured from its scheduled time."""
    http = FakeHttp(fine, latency=2.0)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } } }\n"
            "profiles: { p: { mix: { home: 1 } } }\n"
            "phases: [ { duration: 10s, clients: 1, rate: 10/s } ]\n"
        ),
        FakeTransport(echo),
        http,
    )
    gaps = {round(later - sooner, 6) for (sooner, _), (later, _) in itertools.pairwise(http.asked)}
    assert gaps == {0.1}
    assert total(snapshots, "messages.sent") + total(snapshots, "messages.dropped") == 100
    assert outcomes(snapshots) == {"answered": len(http.asked)}


@pytest.mark.parametrize(
    ("reply", "answer", "outcome", "cause"),
    [
        ("", (200, b"{}"), "answered", None),
        ("", (302, b""), "answered", None),
        ("", (404, b"no"), "failed", "answered-404"),
        ("", (503, b"no"), "failed", "answered-503"),
        ("reply: { expect: { status: 404 } }", (404, b""), "answered", None),
        ("reply: { expect: { status: 201 } }", (200, b""), "failed", "reply-unexpected"),
        ("reply: { expect: { $.ok: true } }", (200, b'{"ok":true}'), "answered", None),
        ("reply: { expect: { $.ok: true } }", (500, b'{"ok":true}'), "answered", None),
        ("reply: { expect: { $.ok: true } }", (200, b'{"ok":false}'), "failed", "reply-unexpected"),
        ("reply: { error: { $.error: { exists: true } } }", (200, b'{"error":1}'), "failed", "reply-error"),
        ("reply: { error: { $.error: { exists: true } } }", (400, b"{}"), "failed", "answered-400"),
        ("reply: { expect: { header(content-type): /json/ } }", (200, b""), "answered", None),
        ("reply: { expect: { text: { prefix: hel } } }", (200, b"hello"), "answered", None),
        ("reply: { expect: { hex: ff fe } }", (200, b"\xff\xfe"), "answered", None),
    ],
)
def test_answers_are_judged(reply: str, answer: tuple[int, bytes], outcome: str, cause: str | None) -> None:
    """Good is a status below 400, or what ``expect`` says."""
    more = f", {reply}" if reply else ""
    snapshots = perform(
        http_plan(
            f"messages: {{ home: {{ http: {{ get: / }}{more} }} }}\n"
            "profiles: { p: { start: [ { send: home } ], flow: [ { think: 60s } ] } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        FakeTransport(echo),
        FakeHttp(lambda request: (answer[0], JSON, answer[1])),
    )
    assert outcomes(snapshots) == {outcome: 1}
    assert causes(snapshots) == ({} if cause is None else {cause: 1})
    assert samples(snapshots, "http.time", status=str(answer[0])) == 1


def test_what_was_answered_is_told_with_the_failure() -> None:
    """Status and the beginning of the body, in one line."""
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } } }\n"
            "profiles: { p: { start: [ { send: home } ], flow: [ { think: 60s } ] } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        FakeTransport(echo),
        FakeHttp(lambda request: (500, JSON, b'{"error":\n"out of tea"}')),
    )
    assert sentences(snapshots) == ['home: the answer was an error: HTTP 500, {"error": "out of tea"}']


def test_a_login_gives_its_token_and_cookie_to_the_handshake() -> None:
    """Captured values are variables of the client; cookies of HTTP go along with the upgrade, and back."""

    def respond(request: HttpRequest) -> tuple[int, Headers, bytes]:
        if request.url.endswith("/login"):
            return 200, (*JSON, ("Set-Cookie", "session=s1; Path=/")), b'{"token":"t-1"}'
        return fine(request)

    transport = FakeTransport(echo, set_cookies=("seat=7; Path=/",))
    http = FakeHttp(respond)
    plan = http_plan(
        'messages:\n  login: { http: { post: /login, json: { user: "{{ client.id }}" } },'
        " reply: { capture: { token: $.token } } }\n"
        '  home: { http: { get: "/?token={{ token }}", headers: { X-Id: "{{ id }}" } } }\n'
        "profiles: { p: { start: [ { send: login }, { connect: main }, { send: home } ] } }\n"
        "phases: [ { duration: 5s, clients: 1 } ]\n",
        target=", headers: { Authorization: \"Bearer {{ token | default('none') }}\" }",
    )
    snapshots = perform(plan, transport, http)
    login, home = (request for _, request in http.asked)
    assert (login.method, login.body) == ("POST", b'{"user":"all/0000"}')
    assert dict(login.headers)["Content-Type"] == "application/json"
    assert dict(login.headers)["Authorization"] == "Bearer none"
    upgrade = dict(transport.connections[0].endpoint.headers)
    assert (upgrade["Authorization"], upgrade["Cookie"]) == ("Bearer t-1", "session=s1")
    assert home.url == "http://127.0.0.1:2/api/?token=t-1"
    assert dict(home.headers)["Cookie"] == "session=s1; seat=7"
    assert len(dict(home.headers)["X-Id"]) == 20
    assert causes(snapshots) == {}


def test_a_failed_login_ends_the_session() -> None:
    """It is counted once, nothing is connected, and the client is not there."""
    transport = FakeTransport(echo)
    snapshots = perform(
        http_plan(
            "messages: { login: { http: { post: /login } }, ping: { text: ping } }\n"
            "profiles: { p: { start: [ { send: login }, { connect: main } ], mix: { ping: 1 } } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        transport,
        FakeHttp(lambda request: (401, JSON, b"{}")),
    )
    assert causes(snapshots) == {"answered-401": 1}
    assert transport.attempts == 0


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    """It counts in the round trip as its timeout, and the request is given up."""
    http = FakeHttp(fine, latency=60.0)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / }, reply: { timeout: 1s } } }\n"
            "profiles: { p: { mix: { home: 1 }, think: 0s } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        FakeTransport(echo),
        http,
    )
    found = outcomes(snapshots)
    assert set(found) == {"timed_out"}
    assert causes(snapshots) == {"reply-timeout": found["timed_out"]}
    assert samples(snapshots, "round_trip") == found["timed_out"]
    assert samples(snapshots, "service_time") == samples(snapshots, "http.time") == 0


def test_a_request_without_an_answer_is_lost() -> None:
    """Each by its cause."""

    def respond(request: HttpRequest) -> tuple[int, Headers, bytes]:
        raise HttpFailure("http-refused", "nobody listens")

    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } } }\n"
            "profiles: { p: { start: [ { send: home } ], flow: [ { think: 60s } ] } }\n"
            "phases: [ { duration: 5s, clients: 2 } ]\n"
        ),
        FakeTransport(echo),
        FakeHttp(respond),
    )
    assert outcomes(snapshots) == {"lost": 2}
    assert causes(snapshots) == {"http-refused": 2}


def test_what_is_unanswered_when_the_drain_is_over_is_pending() -> None:
    """Nobody waits for it any longer, and nothing is left behind."""
    http = FakeHttp(fine, latency=60.0)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / }, reply: { timeout: 30s } } }\n"
            "profiles: { p: { mix: { home: 1 }, think: 0s } }\n"
            "phases: [ { duration: 2s, clients: 3 } ]\ndrain: 1s\n"
        ),
        FakeTransport(echo),
        http,
    )
    assert outcomes(snapshots) == {"pending": 3}
    assert http.is_closed


def test_a_value_that_is_not_there_fails_the_message_unsent() -> None:
    """As with any other message."""
    http = FakeHttp(fine)
    snapshots = perform(
        http_plan(
            'messages: { home: { http: { get: "/{{ later }}" } } }\n'
            "profiles: { p: { flow: [ { send: home }, { set: { later: 1 } }, { think: 10s } ] } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        FakeTransport(echo),
        http,
    )
    assert http.asked == []
    assert set(causes(snapshots)) == {"missing-variable"}
    assert outcomes(snapshots) == {}


def test_a_client_that_becomes_a_talker_connects_from_the_start() -> None:
    """A phase gives the living other profiles: who will need a connection has one."""
    transport, http = FakeTransport(echo), FakeHttp(fine)
    snapshots = perform(
        http_plan(
            "messages: { home: { http: { get: / } }, ping: { text: ping } }\n"
            "profiles: { browser: { mix: { home: 1 } }, talker: { mix: { ping: 1 } } }\n"
            "clients: { all: { profiles: { browser: 1 } } }\n"
            "phases: [ { duration: 5s, clients: 2 }, { duration: 5s, profiles: { talker: 1 } } ]\n"
        ),
        transport,
        http,
    )
    assert len(transport.connections) == 2
    assert all(len(connection.sent) >= 4 for connection in transport.connections)
    assert len(http.asked) >= 8
    assert causes(snapshots) == {}


def test_a_batch_sends_all_at_once() -> None:
    """A list in one step: requests and messages side by side, then the wait for all."""
    transport, http = FakeTransport(echo), FakeHttp(fine, latency=1.0)
    snapshots = perform(
        http_plan(
            "messages:\n  home: { http: { get: / } }\n"
            "  ping: { text: ping, reply: { match: { text: ping } } }\n"
            "profiles: { p: { start: [ { send: [ home, ping, home ] } ], flow: [ { think: 60s } ] } }\n"
            "phases: [ { duration: 5s, clients: 1 } ]\n"
        ),
        transport,
        http,
    )
    assert len({at for at, _ in http.asked}) == 1
    assert outcomes(snapshots) == {"answered": 3}
    assert causes(snapshots) == {}


def test_a_request_that_cannot_be_made_takes_no_number() -> None:
    """Those that go out are numbered without a gap."""
    text = """
messages:
  good: { http: { get: "/{{ seq }}" } }
  unmade: { http: { get: "/{{ seq }}/{{ later }}" } }
  later: { http: { get: / }, reply: { capture: { later: $.nowhere } } }
profiles: { p: { mix: { good: 1, unmade: 1 }, think: 100ms } }
phases: [ { duration: 5s, clients: 1 } ]
"""
    http = FakeHttp(fine)
    snapshots = perform(http_plan(text), FakeTransport(echo), http)
    numbers = [int(request.url.rpartition("/")[2]) for _, request in http.asked]

    assert causes(snapshots)["missing-variable"] > 5
    assert numbers == list(range(1, len(numbers) + 1))
