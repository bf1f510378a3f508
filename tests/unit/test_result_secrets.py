"""Secrets: masked where they stand in a scenario, hidden wherever they turn up."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import plan_of

from wsrun.metrics.snapshot import ErrorDetail, Snapshot
from wsrun.plan import DataPlan
from wsrun.result.secrets import (
    LONGEST_TEXT,
    MASK,
    Secrets,
    encodable_data,
    mask_source,
    mask_url,
)

CANARY = "s3cr3t/+ü canary"
HEAD = "wsrun: 1\n"
REST = "messages: { m: { text: x } }\nphases: [ { duration: 1s, clients: 1 } ]\n"


def secrets_of(text: str) -> Secrets:
    return Secrets(plan_of(HEAD + text + REST))


# In the text of a scenario


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("auth: { jwt: { secret: abc, lifetime: 1h } }", "auth: { jwt: { secret: ***, lifetime: 1h } }"),
        ('auth: { jwt: { "secret": "a # b" } }  # why', 'auth: { jwt: { "secret": *** } }  # why'),
        ("target: { headers: { Authorization: Bearer x } }", "target: { headers: { Authorization: *** } }"),
        ("target: { headers: { X-Whatever: x } }", "target: { headers: { X-Whatever: *** } }"),
        ("target: { headers: { Origin: x } }", "target: { headers: { Origin: x } }"),
        ("m: { json: { user: u, password: 123 } }", "m: { json: { user: u, password: *** } }"),
        (
            "m: { json: { accessToken: x, max_tokens: 9 } }",
            "m: { json: { accessToken: ***, max_tokens: 9 } }",
        ),
        (
            "m: { json: { secrets: [ x ], token: [ x, y ] } }",
            "m: { json: { secrets: [ x ], token: [ ***, *** ] } }",
        ),
        ("a: { assign: { api_key: x } }", "a: { assign: { api_key: *** } }"),
        ("token: &t abc\nother: *t", "token: ***\nother: *t"),
        ("url: ws://u:p@h/?token=x&room=1", "url: ws://***@h/?token=***&room=***"),
        ("wait: http://u:p@h/", "wait: http://***@h/"),
        ("url: demo:/rpc?latency=1s&token=x", "url: demo:/rpc?latency=1s&token=***"),
    ],
)
def test_what_is_a_secret_by_its_key_or_place_is_masked(written: str, shown: str) -> None:
    """In flow and in block style, with comments left as they are."""
    assert mask_source(written + "\n") == shown + "\n"


@pytest.mark.parametrize(
    "text",
    [
        'headers: { Authorization: "Bearer {{ token }}" }',
        'headers: { Cookie: "sid={{ sid }}; theme={{ theme }}" }',
        "auth: { jwt: { secret: '${SECRET}' } }",
        "auth: { jwt: { key: key.pem } }",
        'url: "wss://h/chat?token={{ token }}"',
        "capture: { token: $.token }",
        "mix: { get-token: 3 }",
        "reply: { match: { $.token: { exists: true } } }",
        'token: ""',
        "description: it has no secret",
    ],
)
def test_references_and_names_are_no_secrets(text: str) -> None:
    """A reader sees what goes where, as long as only names of values are written."""
    assert mask_source(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "secret: '${SECRET:-hunter2}'",
        "secret: \"{{ 'hunter2' }}\"",
        "headers: { Authorization: 'Bearer {{ a }}hunter2' }",
        "url: 'ws://h/?a={{ x }}hunter2'",
        "url: ws://h/?hunter2",
        "url: ws://u:hun@ter2@h/",
        'secret: "\\x68unter2"',
        "jwt:\n  secret: |\n    -----BEGIN\n    hunter2\n  lifetime: 1h",
        "jwt:\n  secret: >-\n    hunter2\n\n    hunter2\n# end",
        'jwt: { secret: "one\n    hunter2", lifetime: 1h }',
        "jwt:\n  secret: one\n    hunter2\n  lifetime: 1h",
    ],
)
def test_no_way_of_writing_a_secret_leaves_a_part_of_it(text: str) -> None:
    """Defaults, expressions with texts in them, escapes, several lines: masked as a whole, line by line."""
    shown = mask_source(text)

    assert MASK in shown
    assert not any(part in shown for part in ("hunter2", "unter2", "ter2", "BEGIN", "one"))
    assert shown.count("\n") == text.count("\n")
    if "lifetime" in text:
        assert "lifetime: 1h" in shown


def test_a_text_that_is_no_yaml_is_not_shown() -> None:
    """It cannot be told what in it is a secret; nothing is nothing."""
    assert mask_source("secret: [ abc") == MASK
    assert mask_source("") == ""


@given(
    st.text(
        alphabet=st.characters(categories=["L", "N", "P", "S"], exclude_characters="{"),
        min_size=1,
        max_size=30,
    )
)
def test_any_secret_is_masked_in_any_quotes(secret: str) -> None:
    """Whatever characters it has."""
    flow = orjson.dumps(secret).decode()
    shown = mask_source(f"auth:\n  jwt: {{ secret: {flow}, lifetime: 1h }}\n")

    assert shown == "auth:\n  jwt: { secret: ***, lifetime: 1h }\n"


# URLs


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://h:1/a/b", "ws://h:1/a/b"),
        ("ws://user@h/", "ws://***@h/"),
        ("wss://h/?a=1&b=&c#d", "wss://h/?a=***&b=&***#d"),
        ("wss://h/?a={{ x }}&b={{ x }}y", "wss://h/?a={{ x }}&b=***"),
    ],
)
def test_a_url_keeps_its_place_and_the_names_of_its_query(url: str, shown: str) -> None:
    """User names, passwords and values are masked."""
    assert mask_url(url) == shown


def test_the_embedded_server_has_no_secrets_but_tokens() -> None:
    """Its options are what a reader wants to know."""
    shown = mask_url("ws://127.0.0.1:1/rpc?latency=constant:5ms&stall&access_token=x", is_demo=True)

    assert shown == "ws://127.0.0.1:1/rpc?latency=constant:5ms&stall&access_token=***"


# In texts from elsewhere


def forms(secret: str) -> list[str]:
    data = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        base64.b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        orjson.dumps(secret).decode()[1:-1],
    ]


@pytest.mark.parametrize(
    "text",
    [
        f'auth: {{ jwt: {{ secret: "{CANARY}" }} }}\ntarget: {{ url: ws://h/ }}\n',
        f'target: {{ url: ws://h/, headers: {{ X-Any: "{CANARY}" }} }}\n',
        f'target: {{ url: "ws://h/?a={quote(CANARY, safe="")}" }}\n',
        f'target: {{ url: "ws://user:{quote(CANARY, safe="")}@h/" }}\n',
        f'target: {{ url: ws://h/ }}\nclients: {{ all: {{ assign: {{ password: "{CANARY}" }} }} }}\n',
    ],
    ids=["key of a token", "header", "query", "password", "variable"],
)
def test_a_secret_is_hidden_in_every_form(text: str) -> None:
    """As it is, in a URL, in base64, in JSON: a server may send any of them back."""
    secrets = secrets_of(text)

    for form in forms(CANARY):
        shown = secrets.hidden(f"the server closed with 1008, “no {form} here”")
        assert shown.startswith("the server closed with 1008, “no ***")
        assert "canary" not in shown and form not in shown


def test_secrets_of_messages_and_claims_are_known_too() -> None:
    """By the names of their keys, at any depth; ordinary texts stay."""
    plan = plan_of(
        HEAD + "target: { url: ws://h/ }\n"
        "auth: { jwt: { secret: 'k123', claims: { sub: someone, pwd: pwd-claim } } }\n"
        "messages: { m: { json: { a: [ { password: 'pass-{{ id }}-word', user: someone } ] } } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )

    assert Secrets(plan).hidden("k123 pwd-claim pass-17-word someone") == "*** *** ***17*** someone"


def test_secrets_that_steps_write_are_known_too() -> None:
    """In any part of a profile, and within other steps; what a server says of them tells nothing."""
    plan = plan_of(
        HEAD + "target: { url: ws://h/ }\n"
        "messages: { m: { text: x } }\n"
        "profiles:\n"
        "  p:\n"
        "    start: [ { set: { password: hunter22, room: lobby-1 } } ]\n"
        "    flow: [ { repeat: [ { set: { api_key: key-12345 } } ], times: 2 }, { send: m } ]\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )

    assert Secrets(plan).hidden("no hunter22 or key-12345 in lobby-1") == "no *** or *** in lobby-1"


def test_the_words_of_a_header_are_secrets_and_its_scheme_is_none() -> None:
    """A server tells the token alone; "Bearer" is everybody's."""
    secrets = secrets_of(
        "target: { url: ws://h/,"
        ' headers: { Authorization: "Bearer abcdefgh12", Cookie: "sid=12345678; a=b" } }\n'
    )

    assert secrets.hidden("bad bearer: abcdefgh12, 12345678, a=b") == "bad bearer: ***, ***, a=b"


