"""HTTP by aiohttp: one session a worker, as many connections as requests, answers read to their end."""

from __future__ import annotations

import asyncio
import ssl
from time import monotonic
from typing import Any, Final

import aiohttp
from aiohttp.http_exceptions import ContentLengthError
from yarl import URL

from wsrun.transports import ConnectFailure
from wsrun.transports.failures import clean, from_error
from wsrun.transports.http import HttpAnswer, HttpFailure, HttpRequest
from wsrun.transports.request import check_headers

_CHUNK: Final = 1 << 16
_KEPT_OPEN: Final = 4.0
"""Seconds that an unused connection is kept. Servers end theirs after five or more, and a request that meets
such an end would be lost by no fault of the target."""

_CAUSES: Final = {
    "connection-refused": "http-refused",
    "unreachable": "http-refused",
    "connect-timeout": "http-refused",
    "dns": "http-dns",
    "tls-verify": "http-tls",
    "tls-protocol": "http-tls",
    "reset": "http-lost",
    "eof": "http-lost",
}
"""Causes of a failed connect, and what they are called when a request fails by them."""


class AiohttpTransport:
    """Sends requests with aiohttp. Must be made within a running loop."""

    def __init__(
        self, *, tls: ssl.SSLContext | None, server_name: str | None, max_body: int, proxy: str | None = None
    ) -> None:
        """``max_body``: bytes of the largest body taken; ``proxy``: the URL of one to go through."""
        self._proxy = proxy
        self._tls: ssl.SSLContext | bool = True if tls is None else tls
        self._server_name = server_name
        self._max_body = max_body
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=None, keepalive_timeout=_KEPT_OPEN),
            # Each client has its own cookies, and each request its deadline.
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
        )
        # A request that is sent twice in silence would be counted once, and hide what the target did.
        self._session._retry_connection = False

    def check(self, request: HttpRequest) -> None:
        """See ``HttpTransport.check``."""
        try:
            check_headers(request.headers)
            url = URL(request.url)
            # Host and port are looked up when they are first needed, and may be wrong then.
            if url.scheme in ("http", "https") and url.host and url.port:
                return
        except ConnectFailure as failure:
            raise HttpFailure("bad-request", failure.text) from None
        except ValueError:
            pass
        raise HttpFailure("bad-request", "the URL of the request is not valid")

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """See ``HttpTransport.exchange``."""
        url = URL(request.url)
        place = f"{url.host}:{url.port}"
        more: dict[str, Any] = {}
        if url.scheme == "https":
            more = {"ssl": self._tls, "server_hostname": self._server_name}
        try:
            async with self._session.request(
                request.method,
                url,
                headers=list(request.headers),
                data=request.body,
                allow_redirects=False,
                proxy=self._proxy,
                **more,
            ) as answer:
                body = await self._body(answer, place)
                return HttpAnswer(answer.status, tuple(answer.headers.items()), body, monotonic())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, place) from error

    async def close(self) -> None:
        """See ``HttpTransport.close``."""
        await self._session.close()
        # The transports of TLS end in later turns of the loop.
        await asyncio.sleep(0)

    async def _body(self, answer: aiohttp.ClientResponse, place: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_chunked(_CHUNK):
            size += len(part)
            if size > self._max_body:
                answer.close()
                text = f"the body of the answer from {place} has more than {self._max_body} bytes"
                raise HttpFailure("http-too-big", text)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _failure(error: Exception, place: str) -> HttpFailure:
    """Judge why there was no answer."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return HttpFailure("proxy-failed", f"the proxy refused the way to {place} with HTTP {error.status}")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return HttpFailure("proxy-failed", f"the proxy before {place} cannot be reached")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return HttpFailure("http-lost", f"{place} closed the connection before it answered")
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, ConnectionError | ContentLengthError):
            return HttpFailure("http-lost", f"the connection to {place} ended within the answer")
        return HttpFailure("http-malformed", f"the answer from {place} breaks the rules of HTTP/1.1")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner: Exception = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
    else:
        inner = error
    if isinstance(inner, OSError):
        found = from_error(inner, place)
        return HttpFailure(_CAUSES.get(found.cause, found.cause), found.text)
    return HttpFailure("http-failed", f"no answer from {place}: {clean(type(inner).__name__)}")
