"""Frames: parsed once, and never with an exception."""

from __future__ import annotations

import pytest

from wsrun.patterns import ABSENT, Frame


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("", id="nothing"),
        pytest.param("hello", id="a word"),
        pytest.param("NaN", id="not a number"),
        pytest.param("[Infinity]", id="infinity"),
        pytest.param("1e999", id="a number beyond a double"),
        pytest.param("9" * 5000, id="a number of 5 000 digits"),
        pytest.param('"\\ud800"', id="half a surrogate pair"),
        pytest.param("[" * 100_000, id="100 000 open brackets"),
        pytest.param("[" * 5000 + "]" * 5000, id="5 000 levels"),
        pytest.param('{"a":1} x', id="something behind"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b"\xff\xfe", id="bytes that are no UTF-8"),
    ],
)
def test_what_is_no_json_is_absent(payload: str | bytes) -> None:
    """A server can send anything; nothing of it raises."""
    assert ABSENT is Frame(payload, 0.0).json()


@pytest.mark.parametrize("payload", ['{"a":[1,null]}', b'{"a":[1,null]}'])
def test_text_and_binary_are_both_read_as_json(payload: str | bytes) -> None:
    """JSON in a binary frame is JSON."""
    assert Frame(payload, 0.0).json() == {"a": [1, None]}


def test_a_frame_is_parsed_once() -> None:
    """Matchers of many requests look at one frame."""
    frame = Frame('{"a":1}', 0.0)
    assert frame.json() is frame.json()


def test_null_is_a_value() -> None:
    """JSON null is there, unlike what is absent."""
    assert Frame("null", 0.0).json() is None


def test_absent_names_itself() -> None:
    """In a failed assertion one can read what it is."""
    assert repr(ABSENT) == "ABSENT"
