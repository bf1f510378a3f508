"""What is thought of certificates and handshakes, which servers a plan has, and who visits them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import StepRecord
from wsrun.plan import Plan
from wsrun.plan_steps import ConnectStep, SendStep
from wsrun.preflight.certificates import Certificate, Secured, trusted, untrusted
from wsrun.preflight.handshake import handshake
from wsrun.preflight.servers import server_at, servers_of
from wsrun.preflight.told import LONGEST, told_steps
from wsrun.preflight.visit import Visit, caller, visitors
from wsrun.preflight.witness import Attempt
from wsrun.source import parse
from wsrun.transports import Endpoint, Timings
from wsrun.transports.failures import from_status, timed_out

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(ends: timedelta, *, begins: timedelta = -30 * DAY, issuer: str = "CN=R3") -> Certificate:
    return Certificate(
        subject="CN=example.org", issuer=issuer, names=("example.org",), begins=NOW + begins, ends=NOW + ends
    )


def secured(ends: timedelta) -> Secured:
    return Secured(version="TLSv1.3", cipher="AES", certificate=certificate(ends), seconds=0.01)


# Certificates


@pytest.mark.parametrize(
    ("ends", "state", "told"),
    [
        (61 * DAY, "good", "expires in 61 days"),
        (14 * DAY, "good", "expires in 14 days"),
        (13 * DAY, "warning", "expires in 13 days"),
        (timedelta(hours=5), "warning", "expires in 5 hours"),
        (-3 * DAY, "warning", "expired 3 days ago"),
    ],
)
def test_a_certificate_is_told_with_its_days(ends: timedelta, state: str, told: str) -> None:
    """Two weeks before its end it is a warning; expired and still accepted it is one too."""
    found = trusted(secured(ends), verified=True, authority=None, now=NOW)
    assert found.state == state
    assert found.text == f"TLSv1.3, CN=example.org, {told}, checked against the system's authorities"
    assert bool(found.fixes) == (state == "warning")


def test_how_a_certificate_was_checked_is_told() -> None:
    """By whom, or not at all."""
    own = trusted(secured(61 * DAY), verified=True, authority="ca.pem", now=NOW)
    nobody = trusted(secured(61 * DAY), verified=False, authority=None, now=NOW)
    assert own.text.endswith("checked against ca.pem")
    assert nobody.text.endswith("not checked (tls.verify: false)")


def test_a_refused_certificate_is_told_with_what_helps() -> None:
    """Another remedy for each reason."""
    expired = untrusted("not trusted: certificate has expired", certificate(-3 * DAY), NOW)
    early = untrusted("not trusted: certificate is not yet valid", certificate(DAY, begins=DAY / 2), NOW)
    own = untrusted("not trusted: self-signed", certificate(DAY * 9, issuer="CN=example.org"), NOW)
    wrong = untrusted("not trusted: Hostname mismatch", certificate(DAY * 9), NOW)
    unread = untrusted("not trusted", None, NOW)

    assert expired.text == (
        "not trusted: certificate has expired (CN=example.org, signed by CN=R3, expired 3 days ago)"
    )
    assert expired.fixes[0].startswith("renew")
    assert "valid only from 2026-03-02 00:00 UTC" in early.text
    assert "signed by itself, expires in 9 days" in own.text
    assert own.fixes[0] == "trust who signed it: tls: { ca: FILE }"
    assert "(example.org)" in wrong.fixes[0]
    assert {found.state for found in (expired, early, own, wrong, unread)} == {"bad"}


# Handshakes

ENDPOINT = Endpoint(url="ws://127.0.0.1:1/")


def agreed(
    *, subprotocols: tuple[str, ...] = (), chosen: str | None = None, compression: bool = False
) -> Attempt:
    endpoint = Endpoint(url="ws://127.0.0.1:1/", subprotocols=subprotocols, compression=compression)
    return Attempt(endpoint=endpoint, timings=Timings(total=0.01, upgrade=0.002), subprotocol=chosen)


def test_a_handshake_is_told_with_what_was_agreed() -> None:
    """What was asked for and not granted is a warning: it changes what is measured."""
    assert handshake(agreed()).text == "HTTP 101 in 2.00\u202fms"
    assert handshake(agreed(subprotocols=("a", "b"), chosen="b")).text.endswith(", subprotocol b")
    unchosen = handshake(agreed(subprotocols=("a", "b")))
    declined = handshake(agreed(compression=True))
    assert (unchosen.state, declined.state) == ("warning", "warning")
    assert "none of the subprotocols a, b was chosen" in unchosen.text
    assert "compression was declined" in declined.text


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "Authorization"),
        (403, "Origin"),
        (404, "path"),
        (429, "connect_rate"),
        (502, "log of the server"),
    ],
)
def test_a_refusal_is_told_with_its_body_and_a_hint(status: int, fix: str) -> None:
    """The beginning of the body, on one line, whatever is in it."""
    failure = from_status(status)
    failure.body = b"<h1>no\n\x1b[2J way</h1>" + b"x" * 500
    found = handshake(Attempt(endpoint=ENDPOINT, failure=failure))
    assert found.state == "bad"
    assert f"HTTP {status}; it says: <h1>no ?[2J way</h1>xxx" in found.text
    assert "\x1b" not in found.text
    assert len(found.text) < 200
    assert fix in found.fixes[0]


def test_a_redirect_is_told_with_where_it_leads() -> None:
    """They are not followed."""
    failure = from_status(301)
    failure.headers = (("Location", "wss://example.org/ws"),)
    found = handshake(Attempt(endpoint=ENDPOINT, failure=failure))
    assert found.fixes == ("go where it leads, if that is a WebSocket: wss://example.org/ws",)


def test_a_refusal_that_a_step_wants_is_no_trouble() -> None:
    """The step says whether it is the right one."""
    endpoint = Endpoint(url="ws://127.0.0.1:1/", needs_answer=True)
    assert handshake(Attempt(endpoint=endpoint, failure=from_status(403))).state == "good"


def test_silence_is_told_with_its_time() -> None:
    """As the transport says it, with what may be the reason."""
    failure = timed_out("127.0.0.1:1", ENDPOINT, Timings(tcp=0.1))
    found = handshake(Attempt(endpoint=ENDPOINT, failure=failure))
    assert found.text == "127.0.0.1:1 did not answer the handshake within 10 s"
    assert found.fixes[0].startswith("check that this port speaks WebSocket")


# Servers and visitors

REPLY = 'reply: { match: { $.id: "{{ id }}" } }'
MANY = f"""
messages:
  join: {{ json: {{ id: "{{{{ id }}}}" }}, {REPLY} }}
  say: {{ json: {{ id: "{{{{ id }}}}" }}, {REPLY} }}
  tell: {{ text: x }}
  page: {{ http: {{ get: /page }} }}
