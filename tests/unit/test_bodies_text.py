"""Text bodies and files: byte for byte what is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT, Client, tools

from wsrun.bodies import KINDS, compile_body
from wsrun.expressions import MissingVariable
from wsrun.plan import BodyPlan


def build(source: str, **variables: Any) -> bytes:
    """Return the body that a client sends."""
    client = Client(message_id="0000", variables=variables)
    return compile_body(BodyPlan(kind="text", source=source), tools())(client)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('42{{ seq }}["say",{"mid":"{{ id }}"}]', b'427["say",{"mid":"0000"}]'),
        ("a\r\n\tb\x00{% if %}{# c #}", b"a\r\n\tb\x00{% if %}{# c #}"),
        ("", b""),
        ("{{ room }}", "räume".encode()),
        ("ü{{ id }}ü", "ü0000ü".encode()),
        ("{{ seq }}", b"7"),
        ("{{ flag }} {{ nothing }} {{ numbers }}", b"true null [1,2.5]"),
        ("a\ud800b", b"a?b"),
    ],
)
def test_a_text_is_sent_as_written(source: str, expected: bytes) -> None:
    """Values that are no text stand in it as JSON."""
    assert expected == build(source, room="räume", flag=True, nothing=None, numbers=[1, 2.5])


@given(ANY_TEXT.filter(lambda text: "{" not in text), ANY_TEXT, ANY_TEXT.filter(lambda t: "{" not in t))
def test_what_stands_around_passes_byte_for_byte(before: str, value: str, after: str) -> None:
    """A slot changes itself and nothing else."""
    expected = (before + value + after).encode("utf-8", "replace")
    assert expected == build(before + "{{ value }}" + after, value=value)


def test_a_text_that_needs_what_nobody_wrote_is_not_built() -> None:
    """It is the message that fails."""
    with pytest.raises(MissingVariable):
        build("a {{ absent }}")


@given(st.binary())
def test_a_file_is_sent_byte_for_byte(content: bytes) -> None:
    """Braces in it are no templates."""
    for body in (content, b"{{ id }}" + content):
        assert body == compile_body(BodyPlan(kind="file", source=body), tools())(Client())


def test_there_is_a_module_for_each_kind() -> None:
    """The table is the list of kinds that a scenario may name."""
    assert sorted(KINDS) == ["file", "form", "hex", "json", "python", "text"]
