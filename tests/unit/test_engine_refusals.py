"""Connects that must be refused, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from performing import causes, perform, plan_of, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.default_criteria import default_criteria
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.transports import ConnectFailure


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer with the message itself."""
    connection.reply(payload.decode(), 0.01)


def refusal(status: int, body: bytes = b"") -> ConnectFailure:
    """Return a refusal with a header and a body."""
    failure = ConnectFailure("refused", f"refused-{status}", f"refused with HTTP {status}", status)
    failure.headers, failure.body = (("Retry-After", "5"),), body
    return failure


def ran(
    pattern: str, refuse: Callable[[int], ConnectFailure | None], more: str = ""
) -> tuple[FakeTransport, list[Snapshot], Store]:
    """Perform a client whose only step is a connect that must be refused, and a message if it was."""
    text = (
        "messages: { hi: { text: hi, reply: { match: {} } } }\n"
        f"profiles: {{ p: {{ start: [ {{ connect: main, refused: {pattern} }}, {{ connect: main }} ] }} }}\n"
        f"{more}\nphases: [ {{ duration: 2s, clients: 1 }} ]"
    )
    transport = FakeTransport(echo, refuse=refuse)
    snapshots = perform(plan_of(text), transport)
    return transport, snapshots, stored(snapshots)


@pytest.mark.parametrize(
    "pattern",
    [
        "{}",
        "{ status: 429 }",
        "{ status: { in: [ 429, 503 ] }, header(retry-after): '5' }",
        "{ $.why: full }",
        "{ text: /full/ }",
        "[ { status: 503 }, { status: { min: 400 } } ]",
    ],
)
def test_a_refusal_as_wanted_is_counted_and_no_error(pattern: str) -> None:
    """The flow goes on behind it."""
    wanted = refusal(429, b'{"why":"full"}')
    transport, snapshots, store = ran(pattern, lambda number: None if number else wanted)
    assert store.counter("connect.refused", status="429") == 1
    assert store.counter("connect.established") == 1
    assert len(transport.connections) == 1
    assert causes(snapshots) == {}


@pytest.mark.parametrize(
    ("pattern", "failure", "cause"),
    [
        pytest.param("{ status: 429 }", refusal(503), "refused-503", id="another status"),
        pytest.param("{ $.why: full }", refusal(429, b"full"), "refused-429", id="another body"),
        pytest.param(
            "{}",
            ConnectFailure("timed_out", "handshake-timeout", "no answer"),
            "handshake-timeout",
            id="none",
        ),
        pytest.param(
            "{}", ConnectFailure("failed", "connection-refused", "nobody"), "connection-refused", id="nobody"
        ),
    ],
)
def test_another_refusal_is_an_error_and_fails_the_step(
    pattern: str, failure: ConnectFailure, cause: str
) -> None:
    """It is the error that it always is, and the sentence says that a step wanted it otherwise."""
    transport, snapshots, store = ran(pattern, lambda number: failure)
    assert causes(snapshots) == {cause: 1}
    assert sentences(snapshots) == [f"{failure.text}; a step wants it refused in another way"]
    assert transport.attempts == 1
    assert store.counter("connect.attempted") == 1


def test_a_connection_that_is_let_in_fails_the_step_and_is_closed() -> None:
    """It was established, and is counted so; the client does not keep it."""
    transport, snapshots, store = ran("{ status: 429 }", lambda number: None)
    assert causes(snapshots) == {"not-refused": 1}
    assert transport.attempts == 1
    assert store.counter("connect.established") == 1
    assert store.counter("closed", side="client", code="1000") == 1


def test_what_is_tolerated_is_no_refusal_as_wanted() -> None:
    """The step asks for more than the group lets pass."""
    more = "clients: { all: { tolerate: { refusals: [ 503 ] } } }"
    _, snapshots, _ = ran("{ status: 429 }", lambda number: refusal(503), more)
    assert causes(snapshots) == {"refused-503": 1}


def test_a_pattern_sees_the_variables_of_the_client() -> None:
    """It is filled in as the step runs."""
    more = "clients: { all: { assign: { wanted: 429 } } }"
    _, snapshots, _ = ran('{ status: "{{ wanted }}" }', lambda number: None if number else refusal(429), more)
    assert causes(snapshots) == {}


def test_success_is_no_default_criterion_where_a_refusal_is_wanted() -> None:
    """It could not be met."""
    profile = "{ start: [ { connect: main, refused: {} } ] }"
    plan = plan_of(f"profiles: {{ p: {profile} }}\nphases: [ {{ duration: 1s, clients: 1 }} ]")
    assert default_criteria(plan.phases, plan.profiles, plan.messages) == ("errors == 0",)
