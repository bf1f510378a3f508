"""What a WebSocket URL says: where to connect and what to ask for."""

from __future__ import annotations

import base64
import ipaddress
import re
import urllib.parse
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class Address:
    """A WebSocket URL in its parts."""

    url: str
    """The URL as it is requested: percent-encoded, without credentials."""
    host: str
    port: int
    is_numeric: bool
    """Whether ``host`` is an IP address and needs no look-up."""
    secure: bool
    authorization: str | None
    """The Authorization header for the URL's ``user:password@``."""

    @property
    def place(self) -> str:
        """Where the server is, for people: ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@lru_cache(maxsize=256)
def parse_address(url: str) -> Address:
    """Take a ``ws://`` or ``wss://`` URL apart.

    Raises:
        ValueError: with one plain sentence, when it is no such URL.
    """
    if _CONTROL.search(url):
        raise ValueError("the URL contains a control character")
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        raise ValueError("the URL's host or port is not valid") from None
    if parts.scheme not in ("ws", "wss"):
        raise ValueError("the URL does not begin with ws:// or wss://")
    if not parts.hostname:
        raise ValueError("the URL names no host")
    try:
        port = parts.port
        host = parts.hostname.encode("ascii" if parts.hostname.isascii() else "idna").decode()
    except ValueError:
        raise ValueError("the URL's host or port is not valid") from None
    secure = parts.scheme == "wss"
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    query = urllib.parse.quote(parts.query, safe=_SAFE)
    path = urllib.parse.quote(parts.path, safe=_SAFE) or "/"
    return Address(
        url=urllib.parse.urlunsplit((parts.scheme, netloc, path, query, "")),
        host=host,
        port=port if port is not None else (443 if secure else 80),
        is_numeric=_is_numeric(host),
        secure=secure,
        authorization=_basic(parts),
    )


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _basic(parts: urllib.parse.SplitResult) -> str | None:
    if parts.username is None:
        return None
    user, password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
