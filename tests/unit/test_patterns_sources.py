"""Sources: what they read from a frame, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT

from wsrun.patterns import ABSENT, Answer, Frame, Source, SourceError, compile_source, parse_source
from wsrun.patterns.queries import compile_query

NAMES = st.text(st.characters(exclude_characters="'\\", exclude_categories=["C"]), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.sampled_from("ab"), inner, max_size=3)
    ),
)


def read(source: str, payload: str | bytes) -> Any:
    """Return what a source reads from a payload."""
    return compile_source(parse_source(source))(Frame(payload, 0.0))


@pytest.mark.parametrize(
    ("source", "payload", "expected"),
    [
        pytest.param("$", "[1]", [1], id="the whole document"),
        pytest.param("$.a", '{"a":1}', 1, id="a field"),
        pytest.param("$.a", '{"a":null}', None, id="null is a value"),
        pytest.param("$.a", "{}", ABSENT, id="a field that is not there"),
        pytest.param("$.a", "[1]", ABSENT, id="a field of a list"),
        pytest.param("$.a", '"a"', ABSENT, id="a field of a text"),
        pytest.param("$.a", "no json", ABSENT, id="a field of no JSON"),
        pytest.param("$.a.b", '{"a":{"b":1}}', 1, id="a field of a field"),
        pytest.param("$.a.b", '{"a":[]}', ABSENT, id="a field of a list within"),
        pytest.param("$.a[1]", '{"a":[1,2]}', 2, id="an item"),
        pytest.param("$.a[2]", '{"a":[1,2]}', ABSENT, id="an item beyond the end"),
        pytest.param("$[0]", '"abc"', ABSENT, id="an item of a text"),
        pytest.param("$['a b']", '{"a b":1}', 1, id="a name that is no word"),
        pytest.param('$["a.b"].c', '{"a.b":{"c":1}}', 1, id="a name with a dot"),
        pytest.param("$.größe", '{"größe":1}', 1, id="a name beyond ASCII"),
        pytest.param("$.a[-1]", '{"a":[1,2]}', 2, id="a path for the library"),
        pytest.param("$..b", b'{"a":{"b":1}}', 1, id="JSON in a binary frame"),
        pytest.param("/n=/", "n=5", "n=", id="a regex without a group is the whole of it"),
        pytest.param("/n=(\\d+),(.)/", "n=5,x", "5", id="the first group"),
        pytest.param("/n(=)?/", "n", ABSENT, id="a group that took no part"),
        pytest.param("/n=/", "m=5", ABSENT, id="a regex that is not in it"),
        pytest.param("/a/b/", "x a/b", "a/b", id="slashes within a regex"),
        pytest.param("/€(.)/", "€5", "5", id="characters beyond a byte in a text"),
        pytest.param("/€(.)/", b"\xe2\x82\xac5", ABSENT, id="which no byte has"),
        pytest.param("/\\xff(.)/", b"\xff\xe9", "é", id="a binary frame byte by byte"),
        pytest.param("/x(=)?/", b"x", ABSENT, id="a group that took no part, of bytes"),
        pytest.param("/y/", b"x", ABSENT, id="a regex that is not in the bytes"),
        pytest.param("text", "hello", "hello", id="a text as it is"),
        pytest.param("text", b"hello", ABSENT, id="no text in a binary frame"),
        pytest.param("hex", b"\x01\xff", "01ff", id="bytes as hex"),
        pytest.param("hex", "01ff", ABSENT, id="no bytes in a text frame"),
        pytest.param("u8(1)", b"\x00\xff", 255, id="a byte"),
        pytest.param("u16(0)", b"\x01\x02", 258, id="two bytes"),
        pytest.param("u16le(0)", b"\x01\x02", 513, id="two bytes, the lower first"),
        pytest.param("u32(0)", b"\x00\x00\x01\x00", 256, id="four bytes"),
        pytest.param("u64(1)", b"x" + b"\xff" * 8, 2**64 - 1, id="eight bytes"),
        pytest.param("u32(1)", b"\x00" * 4, ABSENT, id="bytes beyond the end"),
        pytest.param("u8(999999999)", b"\x00", ABSENT, id="far beyond the end"),
        pytest.param("u8(0)", "abc", ABSENT, id="no numbers in a text frame"),
        pytest.param("socket", "x", "main", id="the socket"),
        pytest.param("status", "x", ABSENT, id="no status in a message"),
        pytest.param("header(Date)", "x", ABSENT, id="no header in a message"),
    ],
)
def test_a_source_reads_its_value(source: str, payload: str | bytes, expected: Any) -> None:
    """What is not there is ABSENT, never an exception."""
    assert expected == read(source, payload)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("status", 429, id="the status is a number"),
        pytest.param("header(Retry-After)", "5", id="a header, its name in any case"),
        pytest.param("header(set-cookie)", "a=1, b=2", id="headers of one name"),
        pytest.param("header(Date)", ABSENT, id="a header that is not there"),
        pytest.param("$.why", "full", id="the body as JSON"),
        pytest.param("text", '{"why":"full"}', id="the body as text"),
    ],
)
def test_an_http_answer_has_more_sources(source: str, expected: Any) -> None:
    """A status, its headers, and the body as what a message would be."""
    headers = [("retry-after", "5"), ("Set-Cookie", "a=1"), ("SET-COOKIE", "b=2")]
    answer = Answer(429, headers, b'{"why":"full"}', 0.0)
    assert expected == compile_source(parse_source(source))(answer)


def test_a_body_that_is_no_text_is_read_as_bytes() -> None:
    """An answer may carry anything."""
    assert compile_source(parse_source("hex"))(Answer(500, [], b"\xff\x00", 0.0)) == "ff00"


@given(JSON, st.sampled_from(["$", "$.a", "$.a.b", "$.a[0]", "$[0].a", "$['a']['b']", "$[1][0]"]))
def test_plain_ways_are_read_as_the_standard_says(document: Any, path: str) -> None:
    """The short cut for plain paths and the library agree on every document."""
    source = parse_source(path)
    assert source.steps is not None
    short = compile_source(source)(Frame("", 0.0, document))
    if document.__class__ in (dict, list):
        assert compile_query(path)(document) == short


@given(
    st.sampled_from(["$.a", "/(.)x/", "text", "hex", "u16(3)", "u64le(0)", "$..a[0]"]),
    ANY_TEXT | st.binary(),
)
def test_no_payload_makes_a_source_raise(source: str, payload: str | bytes) -> None:
    """Sources run in the frame callback."""
    read(source, payload)


@pytest.mark.parametrize(
    ("source", "message", "help"),
    [
        pytest.param("id", "'id' is not a source", "begins with $: $.id", id="a bare word"),
        pytest.param("texte", "'texte' is not a source", "did you mean text?", id="a slip"),
        pytest.param(
            "u16(x)", "'u16(x)' is not a source", "did you mean u16(0)?", id="an offset that is none"
        ),
        pytest.param("result.id", "'result.id' is not a source", "$.result.id", id="a path without $"),
        pytest.param("[0]", "'[0]' is not a source", "$[0]", id="an index without $"),
        pytest.param("header()", "'header()' is not a source", "header(Content-Type)", id="no header"),
        pytest.param(
            "header(a b)", "'header(a b)' is not a source", "(Content-Type)", id="a name with a space"
        ),
        pytest.param("/x", "this regex is not closed", "two slashes", id="a regex without its end"),
        pytest.param("//", "this regex is not closed", "two slashes", id="an empty regex"),
        pytest.param("/(?=x)/", "this regex does not compile", "no look-ahead", id="a regex that RE2 lacks"),
        pytest.param("$.a[", "this JSONPath does not parse", "RFC 9535", id="a path that does not parse"),
        pytest.param("", "'' is not a source", "sources are", id="nothing"),
    ],
)
def test_a_wrong_source_is_refused_with_help(source: str, message: str, help: str) -> None:  # noqa: A002
    """Whoever wrote it learns what to write instead."""
    with pytest.raises(SourceError) as caught:
        parse_source(source)
    assert caught.value.message.startswith(message)
    assert help in str(caught.value.help)


def test_an_unchosen_name_in_a_message_is_cut() -> None:
    """A megabyte of nonsense does not come back as a megabyte of message."""
    with pytest.raises(SourceError) as caught:
        parse_source("x" * 1_000_000)
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$.a", False),
        ("u8(0)", False),
        ("/x/", True),
        ("text", True),
        ("hex", True),
        ("socket", True),
        ("status", False),
    ],
)
def test_some_sources_give_text_by_nature(source: str, expected: bool) -> None:
    """What they give is compared as text: there are no JSON types in it."""
    assert expected is parse_source(source).gives_text


def test_a_plain_path_knows_its_steps() -> None:
    """The session can walk them by itself."""
    assert Source("$.a[0]['b c']", "json", ("a", 0, "b c")) == parse_source("$.a[0]['b c']")
