"""Message ids: 20 characters of ``[0-9a-z]`` that hold who sent a message, when, and as which of its own.

=========  =======================================================
digits     meaning, in base 36
=========  =======================================================
5          number of the client among all births of the run
10         microseconds since 1970, when the message was made
5          number of the message among those of the client, from 1
=========  =======================================================

After 60 466 175 messages of one client the numbers begin again; the time still tells them apart.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE2: Final = 36**2
_BASE3: Final = 36**3
_BASE5: Final = 36**5
_PATTERN: Final = re.compile(r"[0-9a-z]{20}")

MOST_CLIENTS: Final = _BASE5
"""Clients that can be told apart, and messages of one client: 60 466 176."""


def encode(number: int, length: int) -> str:
    """Return a number in base 36 with leading zeros; raises ValueError when it does not fit."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    if number:
        raise ValueError("the number has more digits than there is room for")
    return "".join(reversed(digits))


# All numbers of three digits, as text: an id is then two divisions and three lookups.
_THREE: Final = tuple(map("".join, itertools.product(_DIGITS, repeat=3)))


class IdMaker:
    """Makes the ids of one client.

    A window is the 46 ms in which ids differ in the lowest three digits of their time.
    """

    __slots__ = ("_high_number", "_high_time", "_low_number", "_prefix", "_upper", "_upper_number", "_window")

    def __init__(self, client_number: int, made: int = 0) -> None:
        """``client_number`` is less than ``MOST_CLIENTS``; a larger one raises ValueError.

        ``made``: ids that the client has made already.
        """
        self._prefix = encode(client_number, 5)
        self._window = -_BASE3
        self._high_time = (-1, "")
        self._upper = ""
        self._high_number, self._low_number = divmod(made, _BASE3)
        self._upper_number = encode(self._high_number % _BASE2, 2)

    @property
    def made(self) -> int:
        """How many ids were made."""
        return self._high_number * _BASE3 + self._low_number

    def make(self, now_us: int) -> str:
        """Return the next id; ``now_us`` is microseconds since 1970."""
        since = now_us - self._window
        if not 0 <= since < _BASE3:
            since = self._turn(now_us)
        self._low_number = number = self._low_number + 1
        if number == _BASE3:
            self._high_number += 1
            self._upper_number = encode(self._high_number % _BASE2, 2)
            self._low_number = number = 0
        return f"{self._upper}{_THREE[since]}{self._upper_number}{_THREE[number]}"

    def _turn(self, now_us: int) -> int:
        """Begin a window, and return the microseconds since its begin.

        What its ids have in common is the client and the upper seven digits of the time.
        """
        window, since = divmod(now_us, _BASE3)
        self._window = now_us - since
        high, above = divmod(window, _BASE3)
        if high != self._high_time[0]:  # Once in 36 minutes.
            self._high_time = (high, self._prefix + encode(high, 4))
        self._upper = self._high_time[1] + _THREE[above]
        return since


def parse_id(text: str) -> tuple[int, int, int] | None:
    """Return (client number, microseconds since 1970, message number) of an id, None for any other text."""
    if len(text) != 20 or _PATTERN.fullmatch(text) is None:
        return None
    return int(text[:5], 36), int(text[5:15], 36), int(text[15:], 36)