profiles:
  listener:
  talker: {{ start: [ {{ think: 5s }}, {{ send: join }} ], mix: {{ say: 8, tell: 2 }} }}
  looper:
    flow: [ {{ repeat: [ {{ think: 1s }}, {{ send: tell, times: 9 }}, {{ send: say }} ], times: 100 }} ]
  browser: {{ mix: {{ page: 1 }} }}
clients: {{ all: {{ profiles: {{ listener: 5, talker: 3, looper: 1, browser: 1 }}, reconnect: {{}} }} }}
phases: [ {{ duration: 1h, clients: 500, rate: 100/s }} ]
"""


def plan_of(text: str, target: str) -> Plan:
    """Compile a scenario that is given without its head."""
    document = parse(f"wsrun: 1\ntarget: {{ {target} }}\n{text}", "test.yaml", environ={})
    return compile_plan(document, seed=1)


def many(target: str) -> Plan:
    return plan_of(MANY, target)


def test_each_server_is_there_once() -> None:
    """Failover and named sockets beside the first one; HTTP has a base; secrets are hidden."""
    target = (
        'url: "ws://u:p@one.test/?token=abc", failover: [ "ws://two.test/" ], http: "http://one.test/", '
        'sockets: { same: {}, feed: { url: "ws://three.test/{{ client.index }}" } }'
    )
    plan = many(target)
    servers = servers_of(plan, plan)
    assert [server.title for server in servers] == [
        "main: ws://***@one.test/?token=***",
        "main: ws://two.test/",
        "feed: ws://three.test/{{ client.index }}",
        "http: http://one.test/",
    ]
    assert [server.is_spare for server in servers] == [True, True, False, False]
    assert [server.address.place for server in servers] == [
        "one.test:80",
        "two.test:80",
        "three.test:80",
        "one.test:80",
    ]


def test_a_clients_url_leads_to_the_server_that_is_most_like_it() -> None:
    """A template fits much; what is written out goes before it."""
    target = 'url: "ws://one.test/", sockets: { own: { url: "ws://one.test/{{ client.index }}" } }'
    plan = plan_of(MANY, f'{target}, http: "http://one.test/"')
    main, own, _ = servers = servers_of(plan, plan)
    assert server_at(servers, "ws://one.test/") is main
    assert server_at(servers, "ws://one.test/7") is own
    assert server_at(servers, "ws://two.test/7") is None


def test_a_host_that_differs_per_client_is_not_known() -> None:
    """It is no mistake either."""
    plan = many('url: "ws://{{ client.index }}.test/", http: "http://one.test/"')
    assert [server.is_known for server in servers_of(plan, plan)] == [False, True]


def test_visitors_send_the_first_message_and_no_more() -> None:
    """The first profile that sends, without its pauses; and the first that asks by HTTP."""
    plan = many('url: "ws://one.test/", http: "http://one.test/"')
    talker, browser = visitors(plan)
    for visitor, profile in ((talker, 1), (browser, 3)):
        assert visitor.once
        assert visitor.groups[0].profiles == ((profile, 1.0),)
        assert visitor.groups[0].reconnect is None
        (phase,) = visitor.phases
        assert (phase.clients[0].start, phase.clients[0].end, phase.rate) == (1.0, 1.0, {})
    assert talker.profiles[1].start == (ConnectStep(), SendStep(messages=(0,)))
    assert talker.profiles[1].flow == (SendStep(messages=(1,)),)


def test_a_loop_is_gone_through_up_to_its_first_message() -> None:
    """A hundred turns would be a load."""
    plan = plan_of(
        MANY.replace("listener: 5, talker: 3, looper: 1", "looper: 1"), target='url: "ws://one.test/"'
    )
    looper = visitors(plan)[0].profiles[2]
    assert looper.flow == (SendStep(messages=(2,)),)


def test_where_nobody_sends_the_first_one_listens() -> None:
    """Which is a visit too."""
    text = "profiles: { listener: {} }\nphases: [ { duration: 1s, clients: 5 } ]\n"
    (listener,) = visitors(plan_of(text, 'url: "ws://one.test/"'))
    assert listener.profiles[0].flow == ()


def test_a_caller_goes_to_one_server_alone() -> None:
    """No failover, no messages."""
    plan = many('url: "ws://one.test/", failover: [ "ws://two.test/" ], http: "http://one.test/"')
    called = caller(plan, servers_of(plan, plan)[1])
    assert called.target.urls == ("ws://two.test/",)
    assert called.profiles[0].start == (ConnectStep(socket=0),)


# What a visit says


def visit(*steps: StepRecord, is_over: bool = True) -> Visit:
    return Visit(
        title="one client of all",
        steps=steps,
        attempts=(),
        answered=frozenset({"ask"}),
        limit=15.0,
        is_over=is_over,
    )


def step(name: str, *problems: str) -> StepRecord:
    return StepRecord(0.0, "all/0001", "", name, not problems, 0.25, problems)


def test_steps_are_told_by_what_they_are() -> None:
    """A reply has its round trip, a message without one is sent, other steps take their time."""
    found = told_steps(visit(step("connect main"), step("send ask × 2"), step("send tell")), [])
    assert [finding.text for finding in found] == [
        "done in 250\u202fms",
        "answered in 250\u202fms",
        "sent; no reply is awaited",
    ]


def test_what_was_said_of_a_handshake_is_not_said_again() -> None:
    """Nor counted twice."""
    (found,) = told_steps(visit(step("connect main", "refused")), ["refused; it says: no"])
    assert (found.state, found.text) == ("unknown", "not done, as said above")


def test_a_failed_message_is_bad_and_advised_a_closer_look() -> None:
    """With what went wrong."""
    (found,) = told_steps(visit(step("send ask", "ask: no reply within 5 s")), [])
    assert (found.state, found.text) == ("bad", "ask: no reply within 5 s")
    assert "--once" in found.fixes[0]


def test_a_client_that_listens_has_nothing_to_send() -> None:
    """That is said, and good."""
    assert told_steps(visit(step("connect main")), [])[-1].text == "nothing: such a client only listens"


def test_a_visit_without_an_end_is_bad() -> None:
    """It was stopped when its time was over."""
    found = told_steps(visit(step("connect main"), is_over=False), [])[-1]
    assert (found.state, found.text) == (
        "bad",
        "the client was not done within 15 s, and was stopped",
    )


def test_a_long_answer_is_cut() -> None:
    """A whole page of HTML is no line of a table."""
    (found,) = told_steps(visit(step("send page", "page: HTTP 404, " + "x" * 900)), [])
    assert len(found.text) == LONGEST
    assert found.text.endswith("x…")
