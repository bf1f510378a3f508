"""Text from strangers is harmless in a view, and sentences are put together as people write them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.view.words import clean, cleaned, counted, cut, listing, plain, strong, text

DANGEROUS = {"Cc", "Cs", "Zl", "Zp"}
DIRECTIONS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain text, ü, 漢, 👍", "plain text, ü, 漢, 👍"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("non\u202fbreaking", "non\u202fbreaking"),
    ],
)
def test_what_could_deceive_is_written_as_a_code(raw: str, expected: str) -> None:
    """Controls, escapes, directions, tags and lone surrogates; everything else stays."""
    assert clean(raw) == expected


@given(st.text(st.characters()))
def test_no_text_keeps_a_character_that_moves_a_cursor_or_cannot_be_encoded(raw: str) -> None:
    """Whatever goes in, what comes out can be written as UTF-8, on one line, in one direction."""
    safe = clean(raw)

    assert not {unicodedata.category(character) for character in safe} & DANGEROUS
    assert not set(safe) & DIRECTIONS
    assert clean(safe) == safe
    safe.encode("utf-8")


def test_every_text_of_a_structure_is_cleaned_keys_included() -> None:
    """Numbers, truth and null stay what they are, and the original is not touched."""
    original = {"a\n": ["b\x00", 1, None, True, {"c": "\u202e"}]}

    assert cleaned(original) == {r"a\n": [r"b\x00", 1, None, True, {"c": r"\u202e"}]}
    assert list(original) == ["a\n"]


def test_a_long_text_ends_in_an_ellipsis() -> None:
    """The cut text is as long as allowed, the ellipsis included."""
    assert cut("x" * 80) == "x" * 80
    assert cut("x" * 81) == "x" * 79 + "…"


def test_nouns_and_lists_read_as_sentences_do() -> None:
    """One has no plural, two have no comma."""
    assert counted(1, "message") == "1 message"
    assert counted(1899, "reply", "replies") == "1\u202f899 replies"
    assert [listing(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_marked_up_text_is_its_words_without_the_marks() -> None:
    """Empty parts vanish, styles do not change the words."""
    assert plain(text("Also: ", strong("12 closed"), "", ".")) == "Also: 12 closed."
