"""JSONPath beyond plain ways: the standard, and its bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath import JSONPathEnvironment

from wsrun.patterns import ABSENT
from wsrun.patterns.queries import LONGEST, QueryError, compile_query

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


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return documents of these leaves and few names."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=20,
    )


NUMBERS = st.none() | st.booleans() | st.integers(-2, 3)
TEXTS = st.sampled_from(["", "a", "ab", "b"])
SLICES = st.sampled_from(["[1:]", "[::-1]", "[-2:5:2]", "[::0]", "[0,1:]"])
STEPS = st.sampled_from(
    [
        *(".a", ".b", "['a','b']", "[0]", "[-1]", "[5]", "[1,0]", "[*]", ".*", "[?@]", "[?@.a]", "[?!@.a]"),
        *("[?@.a == 1]", "[?@.a < 2 || @.b]", "[?@ == $.a]", "[?@[?@.a]]", "[?@.*]", "[?count(@.*) > 1]"),
        *("[?length(@.a) == 2]", "[?match(@.a, 'a.*')]", "[?search(@, 'b')]", "[?@ == @.a]", "[?@['a','b']]"),
        *("[?$.a == @.b && @.a]", "[?value(@.*) == 1]"),
    ]
)
DESCENTS = st.sampled_from(["", "..*", "..a", "..[0]", "..[?@.a]"])
# The library cuts slices out of texts too, which the standard does not.
CASES = st.one_of(
    st.tuples(documents(NUMBERS | TEXTS), st.lists(STEPS, min_size=1, max_size=3)),
    st.tuples(documents(NUMBERS), st.lists(STEPS | SLICES, min_size=1, max_size=3)),
)


@given(CASES, DESCENTS)
def test_a_path_leads_where_the_library_says(case: tuple[Any, list[str]], descent: str) -> None:
    """The walk is wsrun's own; the first value that it finds is the library's first."""
    document, steps = case
    path = "$" + descent + "".join(steps)
    try:
        find = compile_query(path)
    except QueryError:
        return
    expected = (
        JSONPathEnvironment(strict=True).match(path, document) if isinstance(document, list | dict) else None
    )
    assert (ABSENT if expected is None else expected.obj) is find(document)


def test_a_descent_goes_in_the_order_of_the_document() -> None:
    """Each object before what is in it, and the first before the second."""
    document = {"a": [{"b": {"x": 1}}, {"x": 2}], "c": {"x": 3}}
    assert compile_query("$..x")(document) == 1
    assert compile_query("$.a[1]..x")(document) == 2


def test_a_slice_is_of_a_list() -> None:
    """A text has no items (RFC 9535, 2.3.4.2.2)."""
    assert ABSENT is compile_query("$.a[::-1]")({"a": "text"})


def test_a_descent_is_as_deep_as_the_document() -> None:
    """JSON may be nested a thousand deep."""
    assert compile_query("$..id")(json.loads('{"a":' * 900 + '{"id":5}' + "}" * 900)) == 5


@pytest.mark.parametrize(
    "path",
    [
        "$[*,*][*,*][*,*][*,*][*,*][*,*][*,*][*,*].x",
        "$[?count($[?count($[*]) > count(@.*)]) > 9]",
        "$..[?count($[?@.x]) > 1]",
        "$..[?count($[0,0,0,0][*]) > 99]",
        "$[?search($[0][0], '(a|aa)+$')]",
    ],
)
def test_a_search_that_multiplies_ends(path: str) -> None:
    """What a hostile message makes of a path costs no more than a million nodes; then there is no value."""
    level: Any = 1
    for _ in range(9):
        level = [level] * 4
    assert ABSENT is compile_query(path)(level)


def test_a_filter_on_a_long_list_is_within_bounds() -> None:
    """Ten thousand items in one message are found in."""
    items = [{"id": number} for number in range(10_000)]
    assert compile_query("$.items[?@.id == 9999]")({"items": items}) == {"id": 9_999}


def test_a_filter_on_a_list_without_end_finds_nothing() -> None:
    """Each item that a filter looks at costs as much as fifty others."""
    items = [{"id": number} for number in range(100_000)]
    assert ABSENT is compile_query("$.items[?@.id == 99999]")({"items": items})


def test_a_path_has_a_length() -> None:
    """What no author writes is not parsed."""
    with pytest.raises(QueryError):
        compile_query("$" + "[-1]" * LONGEST)
