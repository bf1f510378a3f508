"""Matchers: which frames fit which patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import Client, tools

from wsrun.patterns import Frame, compile_pattern, parse_pattern
from wsrun.patterns.equality import equal

DEEP = json.loads("[" * 900 + "]" * 900)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3),
)


def fits(pattern: Any, payload: str | bytes, **variables: Any) -> bool:
    """Whether a payload fits a pattern, for a client with these variables."""
    matcher = compile_pattern(parse_pattern(pattern), tools())
    return matcher.bind(Client(variables=variables))(Frame(payload, 0.0))


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        pytest.param(1, ["1", "1.0"], ["true", '"1"', "2", "null", "[1]"], id="a number by its value"),
        pytest.param(True, ["true"], ["1", '"true"', "false"], id="true is no number"),
        pytest.param(None, ["null"], ["0", "false", '""'], id="null"),
        pytest.param("1", ['"1"'], ["1"], id="a text is no number"),
        pytest.param([1, "a"], ['[1.0,"a"]'], ['["a",1]', "[1]", '[1,"a",2]'], id="a list in its order"),
        pytest.param("/^b/", ['"bc"'], ['"ab"', "null", '["b"]', "true"], id="a regex anywhere in a text"),
        pytest.param("/^12$/", ["12", '"12"'], ["12.5"], id="a regex on a number as it is written"),
        pytest.param({"not": 1}, ["2", '"1"', "true", "null"], ["1", "1.0"], id="not a value"),
        pytest.param({"not": "/b/"}, ['"a"', "5"], ['"abc"'], id="not a regex"),
        pytest.param({"not": {"in": [1, 2]}}, ["3"], ["1", "2.0"], id="not tests"),
        pytest.param({"not": {"min": 2, "max": 3}}, ["1", "4"], ["2", "3"], id="not all of several tests"),
        pytest.param({"not": {"not": 1}}, ["1"], ["2"], id="not not"),
        pytest.param(
            {"in": [1, "a", {"b": 2}]}, ["1", '"a"', '{"b":2}'], ["2", "true", "{}"], id="in a list"
        ),
        pytest.param({"in": ["/a/"]}, ['"/a/"'], ['"a"'], id="a list holds values and no regexes"),
        pytest.param({"min": 2}, ["2", "2.5", "1e9"], ["1", '"3"', "true", "null", "[3]"], id="at least"),
        pytest.param({"max": 2.5}, ["2.5", "-1"], ["3", '"1"', "false"], id="at most"),
        pytest.param({"min": 1, "max": 2}, ["1", "2"], ["0", "3"], id="all tests must pass"),
        pytest.param({"prefix": "ab"}, ['"ab"', '"abc"'], ['"a"', "5", '["ab"]'], id="a prefix"),
        pytest.param({"regex": "^a.c$"}, ['"abc"'], ['"ac"'], id="a regex by name"),
        pytest.param(
            {"subset": {"a": 1}}, ['{"a":1}', '{"a":1.0,"b":2}'], ["{}", '{"a":true}', "[]"], id="fields"
        ),
        pytest.param({"subset": [1, 2]}, ["[2,0,1]"], ["[1]", '{"a":1}', "1"], id="items in any place"),
        pytest.param(
            {"subset": {"a": [{"b": 1}]}}, ['{"a":[0,{"b":1,"c":2}]}'], ['{"a":[{"b":2}]}'], id="nested"
        ),
        pytest.param({"exists": True}, ["1", "null"], [], id="whatever is there"),
        pytest.param({"schema": {"type": "integer", "minimum": 3}}, ["3"], ["2", '"3"'], id="a schema"),
    ],
)
def test_values_fit_as_json_compares(wanted: Any, good: list[str], bad: list[str]) -> None:
    """The payload is {"a": value}; what is absent fits none of them."""
    assert [True] * len(good) == [fits({"$.a": wanted}, f'{{"a":{value}}}') for value in good]
    assert [False] * len(bad) == [fits({"$.a": wanted}, f'{{"a":{value}}}') for value in bad]
    assert not fits({"$.a": wanted}, "{}")
    assert not fits({"$.a": wanted}, "no json")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        pytest.param({}, ["x", b"y", ""], [], id="nothing fits all"),
        pytest.param({"$.a": {"exists": False}}, ["{}", "x", b"\xff"], ['{"a":null}'], id="absence"),
        pytest.param({"text": "hello"}, ["hello"], ["hello!", b"hello", '"hello"'], id="the whole text"),
        pytest.param({"text": 2}, ["2"], ["2.0"], id="text is compared as text"),
        pytest.param({"text": {"prefix": "0{"}}, ["0{}"], ["40{"], id="the beginning of a text"),
        pytest.param({"text": {"in": ["2", 3]}}, ["2", "3"], ["4"], id="one of several texts"),
        pytest.param(
            {"/n=(.*)/": {"min": 2}}, ["n=2", "n=1e3"], ["n=1", "n=x", "n=", "m=5"], id="a number in a text"
        ),
        pytest.param({"/n=(.*)/": {"not": 2}}, ["n=3"], ["n=2", "m"], id="not a number in a text"),
        pytest.param({"hex": "01 FF"}, [b"\x01\xff"], [b"\x01", b"\x01\xff\x00", "01ff"], id="bytes"),
        pytest.param(
            {"hex": "01xx03"}, [b"\x01\x00\x03"], [b"\x01\x00\x04", b"\x01\x00", b"\x01\x00\x03\x04"], id="xx"
        ),
        pytest.param({"hex": "01.."}, [b"\x01", b"\x01\x02"], [b"", b"\x02\x01"], id="any rest"),
        pytest.param({"hex": "xx02.."}, [b"\x00\x02", b"\x01\x02\x03"], [b"\x00", b"\x00\x03"], id="both"),
        pytest.param({"hex": ".."}, [b"", b"x"], ["x"], id="any bytes at all"),
        pytest.param(
            {"hex": {"prefix": "01 A0"}}, [b"\x01\xa0", b"\x01\xa0z"], [b"\x01"], id="a prefix of bytes"
        ),
        pytest.param(
            {"hex": {"in": ["01", "02.."]}}, [b"\x01", b"\x02\x03"], [b"\x01\x03"], id="one of several"
        ),
        pytest.param({"hex": {"not": "01.."}}, [b"\x02"], [b"\x01\x02", "x"], id="not these bytes"),
        pytest.param({"hex": "/^01(ff)+$/"}, [b"\x01\xff\xff"], [b"\x01\xf0"], id="a regex on digits"),
        pytest.param({"u16(1)": 258}, [b"\x00\x01\x02"], [b"\x00\x01", "abc"], id="a number in bytes"),
        pytest.param({"u8(0)": {"max": 9}}, [b"\x09"], [b"\x0a", b""], id="a bound of a number in bytes"),
        pytest.param({"socket": "main"}, ["x"], [], id="the socket"),
        pytest.param(
            {"$.a": 1, "$.b": 2}, ['{"a":1,"b":2}'], ['{"a":1}', '{"a":1,"b":3}'], id="all must hold"
        ),
        pytest.param(
            [{"$.a": 1}, {"text": "x"}], ['{"a":1}', "x"], ['{"a":2}', "y"], id="one of a list must"
        ),
        pytest.param([{"$.a": 1}, {}], ["anything"], [], id="one of them may ask nothing"),
    ],
)
def test_frames_fit_patterns(pattern: Any, good: list[str | bytes], bad: list[str | bytes]) -> None:
    """Text and binary frames, and what is read from them."""
    assert [True] * len(good) == [fits(pattern, payload) for payload in good]
    assert [False] * len(bad) == [fits(pattern, payload) for payload in bad]


@pytest.mark.parametrize(
    ("pattern", "payload", "variables", "expected"),
    [
        pytest.param({"$.a": "{{ n }}"}, '{"a":1}', {"n": 1}, True, id="a variable keeps its type"),
        pytest.param({"$.a": "{{ n }}"}, '{"a":1}', {"n": "1"}, False, id="so that text is no number"),
        pytest.param({"$.a": "r{{ n }}"}, '{"a":"r1"}', {"n": 1}, True, id="within a text it is text"),
        pytest.param({"$.a": "{{ o }}"}, '{"a":{"b":[1]}}', {"o": {"b": [1.0]}}, True, id="an object"),
        pytest.param({"/^43(.*)/": "{{ seq }}"}, "437", {}, True, id="what a regex gives is text"),
        pytest.param({"u8(0)": "{{ seq }}"}, b"\x07", {}, True, id="what bytes give is a number"),
        pytest.param({"$.a": {"not": "{{ x }}"}}, '{"a":"r2"}', {"x": "r1"}, True, id="not a variable"),
        pytest.param({"$.a": {"not": {"in": ["{{ x }}"]}}}, '{"a":"r1"}', {"x": "r1"}, False, id="deeper"),
        pytest.param(
            {"$.a": {"in": "{{ l }}"}}, '{"a":2}', {"l": [1, 2]}, True, id="in a list of the client"
        ),
        pytest.param({"$.a": {"in": "{{ l }}"}}, '{"a":2}', {"l": 2}, False, id="which is none"),
        pytest.param({"$.a": {"min": "{{ n }}"}}, '{"a":2}', {"n": 2}, True, id="at least a variable"),
        pytest.param({"$.a": {"max": "{{ n }}"}}, '{"a":2}', {"n": "x"}, False, id="which is no number"),
        pytest.param({"$.a": {"min": "{{ n }}"}}, '{"a":2}', {"n": True}, False, id="or is true"),
        pytest.param({"$.a": {"prefix": "{{ x }}-"}}, '{"a":"r1-5"}', {"x": "r1"}, True, id="a prefix"),
        pytest.param(
            {"$.a": {"subset": {"b": "{{ x }}"}}}, '{"a":{"b":"r1"}}', {"x": "r1"}, True, id="a part"
        ),
        pytest.param(
            {"$.a": "/^{{ x }}$/"}, '{"a":"a.c"}', {"x": "a.c"}, True, id="a regex around a variable"
        ),
        pytest.param(
            {"$.a": "/^{{ x }}$/"}, '{"a":"abc"}', {"x": "a.c"}, False, id="whose value is no regex"
        ),
        pytest.param({"$.a": {"regex": "^{{ x }}"}}, '{"a":"(("}', {"x": "(("}, True, id="whatever it is"),
        pytest.param(
            {"$.a": {"regex": "^{{ x }}{2}$"}}, '{"a":"abab"}', {"x": "ab"}, True, id="and is repeated whole"
        ),
        pytest.param(
            {"$.a": "/{{ x }}/"}, '{"a":"b"}', {"x": "b" * 50_000}, False, id="unless it is too long"
        ),
        pytest.param({"hex": "{{ n | u16 }} .."}, b"\x00\x05\xff", {"n": 5}, True, id="hex of a variable"),
        pytest.param({"hex": "{{ x }}"}, b"\x00", {"x": "zz"}, False, id="which is no hex"),
        pytest.param({"hex": "{{ x }}"}, b"\x00", {"x": 0}, False, id="or no text"),
        pytest.param(
            {"$.a": "{{ x }}"}, '{"a":"/b/"}', {"x": "/b/"}, True, id="a value in slashes is a value"
        ),
        pytest.param({"$.a": "{{ x }}"}, '{"a":"{{"}', {"x": "{{"}, True, id="and one in braces no template"),
        pytest.param({"$.a": {"not": "{{ x }}"}}, '{"a":1}', {"x": "/{{/"}, True, id="behind not as well"),
    ],
)
def test_templates_are_filled_in_when_a_pattern_is_bound(
    pattern: Any, payload: str | bytes, variables: dict[str, Any], expected: bool
) -> None:
    """Values come from the client, and with them from servers: they are data and never grammar."""
    assert expected is fits(pattern, payload, **variables)


@pytest.mark.parametrize("pattern", [{"$.a": "{{ x }}"}, {"text": "{{ x }}"}, {"$.a": {"not": "{{ x }}"}}])
def test_a_pattern_whose_variable_has_no_value_fits_nothing(pattern: Any) -> None:
    """Not even a pattern that asks for something else."""
    assert not fits(pattern, '{"a":1}')


def test_other_alternatives_still_fit() -> None:
    """A missing variable takes its own alternative away."""
    assert fits([{"$.a": "{{ x }}"}, {"$.a": 1}], '{"a":1}')
    assert not fits([{"$.a": "{{ x }}"}, {"$.a": 1}], '{"a":2}')


def test_without_a_client_no_template_has_a_value() -> None:
    """As for a pattern that is bound before anybody is there."""
    matcher = compile_pattern(parse_pattern({"$.a": "{{ x }}"}), tools())
    assert not matcher.bind(None)(Frame('{"a":1}', 0.0))


def test_a_pattern_without_templates_is_compiled_once() -> None:
    """All clients share one function."""
    static = compile_pattern(parse_pattern({"$.a": {"in": [1]}}), tools())
    bound = compile_pattern(parse_pattern({"$.a": {"in": ["{{ id }}"]}}), tools())
    assert (static.is_static, bound.is_static) == (True, False)
    assert static.bind(Client()) is static.bind(None)


@pytest.mark.parametrize(
    "pattern", [{"$.a": "{{ d }}"}, {"$.a": {"subset": "{{ d }}"}, "$.b": {"exists": False}}]
)
def test_values_nested_a_thousand_deep_do_not_raise(pattern: Any) -> None:
    """A server may send such a value twice, and a capture keep it in between."""
    assert not fits(pattern, json.dumps({"a": DEEP}), d=DEEP)


@given(JSON)
def test_every_value_equals_itself_and_contains_itself(value: Any) -> None:
    """Whatever JSON has."""
    payload = json.dumps({"a": value})
    assert fits({"$.a": {"in": [value]}}, payload)
    assert fits({"$.a": {"subset": value}}, payload)


@given(JSON, JSON)
def test_a_value_is_equal_or_not(one: Any, other: Any) -> None:
    """not is the opposite of being in, and equality goes both ways."""
    payload = json.dumps({"a": one})
    assert fits({"$.a": {"in": [other]}}, payload) is not fits({"$.a": {"not": {"in": [other]}}}, payload)
    assert fits({"$.a": {"in": [other]}}, payload) is fits({"$.a": {"in": [one]}}, json.dumps({"a": other}))


HEX = st.binary(max_size=5)


@given(HEX, st.lists(st.one_of(st.binary(min_size=1, max_size=1), st.none()), max_size=5), st.booleans())
def test_a_hex_pattern_fits_byte_by_byte(payload: bytes, wanted: list[bytes | None], is_open: bool) -> None:
    """As an oracle says that looks at each byte in turn; None is xx."""
    text = " ".join("xx" if one is None else one.hex() for one in wanted) + (" .." if is_open else "")
    same = all(one is None or payload[n : n + 1] == one for n, one in enumerate(wanted))
    long_enough = len(payload) >= len(wanted) if is_open else len(payload) == len(wanted)
    assert fits({"hex": text}, payload) is (same and long_enough)
    assert fits({"hex": text.upper().replace("X", "x")}, payload) is (same and long_enough)
    assert not fits({"hex": text}, payload.decode("latin-1"))


@given(JSON, JSON)
def test_a_value_fits_when_it_is_equal(one: Any, other: Any) -> None:
    """By the types of JSON, whatever the value; objects are compared within a list."""
    assert fits({"$.a": [one]}, json.dumps({"a": [other]})) is equal(one, other)
