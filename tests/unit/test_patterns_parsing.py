"""Patterns as written: what they come to, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from wsrun.expressions import ExpressionError
from wsrun.patterns import Condition, PatternError, parse_pattern, parse_source


def conditions(pattern: Any) -> list[tuple[str, str, Any]]:
    """Return source, test and value of the conditions of a pattern with one alternative."""
    (alternative,) = parse_pattern(pattern).alternatives
    return [(condition.source.text, condition.test, condition.value) for condition in alternative]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param({}, [], id="nothing asks nothing"),
        pytest.param({"$.a": 1}, [("$.a", "equal", 1)], id="a value"),
        pytest.param({"$.a": [1]}, [("$.a", "equal", [1])], id="a list is a value"),
        pytest.param({"$.a": None}, [("$.a", "equal", None)], id="so is null"),
        pytest.param({"$.a": "/x/"}, [("$.a", "regex", "x")], id="a regex"),
        pytest.param({"$.a": {"regex": "/x/"}}, [("$.a", "regex", "x")], id="a regex by name"),
        pytest.param({"$.a": {"regex": "x"}}, [("$.a", "regex", "x")], id="which needs no slashes"),
        pytest.param({"$.a": {"not": 1}}, [("$.a", "not", {"equal": 1})], id="not a value"),
        pytest.param({"$.a": {"not": "/x/"}}, [("$.a", "not", {"regex": "x"})], id="not a regex"),
        pytest.param(
            {"$.a": {"not": {"in": [1], "min": 0}}}, [("$.a", "not", {"in": [1], "min": 0})], id="not tests"
        ),
        pytest.param(
            {"$.a": {"min": 1, "max": "{{ n }}"}},
            [("$.a", "min", 1), ("$.a", "max", "{{ n }}")],
            id="several tests are several conditions",
        ),
    ],
)
def test_a_pattern_is_a_list_of_conditions(pattern: Any, expected: list[tuple[str, str, Any]]) -> None:
    """Each has one source and one test."""
    assert expected == conditions(pattern)


def test_a_list_of_patterns_has_alternatives() -> None:
    """Of which one must hold."""
    pattern = parse_pattern(({"$.a": 1}, {"text": "x"}))
    assert (
        (Condition(parse_source("$.a"), "equal", 1),),
        (Condition(parse_source("text"), "equal", "x"),),
    ) == (pattern.alternatives)


@pytest.mark.parametrize(
    ("pattern", "path", "message"),
    [
        pytest.param([], (), "needs at least one", id="no alternatives"),
        pytest.param("text", (), "maps sources", id="no mapping"),
        pytest.param([{}, 5], (1,), "maps sources", id="an alternative that is none"),
        pytest.param({"id": 1}, ("id",), "not a source", id="a source that is none"),
        pytest.param([{"id": 1}], (0, "id"), "not a source", id="in an alternative"),
        pytest.param({"$.a": {}}, ("$.a",), "tests are missing", id="no tests"),
        pytest.param({"$.a": {"nto": 1}}, ("$.a", "nto"), "is not a test", id="a test that is none"),
        pytest.param({"$.a": {"not": {"x": 1}}}, ("$.a", "not", "x"), "is not a test", id="behind not"),
        pytest.param({"$.a": {"not": {}}}, ("$.a", "not"), "tests are missing", id="not nothing"),
        pytest.param({"$.a": {"exists": 1}}, ("$.a", "exists"), "true or false", id="exists a number"),
        pytest.param({"$.a": {"in": "ab"}}, ("$.a", "in"), "list", id="in a text"),
        pytest.param({"$.a": {"in": []}}, ("$.a", "in"), "list", id="in nothing"),
        pytest.param({"$.a": {"min": "5"}}, ("$.a", "min"), "number", id="at least a text"),
        pytest.param({"$.a": {"max": True}}, ("$.a", "max"), "number", id="at most true"),
        pytest.param({"$.a": {"prefix": 5}}, ("$.a", "prefix"), "text", id="a prefix that is a number"),
        pytest.param({"$.a": {"regex": 5}}, ("$.a", "regex"), "text", id="a regex that is a number"),
        pytest.param({"$.a": "/(/"}, ("$.a",), "does not compile", id="a regex that is none"),
        pytest.param({"$.a": "/{{ x }}(/"}, ("$.a",), "does not compile", id="with a template in it"),
        pytest.param(
            {"$.a": {"schema": {"type": "x"}}}, ("$.a", "schema"), "wrong", id="a schema that is none"
        ),
        pytest.param(
            {"$.a": {"schema": {"const": "{{ x }}"}}},
            ("$.a", "schema"),
            "templates",
            id="a schema with a template",
        ),
        pytest.param({"hex": 1}, ("hex",), "hexadecimal", id="hex and a number"),
        pytest.param({"hex": "012"}, ("hex",), "hexadecimal", id="an odd number of digits"),
        pytest.param({"hex": "..01"}, ("hex",), "hexadecimal", id="any rest that is not last"),
        pytest.param(
            {"hex": {"prefix": "0"}}, ("hex", "prefix"), "hexadecimal", id="half a byte as a prefix"
        ),
        pytest.param(
            {"hex": {"in": ["01", "x"]}}, ("hex", "in", 1), "hexadecimal", id="half a byte in a list"
        ),
        pytest.param({"u8(0)": "5"}, ("u8(0)",), "u8(0) is a number", id="a number in quotes"),
    ],
)
def test_a_wrong_pattern_is_told_with_its_place(
    pattern: Any, path: tuple[str | int, ...], message: str
) -> None:
    """The path leads to what must be changed."""
    with pytest.raises(PatternError) as caught:
        parse_pattern(pattern)
    assert path == caught.value.path
    assert message in caught.value.message


def test_a_slip_in_a_test_gets_a_suggestion() -> None:
    """The nearest word is named."""
    with pytest.raises(PatternError) as caught:
        parse_pattern({"$.a": {"prefx": "x"}})
    assert caught.value.help == "did you mean prefix?"


def test_an_object_as_a_value_is_told_how_it_is_compared() -> None:
    """A mapping behind a source holds tests."""
    with pytest.raises(PatternError) as caught:
        parse_pattern({"$.user": {"name": "Ada"}})
    assert "subset" in str(caught.value.help)


@pytest.mark.parametrize("pattern", [{"$.a": "{{ x"}, {"$.a": {"min": "{{ }}"}}, {"hex": "{{ x | nope }}"}])
def test_a_wrong_template_is_an_error_of_expressions(pattern: Any) -> None:
    """It is told with those of the other texts."""
    with pytest.raises(ExpressionError):
        parse_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"$.a": {"in": "{{ rooms }}"}},
        {"$.a": {"min": "{{ n }}"}},
        {"hex": "{{ n | u16 }} xx .."},
        {"u8(0)": "{{ seq }}"},
        {"$.a": "/^{{ room }}+$/"},
    ],
)
def test_templates_may_stand_for_what_is_wanted(pattern: Any) -> None:
    """Their values are known only when a message is sent."""
    assert parse_pattern(pattern).alternatives
