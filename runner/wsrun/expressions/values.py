"""Values to bytes and text, as JSON has them. No value of a scenario or a server makes this raise."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dump(value: Any) -> bytes:
    """Return a value as JSON.

    Integers beyond 64 bits keep their digits and lone surrogates their escapes, which orjson refuses; keys
    that are no text become it. What JSON has no word for, a date for instance, becomes text.
    """
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        try:
            return json.dumps(value, default=str, separators=(",", ":")).encode()
        except (RecursionError, TypeError, ValueError):
            # Deeper than anything that orjson reads, so no value that a server sent.
            return b"null"


def dump_text(text: str) -> bytes:
    """Return a text as it stands within the quotes of JSON."""
    return dump(text)[1:-1]


def dump_key(key: Any) -> bytes:
    """Return the key of a mapping as JSON; one that is no text is written as its value would be."""
    return dump(key if isinstance(key, str) else text_of(key))


def text_of(value: Any) -> str:
    """Return a value as text: text as it is, anything else as JSON."""
    return value if value.__class__ is str else dump(value).decode()


def encode(text: str) -> bytes:
    """Return a text as UTF-8, with a question mark for what it cannot hold (lone surrogates)."""
    return text.encode("utf-8", "replace")
