"""Correlation: a reply is found by a value that only its request has."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import Client, tools

from wsrun.patterns import ABSENT, Correlation, Frame, compile_pattern, correlation, parse_pattern
from wsrun.patterns.equality import as_key, equal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from("1a"),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)


def of(pattern: Any) -> Correlation | None:
    """Return the correlation of a pattern as written."""
    return correlation(parse_pattern(pattern), tools())


def some(pattern: Any) -> Correlation:
    """Return the correlation of a pattern that has one."""
    found = of(pattern)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param({}, id="nothing is asked"),
        pytest.param({"$.id": 5}, id="a constant"),
        pytest.param({"$.id": "{{ room }}"}, id="a variable, which other messages have too"),
        pytest.param({"$.id": {"prefix": "{{ id }}"}}, id="a part of the id"),
        pytest.param({"$.id": "/^{{ id }}/"}, id="a regex with the id"),
        pytest.param({"hex": "{{ seq | u16 }} .."}, id="hex, which has wild cards"),
        pytest.param([{"$.id": "{{ id }}"}, {"$.a": 1}], id="an alternative without an id"),
        pytest.param(
            [{"$.id": "{{ id }}"}, {"$.a": "{{ seq }}"}], id="alternatives that ask for different values"
        ),
        pytest.param([{"$.n": "{{ seq }}"}, {"/n=(.*)/": "{{ seq }}"}], id="a number here and text there"),
    ],
)
def test_a_pattern_without_a_value_of_its_own_has_no_correlation(pattern: Any) -> None:
    """Then requests are tried in turn."""
    assert of(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reply", "other"),
    [
        pytest.param({"$.id": "{{ id }}"}, '{"id":"0000a0s0ehcz5000001z"}', '{"id":"x"}', id="the id"),
        pytest.param({"$.a.b": "<{{ id }}>"}, '{"a":{"b":"<0000a0s0ehcz5000001z>"}}', "{}", id="in a text"),
        pytest.param({"$.n": "{{ seq }}"}, '{"n":7.0}', '{"n":"7"}', id="the number of the message"),
        pytest.param({"$.n": "n{{ seq }}"}, '{"n":"n7"}', '{"n":7}', id="in a text"),
        pytest.param({"/^43(\\d+)/": "{{ seq }}"}, "437[]", "438[]", id="a number in a text"),
        pytest.param({"text": "pong {{ seq }}"}, "pong 7", "pong 8", id="the whole text"),
        pytest.param({"u16(0)": "{{ seq }}"}, b"\x00\x07", b"\x00\x08", id="a number in bytes"),
        pytest.param(
            {"$.l": "{{ [seq, id] }}"}, '{"l":[7,"0000a0s0ehcz5000001z"]}', '{"l":[7]}', id="a list"
        ),
        pytest.param(
            [{"$.id": "{{ id }}"}, {"$.params.token": "{{ id }}"}],
            '{"params":{"token":"0000a0s0ehcz5000001z"}}',
            '{"params":{}}',
            id="one of two places",
        ),
    ],
)
def test_a_reply_is_found_by_its_value(pattern: Any, reply: str | bytes, other: str | bytes) -> None:
    """One of the extracted keys is what the request expects, for replies and for nothing else."""
    found = some(pattern)
    expected = found.expected(Client())
    assert expected in [extract(Frame(reply, 0.0)) for extract in found.extracts]
    assert expected not in [extract(Frame(other, 0.0)) for extract in found.extracts]
    assert found.is_exact


@given(JSON, st.sampled_from(["{{ seq }}", "{{ id }}"]), st.sampled_from([1, True, "1", 1.5, None, [1], "a"]))
def test_keys_agree_with_the_pattern(value: Any, template: str, own: Any) -> None:
    """The short cut finds a reply where the pattern fits it, and nowhere else."""
    client = Client(message_id=own, seq=own)
    frame = Frame("", 0.0, {"a": value})
    found = some({"$.a": template})
    fits = compile_pattern(parse_pattern({"$.a": template}), tools()).bind(client)
    assert fits(frame) is (found.extracts[0](frame) == found.expected(client))


@given(JSON, JSON)
def test_keys_are_equal_where_values_are(one: Any, other: Any) -> None:
    """For values of every kind."""
    assert equal(one, other) is (as_key(one) == as_key(other))


def test_what_is_absent_has_no_key() -> None:
    """Nor has what is nested too deep to be looked at."""
    assert ABSENT is as_key(ABSENT)
    assert ABSENT is as_key(json.loads("[" * 900 + "]" * 900))


def test_patterns_that_look_in_the_same_place_share_a_key() -> None:
    """Whatever the values: requests of several messages are in one table."""
    assert some({"$.id": "{{ id }}"}).key == some({"$.id": "a{{ seq }}"}).key
    assert some({"$.id": "{{ id }}"}).key != some({"$.ref": "{{ id }}"}).key


@pytest.mark.parametrize(
    ("pattern", "is_exact", "is_id", "json_path"),
    [
        pytest.param({"$.id": "{{ id }}"}, True, True, ("id",), id="the hot way"),
        pytest.param({"$.a.b": "{{id}}"}, True, True, ("a", "b"), id="further in"),
        pytest.param({"$.a[0]": "{{ id }}"}, True, True, None, id="an item is no plain field"),
        pytest.param({"$": "{{ id }}"}, True, True, None, id="nor is the document"),
        pytest.param({"$..id": "{{ id }}"}, True, True, None, id="nor a search"),
        pytest.param({"text": "{{ id }}"}, True, True, None, id="nor a text"),
        pytest.param({"$.id": "x{{ id }}"}, True, False, ("id",), id="more than the id"),
        pytest.param({"$.id": "{{ seq }}"}, True, False, ("id",), id="another value"),
        pytest.param({"$.id": "{{ id }}", "$.ok": True}, False, True, ("id",), id="more is asked"),
        pytest.param([{"$.id": "{{ id }}"}, {"$.r": "{{ id }}"}], True, True, None, id="two places"),
        pytest.param([{"$.id": "{{ id }}"}] * 2, True, True, ("id",), id="the same place twice"),
    ],
)
def test_the_session_learns_what_it_can_do_by_itself(
    pattern: Any, is_exact: bool, is_id: bool, json_path: tuple[str, ...] | None
) -> None:
    """Whether anything else is asked, whether the key is the id, and the way to it."""
    found = some(pattern)
    assert (is_exact, is_id, json_path) == (found.is_exact, found.is_id, found.json_path)


PATTERNS: list[tuple[Any, Any]] = [
    ({"$.id": "{{ id }}"}, lambda client: {"id": client.message_id, "more": 1}),
    ({"$.a.b": "{{ seq }}"}, lambda client: {"a": {"b": client.seq}}),
    ([{"$.id": "{{ id }}"}, {"$.to": "{{ id }}"}], lambda client: {"to": client.message_id}),
    ({"$.list": "{{ [client.index, seq] }}"}, lambda client: {"list": [client.index, float(client.seq)]}),
    ({r"/\"n\":(\d+)/": "{{ seq }}"}, lambda client: {"n": client.seq}),
]


@given(st.sampled_from(PATTERNS), st.integers(1, 60), st.randoms(use_true_random=False))
def test_each_reply_finds_its_own_request(case: tuple[Any, Any], count: int, rng: Random) -> None:
    """Many requests wait; their replies come in any order, and each is that of exactly one."""
    pattern, reply = case
    found = some(pattern)
    clients = [
        Client(message_id=f"{number:020d}", seq=number, index=number % 3) for number in range(1, count + 1)
    ]
    waiting = {found.expected(client): client for client in clients}
    assert count == len(waiting)
    rng.shuffle(clients)
    for client in clients:
        frame = Frame(json.dumps(reply(client), separators=(",", ":")), 0.0)
        owners = {waiting[key].seq for extract in found.extracts if (key := extract(frame)) in waiting}
        assert {client.seq} == owners
