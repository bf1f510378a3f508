"""Finding ``{{ … }}`` in a text. What stands around passes byte for byte, ``{%`` and ``{#`` included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 1000
"""Characters of the longest expression."""


class ExpressionError(ValueError):
    """An expression is wrong: ``offset`` is where in the text, in characters, ``help`` what to write."""

    def __init__(self, message: str, offset: int, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.help = help


class MissingVariable(Exception):  # noqa: N818  (a state of a client, not a defect)
    """A compiled expression needs a name to which nothing has been written yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


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
    while (begin := text.find("{{", position)) >= 0:
        if begin > position:
            yield text[position:begin]
        end = _end_of(text, begin)
        yield _expression(text[begin + 2 : end], begin + 2)
        position = end + 2
    if position < len(text):
        yield text[position:]


def _end_of(text: str, begin: int) -> int:
    """Return where the ``}}`` of the expression that begins at ``begin`` stands."""
    quote = ""
    depth = 0
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
        elif letter in "{[(":
            depth += 1
        elif letter == "}" and depth == 0 and text.startswith("}}", index):
            return index
        elif letter in "}])":
            depth = max(depth - 1, 0)
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
    from wsrun.expressions.environment import names_of

    names, optional = names_of(stripped, at)
    return Expr(stripped, at, names, optional)
