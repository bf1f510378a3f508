"""Patterns as written to conditions: mappings from sources to values or tests, or lists of such mappings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.expressions import parse
from wsrun.expressions.compile import is_constant
from wsrun.patterns.regexes import RegexError, compile_regex, is_regex
from wsrun.patterns.sources import Source, SourceError, parse_source
from wsrun.patterns.tests import TESTS, check_hex

Path = tuple[str | int, ...]


class PatternError(ValueError):
    """A pattern is wrong. ``path`` leads from the pattern to the place: keys, and indexes of lists."""

    def __init__(self, message: str, path: Path, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.path = path
        self.help = help


@dataclass(frozen=True, slots=True)
class Condition:
    """One source and what is asked of it.

    ``test`` is one of TESTS, or ``equal``. ``value`` is as written, but that a regex has lost its slashes and
    ``not`` holds a mapping from test to value.
    """

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
        ExpressionError: a template in it cannot be read.
    """
    if isinstance(value, list | tuple):
        if not value:
            raise PatternError("a list of patterns needs at least one", ())
        return Pattern(tuple(_alternative(inner, (number,)) for number, inner in enumerate(value)))
    return Pattern((_alternative(value, ()),))


def _alternative(value: Any, path: Path) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise PatternError("a pattern maps sources to values", path, "write { $.type: said }")
    return tuple(
        condition for key, wanted in value.items() for condition in _conditions(str(key), wanted, path)
    )


def _conditions(key: str, wanted: Any, path: Path) -> list[Condition]:
    here = (*path, key)
    try:
        source = parse_source(key)
    except SourceError as error:
        raise PatternError(error.message, here, error.help) from error
    conditions = [Condition(source, test, value) for test, value in _tests(source, wanted, here)]
    for condition in conditions:
        is_constant(condition.value)  # Reads every template in it, and raises where one cannot be read.
    return conditions


def _tests(source: Source, wanted: Any, path: Path) -> list[tuple[str, Any]]:
    """Return tests and values of what stands behind a source, or behind ``not``."""
    if isinstance(wanted, Mapping):
        if not wanted:
            raise PatternError("tests are missing", path, f"name one of {', '.join(TESTS)}")
        return [_test(source, str(name), value, (*path, name)) for name, value in wanted.items()]
    if is_regex(wanted):
        _check_regex(wanted[1:-1], path)
        return [("regex", wanted[1:-1])]
    if source.kind == "hex":
        _check_hex(wanted, path)
    elif source.kind in ("number", "status") and isinstance(wanted, str) and is_constant(wanted):
        raise PatternError(f"{source.text} is a number", path, "write the number without quotes")
    return [("equal", wanted)]


def _test(source: Source, name: str, value: Any, path: Path) -> tuple[str, Any]:
    if name not in TESTS:
        near = difflib.get_close_matches(name, TESTS, 1)
        words = f"tests are {', '.join(TESTS)}; compare objects with subset"
        raise PatternError(
            f"{name[:60]!r} is not a test", path, f"did you mean {near[0]}?" if near else words
        )
    match name:
        case "not":
            return name, dict(_tests(source, value, path))
        case "exists" if not isinstance(value, bool):
            raise PatternError("exists is true or false", path)
        case "in":
            _check_choice(source, value, path)
        case "min" | "max":
            _check_number(name, value, path)
        case "prefix":
            _check_text(name, value, path)
            if source.kind == "hex":
                _check_hex(value, path)
        case "regex":
            _check_text(name, value, path)
            value = value[1:-1] if is_regex(value) else value
            _check_regex(value, path)
        case "schema":
            _check_schema(value, path)
    return name, value


def _check_text(name: str, value: Any, path: Path) -> None:
    if not isinstance(value, str):
        raise PatternError(f"{name} needs a text", path)


def _check_number(name: str, value: Any, path: Path) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and parse(value).is_single):
        raise PatternError(f"{name} needs a number", path)


def _check_choice(source: Source, value: Any, path: Path) -> None:
    if isinstance(value, str) and parse(value).is_single:
        return
    if not isinstance(value, list | tuple) or not value:
        raise PatternError("in needs a list of values", path, "write { in: [ a, b ] }")
    if source.kind == "hex":
        for number, one in enumerate(value):
            _check_hex(one, (*path, number))


def _check_regex(pattern: str, path: Path) -> None:
    # The value of a template stands in a regex as the text that it is, so any text shows what the rest is.
    shown = "".join(part if isinstance(part, str) else "(?:x)" for part in parse(pattern).parts)
    try:
        compile_regex(shown)
    except RegexError as error:
        raise PatternError(error.message, path, error.help) from error


def _check_hex(value: Any, path: Path) -> None:
    if not isinstance(value, str):
        raise PatternError("hex is compared with a text of hexadecimal digits", path, "quote it: '01 ff'")
    if is_constant(value) and not check_hex(value):
        advice = "two digits a byte, xx for any byte, a last .. for any rest"
        raise PatternError(f"{value[:60]!r} is not hexadecimal", path, advice)


def _check_schema(value: Any, path: Path) -> None:
    from wsrun.patterns.schemas import check_schema

    if not is_constant(value):
        raise PatternError("a schema takes no templates", path)
    problem = check_schema(value)
    if problem is not None:
        raise PatternError(problem, path)
