"""JSONPath beyond plain ways: the standard, and its bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wsrun.patterns import ABSENT
from wsrun.patterns.queries import QueryError, compile_query

DOCUMENT = {
    "id": 0,
    "none": None,
    "items": [{"k": 1, "name": "one"}, {"k": 2, "name": "two"}, {"k": 2, "name": "two again"}],
    "dotted.name": "d",
    "deep": {"id": 9},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("$..id", 0, id="any depth, the first in document order"),
        pytest.param("$.items[-1].name", "two again", id="from the end"),
        pytest.param("$.items[?@.k == 2].name", "two", id="a filter, the first that passes"),
        pytest.param("$.items[*].name", "one", id="all, the first of them"),
        pytest.param("$.items[1:].name", "two", id="a slice"),
        pytest.param("$['nobody','none']", None, id="a choice of names; null is a value"),
        pytest.param("$.items[?match(@.name, 't.*')].k", 2, id="match is on the whole text"),
        pytest.param("$.items[?match(@.name, 'w')].k", ABSENT, id="and not on a part of it"),
        pytest.param("$.items[?search(@.name, 'w')].k", 2, id="search is on a part"),
        pytest.param("$.items[?search(@.name, '(?=w)')].k", ABSENT, id="a regex that is none fits nothing"),
        pytest.param("$.items[?search(@.k, '1')].k", ABSENT, id="nor does a number"),
        pytest.param("$.items[?count(@.*) == 2].k", 1, id="the functions of the standard"),
        pytest.param("$.nobody[*]", ABSENT, id="nothing there"),
        pytest.param("$.items[?@['name'] == 'a..b,?']", ABSENT, id="marks within a text do not count"),
    ],
)
def test_a_path_leads_to_its_first_value(path: str, expected: Any) -> None:
    """Of many values the first counts; of none, there is none."""
    assert expected == compile_query(path)(DOCUMENT)


@pytest.mark.parametrize("document", [None, 5, "text", True, ABSENT])
def test_a_path_leads_nowhere_in_what_has_no_members(document: Any) -> None:
    """A server may send a number where an object was expected."""
    assert ABSENT is compile_query("$..id")(document)


def test_a_document_nested_a_thousand_deep_is_no_exception() -> None:
    """The recursion of the library ends as a value that is not there."""
    assert ABSENT is compile_query("$..id")(json.loads("[" * 900 + "]" * 900))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("$.a[", "unexpected end", id="an open bracket"),
        pytest.param("$.a | $.b", "unexpected token", id="an addition of the library"),
        pytest.param("$.a[?nope(@.b)]", "nope", id="a function that does not exist"),
        pytest.param("$..a..b", "more than 1 time", id="two descents"),
        pytest.param("$[?$[?$[?$[?@.a]]]]", "more than 3 times", id="filters in filters"),
        pytest.param("$" + "[*,*]" * 40, "more than 8 times", id="choices that multiply"),
        pytest.param("$[" + "9" * 30 + "]", "range", id="an index beyond reason"),
    ],
)
def test_a_path_that_is_none_or_could_take_for_ever_is_refused(path: str, said: str) -> None:
    """The message says what is wrong, in one line."""
    with pytest.raises(QueryError) as caught:
        compile_query(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
