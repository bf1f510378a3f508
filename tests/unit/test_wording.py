"""How diagnostics speak."""

from __future__ import annotations

from typing import Any

import pytest

from wsrun import wording


@pytest.mark.parametrize(
    ("value", "written", "text"),
    [
        (None, None, "nothing"),
        (True, None, "true"),
        (10, "010", "the number 010"),
        (2.5, None, "the number 2.5"),
        ("abc", None, "the text 'abc'"),
        ("hunter2", "${PASSWORD}", "the text '${PASSWORD}'"),
        ([], None, "an empty list"),
        ([1], None, "a list"),
        ({}, None, "an empty mapping"),
        ({"a": 1}, None, "a mapping"),
    ],
)
def test_values_are_described_as_they_are_written(value: Any, written: str | None, text: str) -> None:
    """Numbers keep their zeros, and what the environment put in goes by its name."""
    assert wording.described(value, written) == text


def test_long_values_are_cut() -> None:
    """No message repeats a whole value."""
    assert wording.quoted("x" * 100) == f"'{'x' * 59}…'"


def test_examples_are_written_in_flow_style() -> None:
    """As somebody would type them, with quotes only where YAML needs them."""
    value = {"match": {"$.id": "{{ id }}"}, "n": 1, "list": ["a", True], "empty": {}}
    assert wording.in_flow(value) == '{ match: { $.id: "{{ id }}" }, n: 1, list: [ a, true ], empty: {} }'


def test_words_are_joined_as_prose() -> None:
    """The last two are joined by a word."""
    joined = [wording.joined(words.split(), "or") for words in ("a", "a b", "a b c")]
    assert joined == ["a", "a or b", "a, b or c"]


@pytest.mark.parametrize(
    ("word", "choices", "help_text"),
    [
        ("lenght", ["length", "width"], "did you mean 'length'?"),
        ("warm-up", ["warm_up"], "did you mean 'warm_up'?"),
        ("Url", ["url"], "did you mean 'url'?"),
        ("colour", ["length", "width"], "keys: length, width"),
        ("x", [], "there are no keys"),
        ("x" * 5000, ["length"], "keys: length"),
    ],
)
def test_a_wrong_name_gets_the_nearest_or_all(word: str, choices: list[str], help_text: str) -> None:
    """A suggestion only within a small distance, otherwise the list."""
    assert wording.choose(word, choices, "keys") == help_text


def test_a_long_list_of_choices_is_cut() -> None:
    """Twenty-four are enough to see what they are like."""
    help_text = wording.choose("zzz", [f"message-{number}" for number in range(100)], "messages")
    assert help_text.endswith("message-23 and 76 more")
