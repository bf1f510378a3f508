"""Regexes: those of RE2, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.patterns.regexes import LONGEST_SUBJECT, RegexError, compile_regex, is_regex, quote

HANGING = [
    "(a+)+$",
    "(a|a)*$",
    "(a|aa)+$",
    "(.*a){20}$",
    "^(([a-z])+.)+[A-Z]$",
    "(x+x+)+y",
    "(?:a?){30}a{30}",
]
"""Patterns that take a backtracking engine longer than anyone waits."""


@pytest.mark.parametrize("pattern", HANGING)
@pytest.mark.parametrize("subject", ["a" * 28 + "!", "a" * 50_000 + "!", "x" * LONGEST_SUBJECT])
def test_a_pattern_that_hangs_others_ends(pattern: str, subject: str) -> None:
    """With a backtracking engine this test would not come to its end."""
    compile_regex(pattern).search(subject)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        pytest.param(r"(a)\1", "invalid escape sequence", id="a back reference"),
        pytest.param("(?=a)", "invalid perl operator", id="a look-ahead"),
        pytest.param("(?<!a)b", "invalid", id="a look-behind"),
        pytest.param("(", "missing )", id="an open group"),
        pytest.param("*", "no argument", id="a star without anything"),
        pytest.param("a{2000}", "repetition", id="too many repetitions"),
        pytest.param(".{0,999}x.{0,999}y", "too large", id="a program that is too large"),
        pytest.param("\ud800", "no text", id="half a surrogate pair"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str, said: str) -> None:
    """The message tells why, and the help what to do."""
    with pytest.raises(RegexError) as caught:
        compile_regex(pattern)
    assert said in caught.value.message
    assert caught.value.help


def test_a_binary_pattern_reads_bytes() -> None:
    """One byte is one character, whatever UTF-8 would make of it."""
    found = compile_regex(r"^\xff(..)", binary=True).search(b"\xff\xc3\xa9")
    assert found is not None
    assert found.group(1) == b"\xc3\xa9"


def test_a_binary_pattern_has_no_character_beyond_a_byte() -> None:
    """It would otherwise fit a question mark."""
    with pytest.raises(RegexError):
        compile_regex("€", binary=True)


@given(st.text().filter(lambda text: text.isprintable()))
def test_a_quoted_text_fits_itself_alone(text: str) -> None:
    """Whatever a server sent, it is no grammar in a regex."""
    regex = compile_regex(f"^(?:{quote(text)})$")
    assert regex.search(text) is not None
    assert regex.search(text + "x") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("/a/", True), ("/a/b/", True), ("//", False), ("/", False), ("/a", False), ("a/", False), (5, False)],
)
def test_a_regex_stands_between_two_slashes(value: object, expected: bool) -> None:
    """The first and the last slash delimit it; those within belong to it."""
    assert expected is is_regex(value)
