"""Ids of messages: unique, readable back, ordered digits, nothing else mistaken for one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT

from wsrun.expressions import IdMaker, parse_id
from wsrun.expressions.ids import MOST_CLIENTS, encode

CLIENTS = st.integers(0, MOST_CLIENTS - 1)
TIMES = st.integers(0, 36**10 - 1)


@given(CLIENTS, st.lists(TIMES, min_size=1, max_size=50))
def test_an_id_can_be_read_back(client: int, times: list[int]) -> None:
    """It holds who sent the message, when, and as which of its own, whatever the clock does in between."""
    maker = IdMaker(client)
    made = [maker.make(time) for time in times]
    assert [(client, time, number) for number, time in enumerate(times, 1)] == [
        parse_id(text) for text in made
    ]
    assert all(re.fullmatch("[0-9a-z]{20}", text) for text in made)


@given(st.lists(CLIENTS, min_size=2, max_size=5, unique=True), TIMES)
def test_ids_are_unique(clients: list[int], time: int) -> None:
    """Many messages of many clients in one microsecond have as many ids."""
    made = [maker.make(time) for maker in map(IdMaker, clients) for _ in range(100)]
    assert len(made) == len(set(made))


@pytest.mark.parametrize("start", [0, 1, 36**3 - 2, 36**4, 36**5 - 3])
def test_the_number_of_a_message_carries_over_all_digits(start: int) -> None:
    """Where the lower digits are full the upper ones go on; after the largest it begins again at 0."""
    maker = IdMaker(5, made=start)
    numbers = [parse_id(maker.make(0)) for _ in range(5)]
    assert [(5, 0, (start + step) % 36**5) for step in range(1, 6)] == numbers


def test_ids_of_one_client_sort_by_time() -> None:
    """Digits come before letters in ASCII as in base 36, so that sorted ids are in order."""
    maker = IdMaker(1)
    made = [maker.make(time) for time in (0, 35, 36, 46_655, 46_656, 10**9, 1_700_000_000_000_000)]
    assert sorted(made) == made


@pytest.mark.parametrize(
    "text",
    [
        *("", "0" * 19, "0" * 21, "A" * 20, "0" * 19 + " ", "0" * 19 + "\n", "-" + "0" * 19, "0" * 19 + "_"),
        *("\u0663" * 20, "\uff10" * 20, "0" * 19 + "\u00e9"),
    ],
)
def test_any_other_text_is_no_id(text: str) -> None:
    """A server may send anything."""
    assert parse_id(text) is None


@given(ANY_TEXT)
def test_no_text_makes_reading_raise(text: str) -> None:
    """Nothing is known about what comes."""
    parse_id(text)


@given(st.integers(0, 36**6), st.integers(1, 6))
def test_a_number_is_encoded_or_refused(number: int, length: int) -> None:
    """It has exactly so many digits, or does not fit."""
    if number >= 36**length:
        with pytest.raises(ValueError, match="more digits"):
            encode(number, length)
    else:
        assert (number, length) == (int(encode(number, length), 36), len(encode(number, length)))
