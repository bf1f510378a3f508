"""Values to JSON and to text: what orjson writes, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT

from wsrun.expressions.values import dump, dump_key, dump_text, encode, text_of

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=10)


@given(JSON)
def test_a_value_can_be_read_back(value: Any) -> None:
    """Integers of any size and lone surrogates included, which orjson refuses."""
    assert value == json.loads(dump(value))


@given(JSON)
def test_what_orjson_writes_is_what_it_writes(value: Any) -> None:
    """The usual value takes the fast way and comes out the same."""
    try:
        expected = orjson.dumps(value)
    except TypeError:
        return
    assert expected == dump(value)


@given(ANY_TEXT)
def test_a_text_stands_within_its_quotes(text: str) -> None:
    """So that the text around a slot is written once."""
    assert b'"' + dump_text(text) + b'"' == dump(text)
    assert text == json.loads(dump_key(text))


@pytest.mark.parametrize(
    ("key", "expected"), [("a", b'"a"'), (1, b'"1"'), (1.5, b'"1.5"'), (True, b'"true"'), (None, b'"null"')]
)
def test_a_key_is_always_a_text(key: Any, expected: bytes) -> None:
    """YAML has keys that are none."""
    assert expected == dump_key(key)
    assert b"{" + expected + b":1}" == dump({key: 1})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("", ""),
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        ([1, "é"], '[1,"é"]'),
        ({"a": {"b": 1}}, '{"a":{"b":1}}'),
        (10**30, "1" + "0" * 30),
        (float("nan"), "null"),
    ],
)
def test_a_value_as_text_is_its_json(value: Any, expected: str) -> None:
    """Only a text stands as it is, without quotes."""
    assert expected == text_of(value)


def test_what_is_too_deep_to_write_is_null() -> None:
    """Nothing raises, however deep; orjson reads 1 024 levels and writes 254."""
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    assert dump(value) == b"null"
    while isinstance(value, list):  # Lists so deep are let go of one by one.
        value = value.pop()


@given(ANY_TEXT)
def test_a_text_can_always_be_encoded(text: str) -> None:
    """Half a character becomes a question mark."""
    assert encode(text).decode() == "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
