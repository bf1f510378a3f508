"""The names by which results tell servers apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DEMO = re.compile(r"(demo2?):")
_AUTHORITY = re.compile(r"[a-z]+://(?:[^/?#]*@)?([^/?#]+)", re.IGNORECASE)


def server_names(urls: Sequence[str]) -> tuple[str, ...]:
    """Name servers by their URLs, as written: ``host:port``, or ``demo`` and ``demo2``.

    Where that is only known per client, or is the same for two of them, it is ``server-1`` and so on.
    """
    names = [_name(url) for url in urls]
    return tuple(
        name if name is not None and names.count(name) == 1 else f"server-{number}"
        for number, name in enumerate(names, start=1)
    )


def _name(url: str) -> str | None:
    demo = _DEMO.match(url)
    if demo is not None:
        return demo[1]
    found = _AUTHORITY.match(url)
    if found is None or re.search(r"[\s(){}=,]", found[1]):
        return None
    return found[1]
