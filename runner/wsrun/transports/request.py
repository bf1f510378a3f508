"""What a handshake is made with: the address, the headers and TLS, as the endpoint says or by default."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from wsrun.transports import ConnectFailure, Endpoint
from wsrun.transports.address import Address, parse_address
from wsrun.transports.failures import clean

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def address_of(endpoint: Endpoint) -> Address:
    """Take the endpoint's URL apart.

    Raises:
        ConnectFailure: it is no WebSocket URL.
    """
    try:
        return parse_address(endpoint.url)
    except ValueError as exc:
        raise ConnectFailure("failed", "bad-request", str(exc)) from None


def tls_of(endpoint: Endpoint, address: Address) -> ssl.SSLContext | None:
    """Return how the connection is secured; None: not at all."""
    if not address.secure:
        return None
    return endpoint.ssl if endpoint.ssl is not None else _system_tls()


@cache
def _system_tls() -> ssl.SSLContext:
    # Reading the system's certificates takes longer than many handshakes.
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Check that headers can be sent.

    Raises:
        ConnectFailure: one of them cannot.
    """
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ConnectFailure("failed", "bad-request", f"{clean(name)!r} cannot be the name of a header")
        if _FORBIDDEN.search(value):
            text = f"the header {clean(name)} has a value with a control character"
            raise ConnectFailure("failed", "bad-request", text)


def headers_of(endpoint: Endpoint, address: Address) -> list[tuple[str, str]]:
    """Return the request's headers beside those of the WebSocket handshake itself.

    Values come from templates, so that they are looked at here: none may end its line and begin another.

    Raises:
        ConnectFailure: a header cannot be sent.
    """
    check_headers(endpoint.headers)
    headers = list(endpoint.headers)
    given = {name.lower() for name, _ in headers}
    if "user-agent" not in given:
        headers.append(("User-Agent", endpoint.user_agent))
    if address.authorization is not None and "authorization" not in given:
        headers.append(("Authorization", address.authorization))
    return headers


def with_host(address: Address, headers: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """Move a Host header of ``headers`` into the URL, for a library that writes Host from its URL alone."""
    host = next((value for name, value in headers if name.lower() == "host"), None)
    if host is None:
        return address.url, headers
    rest = [(name, value) for name, value in headers if name.lower() != "host"]
    return urlsplit(address.url)._replace(netloc=host).geturl(), rest
