"""Message ids: 20 characters of ``[0-9a-z]`` that hold who sent a message, when, and as which of its own.

=========  =======================================================
digits     meaning, in base 36
=========  =======================================================
5          number of the client among all births of the run
10         microseconds since 1970, when the message was made
5          number of the message among those of the client, from 1
=========  =======================================================
"""

from __future__ import annotations

import itertools
import re
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE3: Final = 36**3
_BASE5: Final = 36**5
_BASE6: Final = 36**6
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
    """Makes the ids of one client; ``made`` is how many."""

    __slots__ = ("_high_number", "_high_time", "_prefix", "_upper", "made")

    def __init__(self, client_number: int) -> None:
        self.made = 0
        self._prefix = encode(client_number, 5)
        self._high_time = -1
        self._upper = ""
        self._high_number = "00"

    def make(self, now_us: int) -> str:
        """Return the next id; ``now_us`` is microseconds since 1970."""
        self.made = number = self.made + 1
        high, low = divmod(now_us, _BASE6)
        if high != self._high_time:
            # Changes every 36 minutes.
            self._high_time = high
            self._upper = self._prefix + encode(high, 4)
        above, below = divmod(low, _BASE3)
        high_number, low_number = divmod(number, _BASE3)
        if low_number == 0:
            self._high_number = encode(high_number, 2)
        return f"{self._upper}{_THREE[above]}{_THREE[below]}{self._high_number}{_THREE[low_number]}"


def parse_id(text: str) -> tuple[int, int, int] | None:
    """Return (client number, microseconds since 1970, message number) of an id, None for any other text."""
    if _PATTERN.fullmatch(text) is None:
        return None
    return int(text[:5], 36), int(text[5:15], 36), int(text[15:], 36)
