"""Regexes: those of RE2, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT

from wsrun.patterns.regexes import LONGEST_SUBJECT, RegexError, compile_regex, is_regex, quote, search

HANGING = [
    r"(a+)+$",
    r"(a*)*$",
    r"(a|a)*$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"([a-zA-Z]+)*$",
    r"(.*a){20}$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(x+x+)+y",
    r"(?:a?){30}a{30}",
    r"(a+a+)+b",
    r"(a+){10}y",
    r"^(a+)*b$",
    r"^(?:a+)+[^a]b$",
    r"^(a|ab|b)*c$",
    r"(\w+\s*)+:$",
    r"^(\w+\s?)*$",
    r"^\s*(\w+\s*,?\s*)*;$",
    r"(.+)+\n",
    r"(.*)*\x00",
    r"^(.*?,){25}P",
    r"(\s|\s)+$",
    r"\s+$",
    r"^(\d+)*x$",
    r"^\d*\d*\d*\d*\d*\d*\d*\d*!!$",
    r".*.*=.*",
    r".*.*.*.*.*.*.*=x",
    r"^.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*b$",
    r"(?:.*?){30}!!",
    r"(([^,]*,?)*)*x",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
    r"^([\w\-.]+)+@([\w\-.]+)+\.[a-z]+$",
    r"^(([^<>()\[\]\\.,;:\s@\"]+(\.[^<>()\[\]\\.,;:\s@\"]+)*)|(\".+\"))@x$",
    r"^https?://([\w-]+\.)+[\w-]+(/[\w\-./?%&=]*)*$",
    r"^(?:(?:https?|ftp)://)?(?:\S+(?::\S*)?@)?(?:[a-z0-9]+-?)*[a-z0-9]+!$",
    r"<([a-z]+)(?:\s+[a-z]+(?:=\"[^\"]*\")?)*\s*/?>!",
    r"(<!--(?:-?[^-])*-->)+x",
    r"^\s*(?:(?:\"(?:[^\"]|\"\")*\"|[^,]*)\s*,?\s*)*x$",
    r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}(?:\w*)*!",
    r"^(\d+,?)+\.(\d+,?)+x$",
    r"([01]?[0-9]+:?)*[ap]m",
    r"(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)*@",
]
"""Patterns that take a backtracking engine longer than anyone waits."""


@pytest.mark.parametrize("pattern", HANGING)
@pytest.mark.parametrize("letter", ["a", "x", "a ", "1,", ".", "\t"])
def test_a_pattern_that_hangs_others_ends(pattern: str, letter: str) -> None:
    """With a backtracking engine this test would not come to its end."""
    regex = compile_regex(pattern)
    for length in (28, LONGEST_SUBJECT):
        search(regex, letter * length + "!")


def test_there_are_forty_such_patterns() -> None:
    """From papers, advisories and answers of the last twenty years."""
    assert len(set(HANGING)) >= 40


@given(ANY_TEXT, st.sampled_from(["a", ".", "^", "é", r"\pL+", "(?s).", "€|a"]))
def test_a_search_finds_what_re2_finds(text: str, pattern: str) -> None:
    """In bytes as in letters; half a character is a question mark."""
    whole = "".join("?" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    expected, found = compile_regex(pattern).search(whole), search(compile_regex(pattern), text)
    assert (expected is None) is (found is None)
    assert expected is None or expected.group(0) == found.group(0).decode()


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
