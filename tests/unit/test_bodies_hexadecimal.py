"""Bodies of hex digits and slots."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import Client, tools

from wsrun.bodies import compile_body
from wsrun.bodies.hexadecimal import HexError, check_digits
from wsrun.expressions import MissingVariable
from wsrun.plan import BodyPlan


def build(source: str, **variables: Any) -> bytes:
    """Return the body that a client sends."""
    client = Client(message_id="0000", variables=variables)
    return compile_body(BodyPlan(kind="hex", source=source), tools())(client)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("", b"", id="nothing"),
        pytest.param("0aFF", b"\x0a\xff", id="digits of both cases"),
        pytest.param(" 0 a\n\tf f ", b"\x0a\xff", id="white space means nothing"),
        pytest.param("01{{ seq | u16 }}ff", b"\x01\x00\x07\xff", id="a slot between digits"),
        pytest.param("{{ id | utf8 | sized('u8') }}", b"\x040000", id="a text with its length"),
        pytest.param("10 {{ id | utf8 | sized('varint') }} 00", b"\x10\x040000\x00", id="as MQTT has it"),
        pytest.param("{{ captured }}", b"\xab\xcd", id="hex that was captured"),
        pytest.param("{{ '' }}00", b"\x00", id="an empty slot"),
    ],
)
def test_digits_and_slots_make_bytes(source: str, expected: bytes) -> None:
    """Two digits a byte."""
    assert expected == build(source, captured="ab CD")


@given(st.binary(), st.binary(), st.binary())
def test_hex_is_what_bytes_say_it_is(before: bytes, value: bytes, after: bytes) -> None:
    """Constants and slots alike."""
    source = before.hex(" ") + "{{ value }}" + after.hex()
    assert before + value + after == build(source, value=value.hex())


@pytest.mark.parametrize(
    ("source", "offset", "message"),
    [
        ("01 0g", 4, "'g' is not a hexadecimal digit"),
        ("0x01", 1, "'x' is not a hexadecimal digit"),
        ("é", 0, "'é' is not a hexadecimal digit"),
        ("\uff11\uff12", 0, "'\uff11' is not a hexadecimal digit"),
        ("012", 0, "an odd number of hexadecimal digits: two make a byte"),
        ("00{{ a }} 1", 10, "an odd number of hexadecimal digits: two make a byte"),
        ("0{{ a }}0", 0, "an odd number of hexadecimal digits: two make a byte"),
        ("{{ a }} }", 8, "'}' is not a hexadecimal digit"),
        ("{{ a }}00{{ b }} zz", 17, "'z' is not a hexadecimal digit"),
        ("00{{ id }}", 5, "the value of 'id' is not hexadecimal"),
        ("00 {{ seq }}", 6, "the value of 'seq' is not hexadecimal"),
        ("{{ client.index }}", 3, "the value of 'client.index' is not hexadecimal"),
    ],
)
def test_wrong_digits_are_told_with_their_place(source: str, offset: int, message: str) -> None:
    """The offset is in characters from the start of the text."""
    with pytest.raises(HexError) as caught:
        check_digits(source)
    assert (message, offset) == (caught.value.message, caught.value.offset)
    with pytest.raises(HexError):
        build(source)


@given(st.text())
def test_a_text_is_refused_or_makes_bytes(text: str) -> None:
    """What the check lets through can be built."""
    text = text.replace("{{", "")
    try:
        check_digits(text)
    except HexError as error:
        assert 0 <= error.offset < len(text)
    else:
        assert len("".join(text.split())) == 2 * len(build(text))


@pytest.mark.parametrize("value", ["zz", "abc", "é", 12, None, True, ["ab"], "0x00"])
def test_a_slot_that_is_no_hex_fails_the_message(value: Any) -> None:
    """Twelve could mean 0x0c or 0x12, so a number needs a filter."""
    with pytest.raises(MissingVariable) as caught:
        build("00{{ value }}", value=value)
    assert "not hexadecimal" in str(caught.value)
