"""The filters of expressions: a choice of Jinja2's that stay small, and those that make hex."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from wsrun.expressions.values import dump, encode, text_of

MOST_TEXT: Final = 1 << 20
"""Characters, or items, that an expression may come to; a frame holds no more by default."""

_FROM_JINJA: Final = (
    *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "last", "length", "list"),
    *("lower", "max", "min", "sort", "title", "trim", "truncate", "upper", "wordcount"),
)
_WIDTHS: Final = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


class TooLargeError(ValueError):
    """An expression would come to more than ``MOST_TEXT``."""

    def __init__(self) -> None:
        super().__init__("it would be too long")


def text(value: Any) -> str:
    """Return a value as text; values that are no text stand in it as JSON."""
    return value if isinstance(value, str) else text_of(settled(value))


def settled(value: Any) -> Any:
    """Return a value if it is one that JSON has, with nothing undefined in it.

    Raises:
        UndefinedError: it is undefined, or something in it is.
        TypeError: it is a built-in name, or a function that was not called.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        for inner in value.values():
            settled(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            settled(inner)
    else:
        # Undefined raises here, and says what is missing.
        str(value)
        raise TypeError("it is a function or a group of names, not a value")
    return value


def join(values: Iterable[Any], separator: str = "") -> str:
    """Return values joined as text."""
    texts = [text(value) for value in values]
    if sum(map(len, texts)) + len(separator) * len(texts) > MOST_TEXT:
        raise TooLargeError
    return separator.join(texts)


def replace(value: Any, old: str, new: str) -> str:
    """Return a text with each ``old`` replaced."""
    whole = text(value)
    if len(whole) + whole.count(old) * len(new) > MOST_TEXT:
        raise TooLargeError
    return whole.replace(old, new)


def total(values: Iterable[Any]) -> int | float:
    """Return the sum of numbers. Of nothing else: lists would be copied again for each one that is added."""
    numbers = list(values)
    if not all(isinstance(number, int | float) for number in numbers):
        raise TypeError("only numbers have a sum")
    added: int | float = sum(numbers)
    return added


def round_to(value: Any, digits: int = 0) -> int | float:
    """Return a number rounded; without ``digits`` it is an integer."""
    if abs(digits) > 100:
        raise ValueError("round takes at most 100 digits")
    rounded: int | float = round(value, digits) if digits else round(value)
    return rounded


def varint(value: Any) -> str:
    """Return a number as hex of a variable-length integer, seven bits a byte, lowest first (LEB128)."""
    number = _whole(value)
    if number < 0:
        raise ValueError("a varint is not negative")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return out.hex()


def utf8(value: Any) -> str:
    """Return a text as hex of its UTF-8."""
    return encode(text(value)).hex()


def base64(value: Any) -> str:
    """Return what a text in base64 stands for (RFC 4648 §4), as hex. Raises ValueError for anything else."""
    return b64decode("".join(text(value).split()), validate=True).hex()


def sized(value: str, width: str) -> str:
    """Return hex with its own length in bytes before it; ``width`` is a filter for numbers, such as u16."""
    if width not in number_filters():
        raise ValueError(f"sized needs one of {', '.join(number_filters())}")
    digits = "".join(value.split())
    return number_filters()[width](len(bytes.fromhex(digits))) + digits


@cache
def number_filters() -> dict[str, Callable[[Any], str]]:
    """Return the filters that make hex of numbers, by name."""
    made: dict[str, Callable[[Any], str]] = {}
    for name, width in _WIDTHS.items():
        made[name] = _fixed(width, little=False)
        made[name + "le"] = _fixed(width, little=True)
    return {**made, "varint": varint}


def filters(jinja: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return all filters by name.

    Jinja2's own list is cut to a choice: some of its filters reach attributes (``map``, ``attr``), draw from
    a stream that no seed governs (``random``), or make a gigabyte out of ten letters (``center``).
    """
    return {
        **{name: jinja[name] for name in _FROM_JINJA},
        **number_filters(),
        "base64": base64,
        "join": join,
        "replace": replace,
        "round": round_to,
        "sized": sized,
        "string": text,
        "sum": total,
        "tojson": lambda value: dump(settled(value)).decode(),
        "urlencode": _percent_encoded(jinja["urlencode"]),
        "utf8": utf8,
    }


def _fixed(width: int, *, little: bool) -> Callable[[Any], str]:
    def encode_number(value: Any) -> str:
        number = _whole(value)
        if not 0 <= number < 1 << 8 * width:
            raise ValueError(f"{number} does not fit into u{8 * width}")
        return number.to_bytes(width, "little" if little else "big").hex()

    return encode_number


def _percent_encoded(encode_for_url: Callable[[Any], str]) -> Callable[[Any], str]:
    def percent_encode(value: Any) -> str:
        # Each letter may become nine.
        if len(text(value)) * 9 > MOST_TEXT:
            raise TooLargeError
        return encode_for_url(value)

    return percent_encode


def _whole(value: Any) -> int:
    number = int(value)
    if isinstance(value, float) and number != value:
        raise ValueError(f"{value} is not a whole number")
    return number
