"""Who makes the ids of messages, whose shape ``ids`` tells; ``id_maker.pyx`` is the same, compiled."""

from __future__ import annotations

import itertools
from typing import Final

from wsrun.expressions.ids import DIGITS, encode

_BASE2: Final = 36**2
_BASE3: Final = 36**3

# All numbers of two digits, as text. Those of three would take 3 MiB, and fetching from there more time than
# two more pieces of a text do.
_TWO: Final = tuple(map("".join, itertools.product(DIGITS, repeat=2)))


class TimeDigits:
    """The upper eight digits of the time, as text, for all ids that are made within 1.3 ms.

    One for all clients of a worker, so that nearly nobody has to make them. ``window`` is when they began, in
    microseconds since 1970.
    """

    __slots__ = ("text", "window")

    def __init__(self) -> None:
        self.window = -_BASE2
        self.text = ""

    def turn(self, now_us: int) -> int:
        """Begin another window, and return the microseconds since its begin."""
        number, since = divmod(now_us, _BASE2)
        self.window = now_us - since
        self.text = encode(number, 8)
        return since


class IdMaker:
    """Makes the ids of one client."""

    __slots__ = ("_high_number", "_low_number", "_prefix", "_time", "_upper_number")

    def __init__(self, client_number: int, made: int = 0, time: TimeDigits | None = None) -> None:
        """``client_number`` is less than ``MOST_CLIENTS``; a larger one raises ValueError.

        ``made``: ids that the client has made already. ``time`` is shared by those who make ids at about the
        same time; None: with nobody.
        """
        self._prefix = encode(client_number, 5)
        self._time = time or TimeDigits()
        self._high_number, self._low_number = divmod(made, _BASE2)
        self._upper_number = encode(self._high_number % _BASE3, 3)

    @property
    def made(self) -> int:
        """How many ids were made."""
        return self._high_number * _BASE2 + self._low_number

    def make(self, now_us: float) -> str:
        """Return the next id; ``now_us`` is microseconds since 1970, of which whole ones are told."""
        time = self._time
        since = int(now_us) - time.window
        if not 0 <= since < _BASE2:
            since = time.turn(int(now_us))
        number = self._low_number + 1
        if number == _BASE2:
            self._high_number += 1
            self._upper_number = encode(self._high_number % _BASE3, 3)
            number = 0
        self._low_number = number
        return f"{self._prefix}{time.text}{_TWO[since]}{self._upper_number}{_TWO[number]}"
