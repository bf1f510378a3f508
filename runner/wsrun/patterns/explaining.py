"""Frames and patterns in words: what came, and why it did not fit. Only for what failed, never per frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson

from wsrun.patterns.frame import ABSENT, Frame
from wsrun.patterns.matchers import Bound, fits_all, fits_any, fits_one
from wsrun.patterns.sources import Source, compile_source, parse_source

LONGEST_PAYLOAD = 1000
"""Characters (bytes, in a binary message) that are handed on; what is shown of them is cut once more."""

LONGEST_VALUE = 120
"""Characters of a single value that are shown."""

LEAST_TELLING = 8
"""Characters from which a wanted text that stands in another place of a message is no accident."""

MOST_PLACES = 500
"""Values of a document that are looked at for it."""

MOST_CONDITIONS = 3
"""Of the conditions of a pattern that did not hold, so many are named."""


def show_payload(payload: str | bytes, size: int | None = None) -> str:
    """Return a message as people read it: text as it is, binary as hexadecimal digits; a long one is cut.

    ``size`` is that of the whole message where ``payload`` is its beginning.
    """
    is_binary = isinstance(payload, bytes)
    if not payload:
        return "an empty binary message" if is_binary else "an empty text message"
    shown = payload[:LONGEST_PAYLOAD]
    text = f"hex {shown.hex()}" if isinstance(shown, bytes) else shown
    whole = len(payload) if size is None else size
    return text if whole == len(shown) else f"{text}… ({whole} {'bytes' if is_binary else 'characters'})"


def show_value(value: Any) -> str:
    """Return a value as JSON writes it, cut to ``LONGEST_VALUE``."""
    if value is ABSENT:
        return "absent"
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, RecursionError):
        text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def explain(fits: Callable[[Frame], bool], frame: Frame) -> str:
    """Say why a frame does not fit a bound pattern: ``$.status is "error", wanted "ok"``.

    Of several alternatives the one of which most holds is told.
    """
    alternatives = _alternatives(fits)
    if not alternatives:
        return "the pattern names a variable that has no value yet"
    failed = [[one for one in conditions if not _holds(one, frame)] for conditions in alternatives]
    nearest = min(failed, key=len)
    told = [_told(one, frame) for one in nearest[:MOST_CONDITIONS]]
    more = [f"{len(nearest) - MOST_CONDITIONS} more"] if len(nearest) > MOST_CONDITIONS else []
    which = f"nearest of {len(alternatives)} alternatives: " if len(alternatives) > 1 else ""
    return which + "; ".join([*told, *more])


def explain_key(sources: Sequence[str], wanted: Any, frame: Frame) -> str:
    """Say why a frame is not the one that has a wanted value in one of these places."""
    found = [parse_source(source) for source in sources]
    told = " and ".join(_came(source, compile_source(source)(frame), frame) for source in found)
    # A key that is no text carries its JSON type before it: see ``as_key``.
    value = wanted[1] if isinstance(wanted, tuple) else wanted
    return f"{told}, wanted {show_value(value)}{_elsewhere(value, frame)}"


def _alternatives(fits: Callable[[Frame], bool]) -> Sequence[Sequence[Bound]]:
    """Return the conditions that a bound pattern was made of."""
    assert isinstance(fits, partial)
    if fits.func is fits_any:
        return [conditions for one in fits.args[0] for conditions in _alternatives(one)]
    if fits.func is fits_one:
        return [[fits.args]]
    assert fits.func is fits_all
    return [fits.args[0]]


def _holds(condition: Bound, frame: Frame) -> bool:
    return fits_one(*condition, frame)


def _told(condition: Bound, frame: Frame) -> str:
    read, _, asked, wanted = condition
    hint = _elsewhere(wanted, frame) if asked.test == "equal" else ""
    return f"{_came(asked.source, read(frame), frame)}, wanted {_wanted(asked.test, wanted)}{hint}"


def _came(source: Source, value: Any, frame: Frame) -> str:
    came = show_value(value)
    if value is ABSENT and source.kind == "json" and frame.json() is ABSENT:
        came = "absent, as this is no JSON"
    elif value is ABSENT and source.kind == "text":
        came = "absent, as this is binary"
    elif value is ABSENT and source.kind in ("hex", "number") and isinstance(frame.payload, str):
        came = "absent, as this is text"
    return f"{source.text} is {came}"


def _elsewhere(wanted: Any, frame: Frame) -> str:
    """Say where else in a document a wanted text stands, if it is long enough to be no accident."""
    if not isinstance(wanted, str) or len(wanted) < LEAST_TELLING:
        return ""
    waiting, looked = [("$", frame.json())], 0
    while waiting and looked < MOST_PLACES:
        path, value = waiting.pop()
        looked += 1
        if value == wanted:
            return f" (which is at {path})"
        if isinstance(value, dict):
            waiting += [(f"{path}{_step(key)}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{number}]", inner) for number, inner in enumerate(value[:MOST_PLACES])]
    return ""


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{show_value(key)}]"


def _wanted(test: str, value: Any) -> str:
    match test:
        case "equal":
            return show_value(value)
        case "not":
            return "not " + " and ".join(_wanted(name, inner) for name, inner in value.items())
        case "exists":
            return "present" if value else "absent"
        case "schema":
            return "what fits its schema"
        case "regex":
            return f"/{value}/"[:LONGEST_VALUE]
    return f"{test} {show_value(value)}"
