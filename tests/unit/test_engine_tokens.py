"""Where clients have their tokens from, where they show them, and when they get new ones; in virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.fakes import FakeConnection, FakeHttp, FakeTransport
from tests.unit.performing import causes, perform

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.plan import Plan

SECRET = "a secret of thirty-two bytes here"
START = 1_700_000_000
"""The time of day at which a run begins, seconds since 1970."""

KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}


def scenario(folder: Path, text: str, environ: dict[str, str] | None = None) -> Plan:
    """Write a scenario, check it and compile it."""
    path = folder / "tokens.yaml"
    path.write_text("wsrun: 1\n" + text)
    return compile_plan(load_scenario(path, environ or {}), seed=1)


def silent(connection: FakeConnection, payload: bytes) -> None:
    """Answer nothing."""


def claims_of(token: str, algorithm: str = "HS256") -> dict[str, Any]:
    """Check a token's signature, as a service would, and return its claims."""
    key = SECRET if algorithm == "HS256" else KEYS[algorithm].public_key()
    options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, key, algorithms=[algorithm], options=options)  # type: ignore[arg-type]


def bearer(connection: FakeConnection) -> str:
    """Return the token in the header of a handshake."""
    return dict(connection.endpoint.headers)["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_each_client_has_a_token_of_its_own(algorithm: str, tmp_path: Path) -> None:
    """With its own claims, signed by the scenario's key, as long as its lifetime says."""
    if algorithm in KEYS:
        pem = KEYS[algorithm].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / "key.pem").write_bytes(pem)
    key = f"secret: {SECRET}" if algorithm == "HS256" else "key: key.pem"
    text = f"""
target: {{ url: "ws://127.0.0.1:1/", headers: {{ Authorization: "Bearer {{{{ token }}}}" }} }}
auth:
  jwt:
    {key}
    algorithm: {algorithm}
    claims: {{ sub: "{{{{ client.id }}}}", room: "r{{{{ client.index % 2 }}}}", admin: true }}
    lifetime: 10m
messages: {{ hi: {{ text: hi }} }}
phases: [ {{ duration: 2s, clients: 3 }} ]
"""
    transport = FakeTransport(silent)
    perform(scenario(tmp_path, text), transport)
    claims = [claims_of(bearer(connection), algorithm) for connection in transport.connections]
    assert sorted(one["sub"] for one in claims) == ["all/0000", "all/0001", "all/0002"]
    assert {(one["sub"][-1], one["room"]) for one in claims} == {("0", "r0"), ("1", "r1"), ("2", "r0")}
    assert all(one["admin"] is True and one["exp"] - one["iat"] == 600 for one in claims)


def test_an_expired_token_is_renewed_at_the_next_connect(tmp_path: Path) -> None:
    """No handshake is made with one that is over; one that is still good is kept."""
    text = f"""
target: {{ url: "ws://127.0.0.1:1/?token={{{{ token }}}}" }}
auth: {{ jwt: {{ secret: {SECRET}, lifetime: 5s }} }}
messages: {{ hi: {{ text: hi }} }}
profiles: {{ p: {{ flow: [ {{ connect: main }}, {{ think: 2s }}, {{ close: main }} ] }} }}
phases: [ {{ duration: 20s, clients: 1 }} ]
"""
    transport = FakeTransport(silent)
    perform(scenario(tmp_path, text), transport)
    tokens = [
        parse_qs(urlsplit(connection.endpoint.url).query)["token"][0] for connection in transport.connections
    ]
    assert len(tokens) >= 9
    assert 3 <= len(set(tokens)) <= 5
    for token, begun in zip(tokens, range(0, 2 * len(tokens), 2), strict=True):
        assert claims_of(token)["exp"] >= START + begun - 2


@pytest.mark.parametrize("way", ["message", "http"])
def test_an_expired_token_is_renewed_at_the_next_message(way: str, tmp_path: Path) -> None:
    """Of a WebSocket or of HTTP, in a body or in a header."""
    message = {
        "message": '{ text: "{{ token }}" }',
        "http": '{ http: { get: /, headers: { Authorization: "{{ token }}" } } }',
    }[way]
    text = f"""
target: {{ url: "ws://127.0.0.1:1/", http: "http://127.0.0.1:2" }}
auth: {{ jwt: {{ secret: {SECRET}, lifetime: 5s }} }}
messages: {{ hi: {message} }}
profiles: {{ p: {{ mix: {{ hi: 1 }}, think: 1s }} }}
phases: [ {{ duration: 20s, clients: 1 }} ]
"""
    transport, http = FakeTransport(silent), FakeHttp(lambda request: (200, (), b""))
    snapshots = perform(scenario(tmp_path, text), transport, http)
    if way == "message":
        shown = [
            (at, payload.decode()) for connection in transport.connections for at, payload in connection.sent
        ]
    else:
        shown = [(at, dict(request.headers)["Authorization"]) for at, request in http.asked]
    assert len(shown) >= 18
    assert 4 <= len({token for _, token in shown}) <= 5
    for at, token in shown:
        claims = claims_of(token)
        # Tokens count in whole seconds.
        assert claims["iat"] - 1 <= START + at <= claims["exp"] + 1
    assert causes(snapshots) == {}


def test_tokens_come_from_the_environment_and_from_columns_too(tmp_path: Path) -> None:
    """One for all, or one a client; in a header, the query and the first message."""
    (tmp_path / "people.csv").write_text("name,token\nann,t-ann\nbob,t-bob\n")
    text = """
target: { url: "ws://127.0.0.1:1/?key=${TOKEN}", headers: { X-Token: "{{ people.token }}" } }
data: { people: { file: people.csv, take: unique } }
messages: { hello: { json: { name: "{{ people.name }}", token: "{{ people.token }}" } } }
profiles: { p: { start: [ { send: hello } ] } }
phases: [ { duration: 2s, clients: 2 } ]
"""
    transport = FakeTransport(silent)
    perform(scenario(tmp_path, text, {"TOKEN": "t-all"}), transport)
    seen = {
        (connection.endpoint.url[-5:], dict(connection.endpoint.headers)["X-Token"], connection.sent[0][1])
        for connection in transport.connections
    }
    assert seen == {
        ("t-all", "t-ann", b'{"name":"ann","token":"t-ann"}'),
        ("t-all", "t-bob", b'{"name":"bob","token":"t-bob"}'),
    }
