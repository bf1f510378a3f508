"""How diagnostics speak of values and names, so that all of them speak alike. Imports nothing of wsrun."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

LONGEST = 60
"""Characters of a value or a name that a message quotes."""

_SHORT_WORD, _MOST_CHOICES = 4, 24


def cut(text: str) -> str:
    """Return a text as a message may hold it: at most ``LONGEST`` characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def quoted(text: str) -> str:
    """Return a text in quotes, cut."""
    return f"'{cut(text)}'"


def described(value: Any, written: str | None = None) -> str:
    """Say what a value is: ``the text 'abc'``, ``the number 010``, ``true``, ``nothing``, ``a list``.

    Args:
        value: any JSON-like value.
        written: a scalar as the file has it, which for numbers and texts goes before the value.
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {cut(written or str(value))}"
        case str():
            return f"the text {quoted(value if written is None else written)}"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


def in_flow(value: Any) -> str:
    """Write a value in YAML's flow style, for examples: ``{ from: 0, to: 10 }``."""
    if isinstance(value, dict):
        inside = ", ".join(f"{key}: {in_flow(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[ {', '.join(map(in_flow, value))} ]" if value else "[]"
    if isinstance(value, str) and not set(value) & set("{}[],?#&*!|>'\"%@` "):
        return value
    return json.dumps(value, ensure_ascii=False)


def joined(words: Iterable[str], last: str = "and") -> str:
    """Join words as prose does: ``a, b and c``."""
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def closest(word: str, choices: Collection[str]) -> str | None:
    """Return the choice that a word may be a misspelling of, None where none is near."""
    if len(word) > LONGEST:
        return None
    for choice in choices:
        if choice.replace("-", "_").casefold() == word.replace("-", "_").casefold():
            return choice
    near = get_close_matches(word, choices, 1, 0.6 if len(word) <= _SHORT_WORD else 0.7)
    return near[0] if near else None


def choose(word: str, choices: Collection[str], what: str) -> str:
    """Return the help for a wrong name: the one that may be meant, else all there are.

    Args:
        word: the wrong name.
        choices: the right ones.
        what: what the choices are, in the plural.
    """
    near = closest(word, choices)
    if near is not None:
        return f"did you mean '{near}'?"
    if not choices:
        return f"there are no {what}"
    shown = [cut(choice) for choice in list(choices)[:_MOST_CHOICES]]
    more = len(choices) - len(shown)
    return f"{what}: {', '.join(shown)}" + (f" and {more} more" if more else "")
