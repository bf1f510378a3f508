"""Parameters of a request's query, read with a clear refusal for what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wsrun.demo.http import Request, RequestError

T = TypeVar("T")


def read_query(request: Request, name: str, read: Callable[[str], T], default: T) -> T:
    """Return parameter ``name`` as ``read`` makes it, or ``default`` when it is not there.

    Raises:
        RequestError: status 400, when ``read`` raises a ValueError.
    """
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return read(text)
    except ValueError as error:
        raise RequestError(400, f"{name}={text} cannot be read: {error}") from None


def read_count(text: str) -> int:
    """Read a whole number of zero or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("it takes a whole number")
    return int(text)