def test_passwords_of_a_data_file_are_hidden() -> None:
    """Columns with secret names; the others are what tells one client from another."""
    plan = plan_of(HEAD + "target: { url: ws://h/ }\n" + REST)
    rows = ({"name": "ann-1234", "password": "hunter22"}, {"name": "bob-1234", "password": "x"})
    secrets = Secrets(dataclasses.replace(plan, data=(DataPlan(name="users", rows=rows),)))

    assert secrets.hidden("ann-1234 hunter22 x") == "ann-1234 *** x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invalid eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl!", "invalid ***!"),
        ("got Bearer abc.def-123", "got Bearer ***"),
        ("at ws://ann:pw@h/x", "at ws://***@h/x"),
        ("?access_token=abc&x=1", "?access_token=***&x=1"),
        ('{"password": "abc", "x": 1}', '{"password": "***", "x": 1}'),
        ("login-token: no reply within 5 s", "login-token: no reply within 5 s"),
        (
            "say: the reply was not what the scenario expects",
            "say: the reply was not what the scenario expects",
        ),
    ],
)
def test_what_looks_like_a_secret_is_hidden_though_nobody_knows_it(text: str, shown: str) -> None:
    """Tokens by their form, values by their names; ordinary sentences stay as they are."""
    assert secrets_of("target: { url: ws://h/ }\n").hidden(text) == shown


