"""What is said of a frame that does not fit: which test failed, and the value that came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import Client, tools

from wsrun.patterns import Frame, compile_pattern, explain, explain_key, parse_pattern, show_payload
from wsrun.patterns import explaining as module


def told(pattern: Any, payload: str | bytes, **variables: Any) -> str:
    """Say why a payload does not fit a pattern."""
    fits = compile_pattern(parse_pattern(pattern), tools()).bind(Client(variables=variables))
    frame = Frame(payload, 0.0)
    assert not fits(frame)
    return explain(fits, frame)


@pytest.mark.parametrize(
    ("pattern", "payload", "text"),
    [
        ({"$.status": "ok"}, '{"status": "error"}', '$.status is "error", wanted "ok"'),
        ({"$.status": "ok"}, "{}", '$.status is absent, wanted "ok"'),
        ({"$.status": "ok"}, "no", '$.status is absent, as this is no JSON, wanted "ok"'),
        ({"$.n": {"min": 10}}, '{"n": 7}', "$.n is 7, wanted min 10"),
        ({"$.n": {"in": [1, 2]}}, '{"n": 7}', "$.n is 7, wanted in [1,2]"),
        ({"$.n": {"not": {"max": 9}}}, '{"n": 7}', "$.n is 7, wanted not max 9"),
        ({"$.n": {"exists": False}}, '{"n": null}', "$.n is null, wanted absent"),
        ({"$.n": {"exists": True}}, "{}", "$.n is absent, wanted present"),
        ({"$.s": "/^a/"}, '{"s": "b"}', '$.s is "b", wanted /^a/'),
        ({"$.o": {"subset": {"a": 1}}}, '{"o": {"a": 2}}', '$.o is {"a":2}, wanted subset {"a":1}'),
        ({"$.o": {"schema": {"type": "array"}}}, '{"o": 1}', "$.o is 1, wanted what fits its schema"),
        ({"text": "hi"}, b"\x01", 'text is absent, as this is binary, wanted "hi"'),
        ({"u8(1)": 3}, b"\x01\x02", "u8(1) is 2, wanted 3"),
        ({"u8(1)": 3}, "ab", "u8(1) is absent, as this is text, wanted 3"),
        ({"hex": "01 .."}, b"\x02", 'hex is "02", wanted "01 .."'),
        ({"$.a": 1, "$.b": 2, "$.c": 3}, '{"b": 2}', "$.a is absent, wanted 1; $.c is absent, wanted 3"),
    ],
)
def test_the_test_that_failed_is_told_with_what_came(pattern: Any, payload: str | bytes, text: str) -> None:
    """A reader sees the place, its value and the wanted one; conditions that hold are left out."""
    assert told(pattern, payload) == text


def test_of_alternatives_the_nearest_is_told() -> None:
    """The alternative of which most holds is the one that was meant."""
    pattern = [{"$.type": "a", "$.n": 1}, {"$.type": "b", "$.n": 2}]
    assert told(pattern, '{"type": "b", "n": 3}') == "nearest of 2 alternatives: $.n is 3, wanted 2"


def test_templates_are_told_as_the_values_that_they_had() -> None:
    """What was asked for is what was compared, and not the template."""
    assert told({"$.room": "{{ room }}"}, '{"room": 1}', room="blue") == '$.room is 1, wanted "blue"'
    assert told({"$.room": "{{ room }}"}, "{}") == "the pattern names a variable that has no value yet"


def test_a_wanted_text_that_stands_elsewhere_is_found_there() -> None:
    """The commonest mistake is a path that misses by one name."""
    payload = json.dumps({"meta": [{"reply to": "0123456789"}]})
    assert told({"$.id": "0123456789"}, payload) == (
        '$.id is absent, wanted "0123456789" (which is at $.meta[0]["reply to"])'
    )
    assert told({"$.id": "a"}, '{"ref": "a"}') == '$.id is absent, wanted "a"'


def test_a_key_is_told_by_its_places() -> None:
    """A request that is found by a value has no pattern of its own to explain."""
    assert explain_key(("$.id", "$.ref"), "abc", Frame('{"id": 3}', 0.0)) == (
        '$.id is 3 and $.ref is absent, wanted "abc"'
    )
    assert explain_key(("$.n",), (False, 7), Frame('{"n": 8}', 0.0)) == "$.n is 8, wanted 7"


def test_payloads_are_shown_as_text_or_hexadecimal() -> None:
    """Long ones are cut, and say how long they were."""
    assert show_payload('{"a": 1}') == '{"a": 1}'
    assert show_payload(b"\x00\xff") == "hex 00ff"
    assert show_payload("") == "an empty text message"
    assert show_payload(b"") == "an empty binary message"
    most = module.LONGEST_PAYLOAD
    assert show_payload("x" * (most + 1)) == "x" * most + f"… ({most + 1} characters)"
    assert show_payload(bytes(most + 1)) == "hex " + "00" * most + f"… ({most + 1} bytes)"
    assert show_payload("begin", 10_000) == "begin… (10000 characters)"


_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(_DOCUMENTS, _DOCUMENTS)
def test_whatever_comes_can_be_told_in_bounded_words(document: Any, wanted: Any) -> None:
    """No value makes an explanation fail, or grow with it."""
    pattern = {"$.a": {"in": [wanted]}, "$": {"subset": {"b": 1}}, "$.c": {"exists": True}}
    fits = compile_pattern(parse_pattern(pattern), tools()).bind(Client(variables={}))
    frame = Frame(json.dumps({"a": document}), 0.0)
    assert len(explain(fits, frame)) < 5 * module.LONGEST_VALUE
