"""Finding ``{{ … }}`` in a text. What stands around passes byte for byte, ``{%`` and ``{#`` included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST: Final = 1000
"""Characters of the longest expression."""

MOST: Final = 1000
"""Expressions in one text."""

_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CALL: Final = re.compile(r"(uuid|fake\.[^\W\d_]\w*)\(\)")
_WORDS: Final = frozenset(
    ("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None", "self")
)


class ExpressionError(ValueError):
    """An expression is wrong. ``offset`` is where in the text, in characters; ``help`` what to write."""

    def __init__(self, message: str, offset: int, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.help = help


class MissingVariable(Exception):
    """A compiled expression needs ``name``, to which nothing has been written yet; the text says so.

    ``cause`` is what errors of it are counted by.
    """

    cause = "missing-variable"

    def __init__(self, name: str, reason: str | None = None) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        if self.reason is None:
            return f"nothing was written to {self.name} yet"
        return f"{self.name} has no value: {self.reason}"


@dataclass(frozen=True, slots=True)
class Expr:
    """One expression: its ``source`` between the braces, where it begins in the text, the names it uses.

    ``names`` are dotted paths from a root, such as ``("client", "index")``. ``optional`` are those of them
    that may be missing, because ``default`` stands behind them.
    """

    source: str
    offset: int
    names: frozenset[tuple[str, ...]]
    optional: frozenset[tuple[str, ...]] = frozenset()

    @property
    def path(self) -> tuple[str, ...] | None:
        """The dotted name that the expression is, None when it is more than a name."""
        path = tuple(self.source.split("."))
        return path if self.names == {path} else None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with its expressions."""

    text: str
    parts: tuple[str | Expr, ...]

    @property
    def is_constant(self) -> bool:
        """Whether there is no expression in it."""
        return all(isinstance(part, str) for part in self.parts)

    @property
    def is_single(self) -> bool:
        """Whether it is exactly one expression, whose value keeps its type."""
        return len(self.parts) == 1 and not isinstance(self.parts[0], str)


@lru_cache(maxsize=4096)
def parse(text: str) -> Template:
    """Find and check the expressions of a text.

    Raises:
        ExpressionError: one is not closed, empty, too long, or no expression.
    """
    return Template(text, tuple(_parts(text)))


def _parts(text: str) -> Iterator[str | Expr]:
    position = 0
    number = 0
    while (begin := text.find("{{", position)) >= 0:
        number += 1
        if number > MOST:
            raise ExpressionError(f"more than {MOST} expressions in one text", begin)
        if begin > position:
            yield text[position:begin]
        end = _end_of(text, begin)
        yield _expression(text[begin + 2 : end], begin + 2)
        position = end + 2
    if position < len(text):
        yield text[position:]


def _end_of(text: str, begin: int) -> int:
    """Return where the ``}}`` of the expression that begins at ``begin`` stands.

    Quotes are honoured, and the braces of a mapping inside: ``{{ {"a": {"b": 1}} }}`` is one expression.
    """
    quote = ""
    braces = 0
    index = begin + 2
    while index < len(text):
        letter = text[index]
        if quote:
            if letter == "\\":
                index += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter == "{":
            braces += 1
        elif letter == "}" and braces:
            braces -= 1
        elif letter == "}" and text.startswith("}}", index):
            return index
        index += 1
    if quote:
        raise ExpressionError("a quote inside this expression is not closed", begin, f"close it with {quote}")
    raise ExpressionError("this expression is not closed", begin, "close it with }}")


def _expression(source: str, offset: int) -> Expr:
    stripped = source.strip()
    at = offset + (len(source) - len(source.lstrip()))
    if not stripped:
        raise ExpressionError("this expression is empty", offset, "write a name between {{ and }}")
    if len(stripped) > LONGEST:
        raise ExpressionError(f"this expression is longer than {LONGEST} characters", at)
    if source.startswith(("- ", "+ ")) or source.endswith((" -", " +")):
        advice = "write {{ and }}: white space around an expression stays as it is"
        raise ExpressionError("this mark has no meaning at a brace", offset, advice)
    # Most expressions are a name or a call without arguments: they need no Jinja2, whose import takes 35 ms.
    if _PATH.fullmatch(stripped) and stripped not in _WORDS:
        path = tuple(stripped.split("."))
        if path[0] not in _WORDS:
            return Expr(stripped, at, frozenset((path,)))
    call = _CALL.fullmatch(stripped)
    if call is not None:
        return Expr(stripped, at, frozenset((tuple(call.group(1).split(".")),)))
    from wsrun.expressions.syntax import names_of

    names, optional = names_of(stripped, at)
    return Expr(stripped, at, names, optional)
