"""The cookies of one client, over HTTP and in WebSocket handshakes alike (RFC 6265)."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import CookieJar
from yarl import URL

from wsrun.transports.http import Headers

HEADER = "Cookie"


class Cookies:
    """A client's jar; it is made when the first cookie comes. ``ws://`` counts as ``http://``."""

    __slots__ = ("_jar",)

    def __init__(self) -> None:
        self._jar: CookieJar | None = None

    def take(self, url: str, set_cookies: Sequence[str]) -> None:
        """Keep what an answer from ``url`` says in its Set-Cookie headers."""
        if not set_cookies:
            return
        if self._jar is None:
            # unsafe: cookies of servers that are known by their address, as those of tests are.
            self._jar = CookieJar(unsafe=True, quote_cookie=False)
        self._jar.update_cookies_from_headers(set_cookies, URL(url))

    def add_to(self, url: str, headers: Headers) -> Headers:
        """Return the headers of a request to ``url``, with its cookies behind those that are written."""
        if self._jar is None:
            return headers
        found = [f"{one.key}={one.value}" for one in self._jar.filter_cookies(URL(url)).values()]
        if not found:
            return headers
        written = [value for name, value in headers if name.lower() == HEADER.lower()]
        rest = tuple(pair for pair in headers if pair[0].lower() != HEADER.lower())
        return (*rest, (HEADER, "; ".join([*written, *found])))
