"""Reading the text of a criterion from left to right, with errors that know their place."""

from __future__ import annotations

import re
from fractions import Fraction

from wsrun.units import BYTES, MICROSECONDS

NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
"""Digits, and at most one decimal point between digits."""

_MORE_DIGITS = re.compile(r"[_.]|,[0-9]")
_UNIT = re.compile(r"[A-Za-zµμ]+|%")
_SPACE = re.compile(r"\s*")
_WORD_LIKE = re.compile(r"[^\s()]+|.")
_UNITS_HELP = f"units: {' '.join(reversed(MICROSECONDS))}, {' '.join(BYTES)}, %"


class CriterionError(ValueError):
    """A text is not a criterion.

    ``offset`` and ``length`` (characters, at least 1) say which part of the text is wrong, ``message`` why,
    and ``help`` what to write instead, if that can be told.
    """

    def __init__(self, message: str, offset: int, length: int, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = max(length, 1)
        self.help = help


class Scanner:
    """A text and the place ``at`` (characters) that is read next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        """Go over white space."""
        match = _SPACE.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def looking_at(self, token: str) -> bool:
        """Tell whether ``token`` comes next."""
        return self.text.startswith(token, self.at)

    def word(self) -> str:
        """Return what comes next, up to a space or a parenthesis, for messages; reads nothing."""
        match = _WORD_LIKE.match(self.text, self.at)
        return match[0] if match else ""

    def number(self) -> Fraction:
        """Read a number, exactly: 99.9 % has to be the float nearest to 0.999."""
        match = NUMBER.match(self.text, self.at)
        if match is None:
            if self.looking_at("+") or self.looking_at("-"):
                raise self.error("a number has no sign here")
            if self.looking_at("."):
                raise self.error("a number begins with a digit", f"write 0{self.word()}")
            raise self.error(
                f"a quantity is expected here, not '{self.word()}'", "write one such as 200ms or 95%"
            )
        self.at = match.end()
        if _MORE_DIGITS.match(self.text, self.at):
            self.at = match.start()
            raise self.error(f"'{self.word()}' is not a number", "write digits and one decimal point: 1500.5")
        return Fraction(match[0])

    def unit(self) -> str | None:
        """Read a unit if letters or a percent sign come next."""
        match = _UNIT.match(self.text, self.at)
        if match is None:
            return None
        if match[0] != "%" and match[0] not in MICROSECONDS and match[0] not in BYTES:
            raise _unknown_unit(match)
        self.at = match.end()
        return match[0]

    def period(self) -> Fraction:
        """Read what stands after the slash of a rate, in seconds: ``s``, ``100ms``."""
        self.skip()
        start = self.at
        match = NUMBER.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            self.skip()
        many = Fraction(match[0]) if match else Fraction(1)
        unit = self.unit()
        if unit is None or unit not in MICROSECONDS:
            help_text = "write a unit of time after the slash: 500/s, 20/m, 1/100ms"
            raise CriterionError("a time is expected after '/'", start, max(self.at - start, 1), help_text)
        if many == 0:
            raise CriterionError("a rate in no time", start, self.at - start, "write 500/s, 20/m or 1/100ms")
        return many * MICROSECONDS[unit] / 10**6

    def error(
        self,
        message: str,
        help: str | None = None,  # noqa: A002
        start: int | None = None,
        *,
        length: int | None = None,
    ) -> CriterionError:
        """An error at the next word, or from ``start`` to the end of the next word."""
        begin = self.at if start is None else start
        if length is None:
            length = self.at + len(self.word()) - begin
        return CriterionError(message, begin, length, help)

    def expected(self, what: str) -> CriterionError:
        """An error that says what should come next."""
        if self.at == len(self.text):
            return self.error(f"{what} is expected here")
        return self.error(f"{what} is expected here, not '{self.word()}'")


def _unknown_unit(match: re.Match[str]) -> CriterionError:
    wrong = match[0]
    known = [*MICROSECONDS, *BYTES]
    meant = next((unit for unit in known if unit.casefold() == wrong.casefold()), None)
    help_text = f"write {meant}; {_UNITS_HELP}" if meant else _UNITS_HELP
    return CriterionError(f"'{wrong}' is not a unit", match.start(), len(wrong), help_text)
