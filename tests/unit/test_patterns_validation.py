"""Reasons why a value breaks a schema, and that none takes long to find."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.patterns.dialects import DRAFTS, draft_of, keywords, lead, local
from wsrun.patterns.validation import Validation, json_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 1.5]) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
SCHEMAS: list[Any] = [
    {"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False},
    {
        "properties": {"a": {"minimum": 0}},
        "patternProperties": {"b": True},
        "additionalProperties": {"not": {}},
    },
    {"oneOf": [{"type": "array", "uniqueItems": True}, {"type": "object", "required": ["a"]}]},
    {"if": {"type": "object"}, "then": {"propertyNames": {"pattern": "a"}}, "else": {"type": "string"}},
    {"unevaluatedProperties": False, "properties": {"a": True}},
    {"type": ["array", "null"], "contains": {"const": 1}, "items": {"enum": [1, 2, "a"]}},
]


@given(JSON, st.sampled_from(SCHEMAS))
def test_bounded_checks_agree_with_the_library(value: Any, schema: Any) -> None:
    """Regexes, keys and items by other means, with the same outcome."""
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    validation = Validation(schema, {})
    assert validation.is_valid(value) is expected
    assert (validation.miss(value) is None) is expected


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": ["string", "null"]}, 5, "$ must be of type string or null, and is 5"),
        ({"items": {"type": "string"}}, ["a", {}], "$[1] must be of type string, and is an object"),
        ({"required": ["a", "b", "c"]}, {"b": 1}, "$ lacks 'a' and 'c'"),
        ({"enum": [1, "a"]}, "b", "$ must be one of [ 1, a ], and is 'b'"),
        ({"const": None}, 1, "$ must be null, and is 1"),
        ({"maxLength": 2}, "abc", "$ must be at most 2 characters long, and is 'abc'"),
        ({"minItems": 2}, [1], "$ must have at least 2 items, and is a list of 1"),
        ({"multipleOf": 2}, 3, "$ must be a multiple of 2, and is 3"),
        ({"properties": {"a b": False}}, {"a b": 1}, "$ has what must not be there, 1"),
        ({"not": {"type": "object"}}, {}, "$ breaks not, and is an object"),
        ({"uniqueItems": True}, [1, 1.0], "$ must not have the same item twice"),
        ({"anyOf": [{"properties": {"a": {"minimum": 5}}}]}, {"a": 1}, "$.a must be at least 5, and is 1"),
        ({"type": "integer"}, "x" * 500, f"$ must be of type integer, and is '{'x' * 58}…"),
    ],
)
def test_a_reason_says_where_and_what(schema: Any, value: Any, said: str) -> None:
    """As the end of a sentence, and short whatever came."""
    assert str(Validation(schema, {}).miss(value)) == said


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"type": "integer"}}, list(range(500_000))),
        ({"uniqueItems": True}, list(range(500_000))),
        ({"$ref": "#"}, {}),
        ({"items": {"$ref": "#"}, "multipleOf": 0.5}, [10**400]),
    ],
)
def test_what_takes_too_long_is_a_miss_of_its_own(schema: Any, value: Any) -> None:
    """It was not found to be right, and it is not said to be wrong in any place."""
    validation = Validation(schema, {"#": schema})
    assert not validation.is_valid(value)
    assert str(validation.miss(value)) == "$ is too large or too deep to be checked"


@pytest.mark.parametrize(
    ("path", "written"),
    [((), "$"), (("a", 0, "b_1"), "$.a[0].b_1"), (("a.b", "it's"), r"$['a.b']['it\'s']")],
)
def test_a_path_is_written_as_rfc_9535_has_it(path: tuple[str | int, ...], written: str) -> None:
    """Short where a key is a name."""
    assert json_path(path) == written


def test_a_draft_is_known_by_its_schema() -> None:
    """With or without an empty fragment; unsaid, the newest."""
    assert [draft_of({"$schema": f"{name}#"}) for name in DRAFTS] == list(DRAFTS.values())
    assert draft_of({}) == "Draft202012Validator"
    assert draft_of({"$schema": "https://example.com/mine"}) is None
    assert draft_of({"$schema": 5}) is None


def test_keywords_are_told_from_names_and_data() -> None:
    """With their places; what a keyword that is not known holds is not looked into."""
    schema = {"properties": {"pattern": {"minimum": 1}}, "const": {"pattern": "("}, "x-own": {"pattern": "("}}
    assert [path for name, _, path in keywords(schema) if name in ("pattern", "minimum")] == [
        ("properties", "pattern", "minimum")
    ]


def test_references_lead_to_places_within_the_document() -> None:
    """By pointer, by anchor, and by the document's own name."""
    root = {"$id": "https://example.com/a", "$defs": {"x/y": {"$anchor": "here"}}, "items": [1]}
    assert lead(root, "#/$defs/x~1y") == ({"$anchor": "here"}, ("$defs", "x/y"))
    assert lead(root, "#here") == ({"$anchor": "here"}, ("$defs", "x/y"))
    assert lead(root, "#/items/0") == (1, ("items", 0))
    assert lead(root, "#nowhere") is lead(root, "#/items/x") is None
    assert local("https://example.com/a#/x", root) == "#/x"
    assert local("#/x", root) == "#/x"
    assert local("https://example.com/b#/x", root) is None
