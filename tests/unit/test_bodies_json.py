"""JSON bodies: always the same bytes as serialising the evaluated value."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT, Client, tools

from wsrun.bodies import compile_body
from wsrun.expressions import MissingVariable, compile_value
from wsrun.plan import BodyPlan

LETTERS = st.characters(exclude_categories=["Cs"])
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(LETTERS).filter(lambda text: "{" not in text)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
EXPRESSIONS = st.sampled_from(
    [
        "{{ id }}",
        "{{ seq }}",
        "{{ a }}",
        "{{ b }}",
        "{{ a ~ b }}",
        "{{ [a, b] }}",
        "{{ people.name }}",
        "{{ 'x' }}",
    ]
)
TEMPLATES = st.lists(TEXTS | EXPRESSIONS, max_size=4).map("".join)
BODIES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEMPLATES | EXPRESSIONS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(LETTERS), inner, max_size=4),
    max_leaves=12,
)


def build(source: Any, client: Client | None = None, **variables: Any) -> bytes:
    """Return the body that a client sends."""
    client = client or Client(variables=variables)
    return compile_body(BodyPlan(kind="json", source=source), tools())(client)


@given(BODIES, VALUES, VALUES, TEXTS)
def test_a_body_is_what_serialising_its_value_gives(source: Any, a: Any, b: Any, name: str) -> None:
    """Slots are written in place, and nobody can tell; keys are no templates."""
    client = Client(variables={"a": a, "b": b}, rows={"people": {"name": name}})
    assert orjson.dumps(compile_value(source, tools())(client)) == build(source, client)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param({"type": "ping", "id": "{{ id }}"}, b'{"type":"ping","id":"0000"}', id="an id"),
        pytest.param({"id": "a-{{ id }}-{{ id }}"}, b'{"id":"a-0000-0000"}', id="an id within a text, twice"),
        pytest.param("{{ id }}", b'"0000"', id="an id and nothing else"),
        pytest.param({"n": "{{ seq }}"}, b'{"n":7}', id="a number stays one"),
        pytest.param({"n": "{{ seq }} "}, b'{"n":"7 "}', id="beside a blank it is text"),
        pytest.param({"v": "{{ none }}"}, b'{"v":null}', id="null"),
        pytest.param({"v": "{{ quote }}"}, b'{"v":"\\"\\\\\\n"}', id="what needs it is escaped"),
        pytest.param({"v": "<{{ quote }}>"}, b'{"v":"<\\"\\\\\\n>"}', id="within a text too"),
        pytest.param({"v": "{{ deep }}"}, b'{"v":{"a":[1,{"b":null}]}}', id="a captured object"),
        pytest.param(
            {"v": "is {{ deep }}"}, b'{"v":"is {\\"a\\":[1,{\\"b\\":null}]}"}', id="in a text as text"
        ),
        pytest.param({"a": 1, "b": [True, 1.5, "é"]}, '{"a":1,"b":[true,1.5,"é"]}'.encode(), id="no slot"),
        pytest.param({}, b"{}", id="an empty object"),
        pytest.param([], b"[]", id="an empty list"),
        pytest.param(None, b"null", id="nothing at all"),
        pytest.param({"{{ id }}": "{{ seq }}"}, b'{"{{ id }}":7}', id="a key is no template"),
        pytest.param({1: "{{ seq }}", None: "x"}, b'{"1":7,"null":"x"}', id="keys of YAML become text"),
        pytest.param({"big": 10**30, "n": "{{ seq }}"}, b'{"big":%d,"n":7}' % 10**30, id="beyond 64 bits"),
        pytest.param({"big": "{{ huge }}"}, b'{"big":%d}' % 10**30, id="in a slot too"),
        pytest.param({"half": "\ud800"}, b'{"half":"\\ud800"}', id="half a character keeps its escape"),
        pytest.param({"half": "{{ half }}!"}, b'{"half":"\\udfff!"}', id="in a slot too"),
        pytest.param({"when": "{{ now.iso }}"}, b'{"when":"2023-11-14T22:13:20.123Z"}', id="the time"),
    ],
)
def test_a_body_is_written_as_said(source: Any, expected: bytes) -> None:
    """One row for each thing that a slot has to look after."""
    variables = {"quote": '"\\\n', "deep": {"a": [1, {"b": None}]}, "huge": 10**30, "half": "\udfff"}
    assert expected == build(source, Client(message_id="0000", variables=variables))


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_of_a_server_stays_within_its_quotes(value: str, around: str) -> None:
    """Whatever is captured, the structure of the body is the author's."""
    around = around.replace("{", "")
    made = json.loads(build({"a": "{{ value }}", "b": around + "{{ value }}" + around}, value=value))
    assert {"a": value, "b": around + value + around} == made


def test_a_body_that_needs_what_nobody_wrote_is_not_built() -> None:
    """It is the message that fails, and no half of it is sent."""
    with pytest.raises(MissingVariable):
        build({"a": 1, "b": {"c": ["{{ absent }}"]}})


def test_a_value_too_deep_to_write_does_not_raise() -> None:
    """orjson reads deeper than it writes, and so a captured value may be deeper."""
    value: Any = 1
    for _ in range(1000):
        value = [value]
    assert build({"v": "{{ value }}"}, value=value).startswith(b'{"v":')
