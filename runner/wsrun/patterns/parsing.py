"""Patterns as written to conditions: a mapping from sources to values or tests, or a list of these."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.expressions import parse
from wsrun.patterns.sources import Source, SourceError, compile_regex, parse_source

TESTS = ("not", "in", "min", "max", "prefix", "regex", "subset", "schema", "exists")
"""The words that may stand in place of a value."""


class PatternError(ValueError):
    """A pattern is wrong. ``path`` leads from the pattern to the place: keys, and indexes of lists."""

    def __init__(self, message: str, path: tuple[str | int, ...], help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.path = path
        self.help = help


@dataclass(frozen=True, slots=True)
class Condition:
    """One source and what is asked of it: ``test`` is one of TESTS, or ``equal``."""

    source: Source
    test: str
    value: Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """Alternatives, of which one must hold; each is a tuple of conditions, of which all must."""

    alternatives: tuple[tuple[Condition, ...], ...]


def parse_pattern(value: Any) -> Pattern:
    """Parse a pattern.

    Raises:
        PatternError: a source, a test, a regex or a schema in it is wrong.
    """
    if isinstance(value, list | tuple):
        if not value:
            raise PatternError("a list of patterns needs at least one", ())
        return Pattern(tuple(_alternative(inner, (number,)) for number, inner in enumerate(value)))
    return Pattern((_alternative(value, ()),))


def _alternative(value: Any, path: tuple[str | int, ...]) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise PatternError("a pattern maps sources to values", path, "write { $.type: said }")
    return tuple(
        condition for key, wanted in value.items() for condition in _conditions(str(key), wanted, path)
    )


def _conditions(key: str, wanted: Any, path: tuple[str | int, ...]) -> list[Condition]:
    try:
        source = parse_source(key)
    except SourceError as error:
        raise PatternError(error.message, (*path, key), error.help) from error
    here = (*path, key)
    if not isinstance(wanted, Mapping):
        if isinstance(wanted, str) and is_regex(wanted):
            _check_regex(wanted[1:-1], here)
        elif source.kind == "hex":
            _check_hex(wanted, here)
        return [Condition(source, "equal", wanted)]
    if not wanted:
        raise PatternError("tests are missing", here, f"name one of {', '.join(TESTS)}")
    return [_test(source, str(name), value, here) for name, value in wanted.items()]


def _test(source: Source, name: str, value: Any, path: tuple[str | int, ...]) -> Condition:
    here = (*path, name)
    if name not in TESTS:
        near = difflib.get_close_matches(name, TESTS, 1)
        advice = (
            f"did you mean {near[0]}?"
            if near
            else f"tests are {', '.join(TESTS)}; compare objects with subset"
        )
        raise PatternError(f"{name[:60]!r} is not a test", here, advice)
    if name == "exists" and not isinstance(value, bool):
        raise PatternError("exists is true or false", here)
    if name == "in" and not isinstance(value, list | tuple):
        raise PatternError("in needs a list of values", here, "write { in: [ a, b ] }")
    if name in ("min", "max") and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise PatternError(f"{name} needs a number", here)
    if name in ("prefix", "regex") and not isinstance(value, str):
        raise PatternError(f"{name} needs a text", here)
    if name == "regex":
        _check_regex(value.removeprefix("/").removesuffix("/") if is_regex(value) else value, here)
    if name == "schema":
        from wsrun.patterns.schemas import check_schema

        problem = check_schema(value)
        if problem is not None:
            raise PatternError(problem, here)
    return Condition(source, name, value)


def is_regex(value: str) -> bool:
    """Whether an expected text is a regex between slashes."""
    return len(value) > 2 and value.startswith("/") and value.endswith("/") and parse(value).is_constant


def _check_regex(pattern: str, path: tuple[str | int, ...]) -> None:
    try:
        compile_regex(pattern)
    except SourceError as error:
        raise PatternError(error.message, path, error.help) from error


def _check_hex(value: Any, path: tuple[str | int, ...]) -> None:
    if not isinstance(value, str):
        raise PatternError("hex is compared with a text of hexadecimal digits", path, "quote it: '01 ff'")
    if not parse(value).is_constant:
        return
    digits = "".join(value.split()).lower()
    body = digits.removesuffix("..")
    pairs = [body[index : index + 2] for index in range(0, len(body), 2)]
    if any(len(pair) < 2 or (pair != "xx" and set(pair) - set("0123456789abcdef")) for pair in pairs):
        raise PatternError(
            f"{value[:60]!r} is not hexadecimal",
            path,
            "two digits a byte, xx for any byte, a last .. for any rest",
        )
