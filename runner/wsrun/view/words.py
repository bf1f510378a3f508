"""Text for readers: made harmless, cut to length, counted, joined, and marked up by meaning.

``clean`` is the one gate for text that a stranger may have written: what leaves it holds no character that
moves a cursor, turns the direction of writing or cannot be encoded. Imports ``formats`` only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wsrun.view.formats import group

_UNSAFE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

Style = Literal["", "strong", "code", "quiet"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text: ``strong``, ``code``, ``quiet``, or plain."""

    text: str
    style: Style = ""


Text = tuple[Span, ...]
"""A sentence or two, marked up by meaning; each face draws the styles in its own way."""


def text(*parts: str | Span) -> Text:
    """Build a text of plain parts and spans."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts if part)


def strong(content: str) -> Span:
    """Mark what matters most in a sentence."""
    return Span(content, "strong")


def code(content: str) -> Span:
    """Mark what is written in a scenario or typed at a prompt."""
    return Span(content, "code")


def quiet(content: str) -> Span:
    """Mark what can be passed over."""
    return Span(content, "quiet")


def plain(content: Text) -> str:
    """Return a text without its styles."""
    return "".join(span.text for span in content)


def clean(content: str) -> str:
    """Write control and direction characters, tags and lone surrogates as codes (``\\x1b``, ``\\u202e``)."""
    return _UNSAFE.sub(_as_code, content)


def _as_code(match: re.Match[str]) -> str:
    character = match.group()
    number = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def cleaned(value: Any) -> Any:
    """Return a copy of JSON-like data with every text and key ``clean``."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return value


def cut(content: str, most: int = 80) -> str:
    """Cut a text to ``most`` characters; the last one is then an ellipsis."""
    return content if len(content) <= most else content[: most - 1] + "…"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number and its noun: ``1 message``, ``1 899 messages``."""
    return f"{group(number)} {one if number == 1 else many or one + 's'}"


def listing(items: Sequence[str]) -> str:
    """Join words as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def sentence(content: str) -> str:
    """Begin with a capital, unless the first word is a name in code."""
    return content[:1].upper() + content[1:]
