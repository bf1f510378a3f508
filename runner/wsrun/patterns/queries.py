"""JSONPath (RFC 9535) beyond plain ways through a document, with bounds on what a path can cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from jsonpath import JSONPathEnvironment
from jsonpath.function_extensions import ExpressionType, FilterFunction

from wsrun.patterns.frame import ABSENT
from wsrun.patterns.regexes import LONGEST_SUBJECT, RegexError, compile_regex

_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BOUNDS: Final = {"..": 1, "?": 3, ",": 8}
"""How often each may stand in a path: they multiply, and a document may hold half a million nodes."""


class QueryError(ValueError):
    """A path does not parse, or could take too long."""


class _Search(FilterFunction):
    """The functions ``match`` and ``search`` of the RFC, with RE2, because Python's own regexes can hang."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    @property
    def arg_types(self) -> list[ExpressionType]:
        """Two values."""
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        """Whether it is so."""
        return ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        """Whether the pattern is in the value, or is the whole of it."""
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        try:
            regex = compile_regex(f"^(?:{pattern})$" if self._whole else pattern)
        except RegexError:
            return False
        return regex.search(value[:LONGEST_SUBJECT]) is not None


class _Environment(JSONPathEnvironment):
    """The RFC, without the library's own additions."""

    def setup_function_extensions(self) -> None:
        """Set up the functions of the RFC."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _Search(whole=True)
        self.function_extensions["search"] = _Search(whole=False)


def compile_query(text: str) -> Callable[[Any], Any]:
    """Compile a path to a function from document to the first value that it leads to, or ABSENT.

    Raises:
        QueryError: the path does not parse, or multiplies too often.
    """
    bare = _LITERAL.sub("''", text)
    for word, most in _BOUNDS.items():
        if bare.count(word) > most:
            raise QueryError(f"{word!r} stands in it more than {most} time{'s'[: most > 1]}")
    try:
        path = _Environment(strict=True).compile(text)
    except Exception as error:  # The library raises many types for a path that it does not like.
        raise QueryError(str(error).split("\n")[0]) from error

    def find(document: Any) -> Any:
        if document.__class__ is not dict and document.__class__ is not list:
            return ABSENT
        try:
            found = path.match(document)
        except Exception:
            # Comparisons and functions meet values of any type, nested to any depth.
            return ABSENT
        return ABSENT if found is None else found.value

    return find
