"""Filters that make hex, and those that keep texts small."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import evaluate

from wsrun.expressions import MissingVariable
from wsrun.expressions.filters import MOST_TEXT, TooLargeError, join, replace, sized, utf8, varint

WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("7 | u8", "07", id="a byte"),
        pytest.param("258 | u16", "0102", id="two bytes, the highest first"),
        pytest.param("258 | u16le", "0201", id="two bytes, the lowest first"),
        pytest.param("1 | u32", "00000001", id="four bytes"),
        pytest.param("1 | u32le", "01000000", id="four bytes, the lowest first"),
        pytest.param("1 | u64", "0000000000000001", id="eight bytes"),
        pytest.param("1 | u64le", "0100000000000000", id="eight bytes, the lowest first"),
        pytest.param("255 | u8le", "ff", id="a byte has no order"),
        pytest.param("'300' | u16", "012c", id="a number in a CSV is a text"),
        pytest.param("3.0 | u8", "03", id="a whole number that JSON read as a fraction"),
        pytest.param("0 | varint", "00", id="the smallest varint"),
        pytest.param("127 | varint", "7f", id="the last varint of one byte"),
        pytest.param("128 | varint", "8001", id="the first varint of two"),
        pytest.param("300 | varint", "ac02", id="the example of Protocol Buffers"),
        pytest.param("'é€' | utf8", "c3a9e282ac", id="a text in UTF-8"),
        pytest.param("true | utf8", "74727565", id="what is no text stands as JSON"),
        pytest.param("'' | utf8", "", id="an empty text"),
        pytest.param("'+/8A' | base64", "fbff00", id="bytes that were written in base64"),
        pytest.param("'aGVs\\n bG8=' | base64 | sized('u8')", "0568656c6c6f", id="base64 over two lines"),
        pytest.param("'MQTT' | utf8 | sized('u16')", "00044d515454", id="a text as MQTT writes it"),
        pytest.param("'hi' | utf8 | sized('u32le')", "020000006869", id="a length, the lowest first"),
        pytest.param("'hi' | utf8 | sized('varint')", "026869", id="a length as a varint"),
        pytest.param("'0a 0B' | sized('u8')", "020a0B", id="white space is not counted"),
        pytest.param("'' | sized('u8')", "00", id="nothing has length 0"),
    ],
)
def test_a_filter_makes_hex(source: str, expected: str) -> None:
    """Two digits for each byte, as hex bodies take them."""
    assert expected == evaluate("{{ " + source + " }}")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("256 | u8", "256 does not fit into u8"),
        ("-1 | u8", "-1 does not fit into u8"),
        ("65536 | u16le", "65536 does not fit into u16"),
        ("1.5 | u8", "1.5 is not a whole number"),
        ("'a' | u8", None),
        ("none | u8", None),
        ("[] | u8", None),
        ("-1 | varint", "a varint is not negative"),
        ("'zz' | sized('u8')", None),
        ("'abc' | sized('u8')", None),
        ("5 | sized('u8')", None),
        ("'aa' | sized('utf8')", "sized needs one of u8, u8le, u16, u16le, u32, u32le, u64, u64le, varint"),
        ("('aa' * 256) | sized('u8')", "256 does not fit into u8"),
    ],
)
def test_what_does_not_fit_is_told(source: str, reason: str | None) -> None:
    """A number that is too large is never cut, and a text that is no number is none."""
    with pytest.raises(MissingVariable) as caught:
        evaluate("{{ " + source + " }}")
    assert reason in (None, caught.value.reason)


@given(st.sampled_from(sorted(WIDTHS)), st.booleans(), st.data())
def test_numbers_of_fixed_width_can_be_read_back(name: str, little: bool, data: Any) -> None:
    """For every number that fits, and only for these."""
    width = WIDTHS[name]
    number = data.draw(st.integers(0, 256**width - 1))
    made = evaluate("{{ n | " + name + ("le" if little else "") + " }}", n=number)
    assert width == len(bytes.fromhex(made))
    assert number == int.from_bytes(bytes.fromhex(made), "little" if little else "big")


@given(st.integers(0, 2**64))
def test_a_varint_can_be_read_back(number: int) -> None:
    """Seven bits a byte, the lowest first; all bytes but the last have the highest bit set."""
    made = bytes.fromhex(varint(number))
    assert number == sum((byte & 0x7F) << 7 * place for place, byte in enumerate(made))
    assert [True] * (len(made) - 1) + [False] == [byte > 0x7F for byte in made]
    assert len(made) == 1 or made[-1] > 0


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["u16", "u32le", "varint"]))
def test_a_sized_text_can_be_read_back(text: str, width: str) -> None:
    """The length is that of the bytes, not of the letters."""
    payload = text.encode()
    made = sized(utf8(text), width)
    assert payload == bytes.fromhex(made)[len(bytes.fromhex(made)) - len(payload) :]
    assert bytes.fromhex(made).removesuffix(payload) == bytes.fromhex(
        evaluate("{{ n | " + width + " }}", n=len(payload))
    )


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    """UTF-8 has no bytes for half a character."""
    assert utf8("a\ud800b") == "613f62"


@given(st.text(max_size=30), st.text(max_size=3), st.text(max_size=5))
def test_replace_and_join_are_pythons(text: str, old: str, new: str) -> None:
    """As long as the result stays small they do what they always do."""
    assert text.replace(old, new) == replace(text, old, new)
    assert new.join([text, old]) == join([text, old], new)


def test_texts_end_at_the_limit_and_not_before() -> None:
    """A text of exactly the most characters can be made, one more cannot."""
    half = "a" * (MOST_TEXT // 2)
    assert len(join([half, half])) == MOST_TEXT
    with pytest.raises(TooLargeError):
        join([half, half, "a"])
