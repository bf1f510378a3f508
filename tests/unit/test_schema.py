"""The schema of scenarios is sound, complete and of one style."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wsrun import validate

SCHEMA = validate.schema()
OWN_KEYWORDS = {
    "x-unit",
    "x-positive",
    "x-exactly-one",
    "x-at-most-one",
    "x-goes-with",
    "x-required-unless",
    "x-not-yet",
    "x-instead",
    "x-default",
    "x-words",
}


def subschemas(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of the schema that is a schema, with its path."""
    if not isinstance(part, dict):
        return
    yield path, part
    for keyword in ("properties", "$defs"):
        for name, member in part.get(keyword, {}).items():
            yield from subschemas(member, f"{path}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "propertyNames", "if", "then", "else", "not"):
        yield from subschemas(part.get(keyword), f"{path}/{keyword}")


PROPERTIES = [
    (f"{path}/{name}", member)
    for path, part in subschemas(SCHEMA)
    for name, member in part.get("properties", {}).items()
]


def test_the_schema_is_a_schema() -> None:
    """It follows the metaschema of draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_has_a_description() -> None:
    """The schema is the reference; nothing in it goes without a sentence."""
    assert [
        path for path, member in PROPERTIES if not member.get("description", "").endswith((".", "…"))
    ] == []


def test_choices_are_never_dispatched_by_one_of() -> None:
    """``oneOf`` and ``anyOf`` blame a whole block where one word is wrong."""
    keywords = {keyword for _, part in subschemas(SCHEMA) for keyword in part}
    assert {"oneOf", "anyOf", "allOf"} & keywords == set()


def test_own_keywords_are_known() -> None:
    """A misspelt x- keyword would be ignored in silence."""
    found = {keyword for _, part in subschemas(SCHEMA) for keyword in part if keyword.startswith("x-")}
    assert found <= OWN_KEYWORDS


def test_mappings_are_closed_and_titled() -> None:
    """An unknown key is always found, and the message can say of what it is none."""
    for path, part in subschemas(SCHEMA):
        if "properties" in part:
            assert part.get("additionalProperties") is False, path
            assert part.get("title"), path


def test_keys_for_later_say_nothing_else() -> None:
    """A key that is not available has no shape yet that could be wrong."""
    for path, part in subschemas(SCHEMA):
        if part.get("x-not-yet"):
            assert set(part) <= {"x-not-yet", "x-instead", "description"}, path


@pytest.mark.parametrize(
    ("path", "member", "key"),
    [(path, member, key) for path, member in PROPERTIES for key in ("default", "examples") if key in member],
)
def test_defaults_and_examples_fit_their_own_schema(path: str, member: dict[str, Any], key: str) -> None:
    """What the reference shows can be written down."""
    validator = validate._validator({**member, "$defs": SCHEMA["$defs"]})
    for value in member["examples"] if key == "examples" else [member["default"]]:
        assert [error.validator for error in validator.iter_errors(value)] == [], path