def test_short_values_are_not_looked_for() -> None:
    """A secret of three characters, or an unnamed value of seven, would be found in any sentence."""
    secrets = secrets_of("target: { url: 'ws://h/?room=seconds' }\nauth: { jwt: { secret: 'not' } }\n")

    assert secrets.hidden("not within 5 seconds") == "not within 5 seconds"


def test_texts_from_a_server_are_bounded_and_can_be_written() -> None:
    """Whatever its length, and lone surrogates are written out."""
    secrets = secrets_of("target: { url: ws://h/ }\n")

    assert len(secrets.sample("x" * 10_000)) == LONGEST_TEXT
    assert secrets.sample("a\udcffb") == "a\\udcffb"


def test_a_command_has_its_urls_masked() -> None:
    """A target may be given on the command line with all its secrets."""
    secrets = secrets_of("target: { url: ws://h/ }\n")

    assert secrets.command("wsrun x.yaml --target 'ws://u:p@h/?key=abc' --seed 1") == (
        "wsrun x.yaml --target 'ws://***@h/?key=***' --seed 1"
    )
    assert secrets.command("wsrun what?.yaml&more") == "wsrun what?.yaml&more"


def test_a_value_is_shown_by_its_name() -> None:
    """Of overrides and variables of the environment: nothing under the name of a secret, URLs masked."""
    secrets = secrets_of("target: { url: ws://h/ }\nauth: { jwt: { secret: hunter2 } }\n")

    assert secrets.value("auth.jwt.secret", "abc") == "***"
    assert secrets.value("API_TOKEN", "abc") == "***"
    assert secrets.value("target.url", "ws://u:p@h/?key=abc") == "ws://***@h/?key=***"
    assert secrets.value("phases.0.clients", "12") == "12"
    assert secrets.value("messages.a.text", "my hunter2") == "my ***"


def test_snapshots_are_cleaned_without_touching_their_numbers() -> None:
    """Only sentences change; a snapshot without any is handed on as it is."""
    secrets = secrets_of("target: { url: ws://h/ }\nauth: { jwt: { secret: hunter2 } }\n")
    detail = ErrorDetail(0.5, 0.75, 2, {"all/0001": 2}, [(0.5, "all/0001", "no hunter2")])
    snapshot = Snapshot(0, 3, 3.0, 4.0, errors={"eof": detail})
    plain = Snapshot(0, 3, 3.0, 4.0)

    cleaned = secrets.clean(snapshot)

    assert cleaned.errors["eof"].samples == [(0.5, "all/0001", "no ***")]
    assert (cleaned.errors["eof"].count, cleaned.errors["eof"].clients) == (2, {"all/0001": 2})
    assert snapshot.errors["eof"].samples == [(0.5, "all/0001", "no hunter2")]
    assert secrets.clean(plain) is plain


def test_messages_that_are_shown_hold_no_secret() -> None:
    """As text, in hexadecimal digits of a binary message, and in what is said of a field."""
    secrets = secrets_of("target: { url: ws://h/ }\nauth: { jwt: { secret: hunter2 } }\n")
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    messages = [
        ('{"session_id": "abc", "n": 1}', '{"session_id": "***", "n": 1}'),
        ('{"key": "hunter2"}', '{"key": "***"}'),
        (f"hex 00{b'hunter2'.hex()}ff", "hex 00***ff"),
        (f"hex 00{token.encode().hex()}", "hex 00***"),
        ('$.token is "a b\\" c", wanted "d e", in x', "$.token is ***, wanted ***, in x"),
        ("$.password is absent, wanted min 3; $.n is 1", "$.password is ***, wanted min ***; $.n is 1"),
        ('$.status is "a", wanted "b"', '$.status is "a", wanted "b"'),
    ]
    notes = {"messages.unmatched": [(0.5, "all/0001", text) for text, _ in messages]}

    cleaned = secrets.clean(Snapshot(0, 3, 3.0, 4.0, notes=notes)).notes["messages.unmatched"]

    assert [text for _, _, text in cleaned] == [shown for _, shown in messages]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_data_can_be_written_once_its_texts_are_encodable(data: Any) -> None:
    """Texts without surrogates are left as they are."""
    assert encodable_data(data) == data
    orjson.dumps(encodable_data({"\ud800": [data, "\udfff"]}))
