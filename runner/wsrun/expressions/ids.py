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

import re
from typing import Final

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PATTERN: Final = re.compile(r"[0-9a-z]{20}")

MOST_CLIENTS: Final = 36**5
"""Clients that can be told apart, and messages of one client: 60 466 176."""


def encode(number: int, length: int) -> str:
    """Return a number in base 36 with leading zeros; raises ValueError when it does not fit."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(DIGITS[digit])
    if number:
        raise ValueError("the number has more digits than there is room for")
    return "".join(reversed(digits))


def parse_id(text: str) -> tuple[int, int, int] | None:
    """Return (client number, microseconds since 1970, message number) of an id, None for any other text."""
    if len(text) != 20 or _PATTERN.fullmatch(text) is None:
        return None
    return int(text[:5], 36), int(text[5:15], 36), int(text[15:], 36)
