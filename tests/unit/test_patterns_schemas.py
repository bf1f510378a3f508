"""JSON Schema in patterns: what is refused, and that nothing a server sends takes long."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.patterns.schemas import check_schema, compile_schema

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 1.5]) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)

NESTED: dict[str, Any] = {}
for _ in range(1000):
    NESTED = {"not": NESTED}

DOUBLING = {
    "$defs": {
        **{
            f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
            for n in range(40)
        },
        "d40": {},
    },
    "$ref": "#/$defs/d0",
}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param("string", "a schema is a mapping", id="a text"),
        pytest.param({"type": "objekt"}, "wrong at type", id="a type that does not exist"),
        pytest.param({"required": "a"}, "wrong at required", id="a keyword with a wrong value"),
        pytest.param({"minimum": "5"}, "is not of type", id="a bound that is a text"),
        pytest.param(
            {"$ref": "http://example.com/s.json"}, "outside itself", id="a reference to the network"
        ),
        pytest.param({"items": {"$ref": "other.json"}}, "outside itself", id="a reference to a file"),
        pytest.param({"$ref": "#anchor"}, "outside itself", id="a reference by name"),
        pytest.param({"$dynamicRef": "#x"}, "has no $dynamicRef", id="a dynamic one"),
        pytest.param({"$ref": "#/$defs/a"}, "no schema at #/$defs/a", id="a reference to nothing"),
        pytest.param({"$ref": "#/allOf/1", "allOf": [{}]}, "no schema at", id="a reference beyond a list"),
        pytest.param({"$ref": "#/type/x", "type": "object"}, "no schema at", id="a reference into a text"),
        pytest.param({"$id": "http://example.com/"}, "has no $id", id="a name of its own"),
        pytest.param({"patternProperties": {"a": {}}}, "has no patternProperties", id="regexes for names"),
        pytest.param({"pattern": "(?=a)"}, "does not compile", id="a regex that RE2 lacks"),
        pytest.param(
            {"properties": {"default": {"pattern": "("}}}, "does not compile", id="below a property"
        ),
        pytest.param(NESTED, "nested too deeply", id="a thousand levels"),
        pytest.param({"allOf": [{"not": {"pattern": "("}}]}, "does not compile", id="below other keywords"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any, said: str) -> None:
    """Before the run, and in one line."""
    problem = check_schema(schema)
    assert problem is not None
    assert said in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(True, id="true"),
        pytest.param({}, id="nothing asked"),
        pytest.param(
            {"properties": {"pattern": {"type": "string"}, "$ref": {}}}, id="properties named as keywords"
        ),
        pytest.param(
            {"const": {"pattern": "("}, "enum": [{"$ref": "x"}]}, id="data that looks like keywords"
        ),
        pytest.param({"pattern": "^a+$", "properties": {"a": {"pattern": "b"}}}, id="regexes"),
        pytest.param({"$defs": {"a": {"type": "object"}}, "$ref": "#/$defs/a"}, id="a reference within"),
        pytest.param({"$defs": {"a/b%": {}}, "$ref": "#/$defs/a~1b%25"}, id="a reference in its spelling"),
        pytest.param({"allOf": [{"$ref": "#/allOf/1"}, True]}, id="a reference into a list"),
        pytest.param({"type": "array", "items": {"$ref": "#"}}, id="a reference to itself"),
    ],
)
def test_a_schema_within_bounds_is_taken(schema: Any) -> None:
    """Names of properties and data are not taken for keywords."""
    assert check_schema(schema) is None
    compile_schema(schema)({})


def test_a_reference_is_followed() -> None:
    """What it leads to is asked as if it stood there."""
    valid = compile_schema({"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}})
    assert [valid({"a": 1}), valid({"a": "1"}), valid({})] == [True, False, True]


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, DOUBLING])
def test_references_without_end_come_to_one(schema: Any) -> None:
    """A value that cannot be checked in bounds is not valid."""
    assert check_schema(schema) is None
    assert not compile_schema(schema)({})


def test_each_value_has_its_own_bound() -> None:
    """What one value cost is not charged to the next."""
    valid = compile_schema({"type": "array", "items": {"$ref": "#"}})
    wide: list[Any] = [[] for _ in range(3000)]
    assert [valid(wide), valid(wide)] == [True, True]
    assert not valid([wide, wide])


@pytest.mark.parametrize("schema", [{"items": {"minimum": 0}}, {"uniqueItems": True}])
def test_a_value_that_takes_too_many_steps_is_not_valid(schema: Any) -> None:
    """A list with a million numbers would hold up every other client."""
    valid = compile_schema(schema)
    assert valid(list(range(3000)))
    assert not valid(list(range(500_000)))


def test_many_objects_are_compared_at_once() -> None:
    """Each with each would be a thousand million comparisons."""
    valid = compile_schema({"uniqueItems": True})
    values = [{"a": number} for number in range(50_000)]
    assert valid(values)
    assert not valid([*values, {"a": 0.0}])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(json.loads("[" * 900 + "]" * 900), id="nested a thousand deep"),
        pytest.param("a" * 60_000 + "!", id="a subject that hangs other engines"),
    ],
)
def test_no_value_raises_or_hangs(value: Any) -> None:
    """Schemas are checked in the frame callback."""
    valid = compile_schema({"pattern": "^(a+)+$", "items": {"$ref": "#"}})
    assert not valid(value)


@given(
    JSON,
    st.sampled_from(
        [
            {"type": "array", "uniqueItems": True},
            {"uniqueItems": False, "minItems": 1},
            {"pattern": "^a"},
            {"properties": {"a": {"$ref": "#"}, "b": {"type": "integer"}}, "additionalProperties": False},
            {"anyOf": [{"type": "null"}, {"enum": [1, "a"]}]},
        ]
    ),
)
def test_bounds_change_no_answer(value: Any, schema: Any) -> None:
    """Within them the library and its bounded form agree."""
    assert jsonschema.Draft202012Validator(schema).is_valid(value) is compile_schema(schema)(value)
