"""The tests of patterns: functions from a value, or ABSENT, to whether it passes; whatever the value is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from wsrun.expressions import text_of
from wsrun.patterns.equality import contains, equal
from wsrun.patterns.frame import ABSENT
from wsrun.patterns.regexes import RegexError, compile_regex, search
from wsrun.patterns.sources import Source

Test = Callable[[Any], bool]
Make = Callable[[Source, Any], Test]

HEX_DIGITS: Final = frozenset("0123456789abcdef")


def make_test(source: Source, test: str, wanted: Any) -> Test:
    """Return the test of a source for a wanted value whose templates are filled in.

    An absent value passes ``exists: false`` and nothing else. A wanted value that makes no sense, because a
    server sent it, makes a test that nothing passes.
    """
    passes = _MAKERS[test](source, wanted)
    if test in ("exists", "equal", "in"):
        return passes
    return lambda value: value is not ABSENT and passes(value)


def _exists(source: Source, wanted: Any) -> Test:
    return lambda value: (value is not ABSENT) is wanted


def _equal(source: Source, wanted: Any) -> Test:
    if source.kind == "hex":
        return _hex(wanted)
    if source.gives_text:
        wanted = text_of(wanted)
    if isinstance(wanted, str):
        return lambda value: value == wanted
    return lambda value: equal(value, wanted)


def _in(source: Source, wanted: Any) -> Test:
    if not isinstance(wanted, list | tuple):
        return _nothing
    tests = [_equal(source, one) for one in wanted]
    return lambda value: any(test(value) for test in tests)


def _not(source: Source, wanted: Any) -> Test:
    tests = [make_test(source, test, inner) for test, inner in wanted.items()]
    return lambda value: not all(test(value) for test in tests)


def _minimum(source: Source, wanted: Any) -> Test:
    least = _number(source, wanted)
    if least is None:
        return _nothing
    return lambda value: (number := _number(source, value)) is not None and number >= least


def _maximum(source: Source, wanted: Any) -> Test:
    most = _number(source, wanted)
    if most is None:
        return _nothing
    return lambda value: (number := _number(source, value)) is not None and number <= most


def _number(source: Source, value: Any) -> int | float | None:
    """Return a value as a number; the text that a regex gives is read as JSON would."""
    if isinstance(value, str) and source.gives_text:
        try:
            value = orjson.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _prefix(source: Source, wanted: Any) -> Test:
    if source.kind == "hex":
        return _hex(f"{wanted}..")
    text = text_of(wanted)
    return lambda value: isinstance(value, str) and value.startswith(text)


def _regex(source: Source, wanted: Any) -> Test:
    """Search in text; a number is searched as JSON writes it."""
    try:
        regex = compile_regex(text_of(wanted))
    except RegexError:
        return _nothing

    def found(value: Any) -> bool:
        if isinstance(value, str):
            return search(regex, value) is not None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return search(regex, text_of(value)) is not None
        return False

    return found


def _subset(source: Source, wanted: Any) -> Test:
    return lambda value: contains(value, wanted)


def _schema(source: Source, wanted: Any) -> Test:
    from wsrun.patterns.schemas import compile_schema

    return compile_schema(wanted)


def _nothing(value: Any) -> bool:
    return False


def check_hex(text: str) -> bool:
    """Whether a text is hexadecimal as patterns write it: ``xx`` for any byte, a last ``..`` for any rest."""
    body, _ = split_hex(text)
    pairs = [body[index : index + 2] for index in range(0, len(body), 2)]
    return all(len(pair) == 2 and (pair == "xx" or HEX_DIGITS.issuperset(pair)) for pair in pairs)


def split_hex(text: str) -> tuple[str, bool]:
    """Return the digits without white space, in lower case, and whether any rest may follow."""
    digits = "".join(text.split()).lower()
    body = digits.removesuffix("..")
    return body, body != digits


def _hex(wanted: Any) -> Test:
    if not isinstance(wanted, str) or not check_hex(wanted):
        return _nothing
    body, is_open = split_hex(wanted)
    fixed = _fixed_runs(body)
    if fixed == [(0, body)] or not body:
        if is_open:
            return lambda value: isinstance(value, str) and value.startswith(body)
        return lambda value: value == body

    def fits(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < len(body) or (len(value) > len(body) and not is_open):
            return False
        for index, digits in fixed:  # noqa: SIM110  (a generator takes longer than the comparisons)
            if not value.startswith(digits, index):
                return False
        return True

    return fits


def _fixed_runs(body: str) -> list[tuple[int, str]]:
    """Return the stretches without ``xx``, each with where it begins."""
    runs: list[tuple[int, str]] = []
    for index in range(0, len(body), 2):
        pair = body[index : index + 2]
        if pair == "xx":
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + pair)
        else:
            runs.append((index, pair))
    return runs


_MAKERS: Final[Mapping[str, Make]] = {
    "equal": _equal,
    "not": _not,
    "in": _in,
    "min": _minimum,
    "max": _maximum,
    "prefix": _prefix,
    "regex": _regex,
    "subset": _subset,
    "schema": _schema,
    "exists": _exists,
}

TESTS: Final = tuple(name for name in _MAKERS if name != "equal")
"""The words that may stand in place of a value."""
