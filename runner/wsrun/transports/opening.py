"""The one way to open a connection: dial, upgrade, one deadline, one judgement of failures."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wsrun.transports import ConnectFailure, Endpoint, Timings
from wsrun.transports.address import Address
from wsrun.transports.failures import from_error, not_tls, timed_out
from wsrun.transports.proxy import parse_proxy, tunnel
from wsrun.transports.sockets import dial, hang_up

T = TypeVar("T")


async def open_within(
    endpoint: Endpoint,
    address: Address,
    timings: Timings,
    upgrade: Callable[[socket.socket], Awaitable[T]],
    judge: Callable[[Exception], ConnectFailure | None],
) -> T:
    """Connect a socket and ``upgrade`` it, both within ``endpoint.connect_timeout``.

    ``judge`` explains the errors that are the library's own; it returns None for any other.

    Raises:
        ConnectFailure: it did not come to a connection; the socket is let go of.
    """
    sock: socket.socket | None = None
    proxy = _proxy(endpoint)
    place = address.place if proxy is None else f"the proxy {proxy.place}"
    try:
        async with asyncio.timeout(endpoint.connect_timeout):
            sock = await _route(endpoint, address, proxy, timings)
            place = address.place
            return await upgrade(sock)
    except BaseException as exc:
        if sock is not None:
            hang_up(sock)
        if not isinstance(exc, Exception):
            raise
        if isinstance(exc, TimeoutError) and exc.errno is None:
            raise timed_out(place, endpoint, timings) from None
        failure = exc if isinstance(exc, ConnectFailure) else judge(exc) or from_error(exc, place)
        if isinstance(exc, OSError):
            # Its frames know the transport, and beneath asyncio's TLS that knows the error: a circle.
            exc.__traceback__ = None
        if failure.cause == "eof" and address.secure and timings.tls is None:
            raise not_tls(address.place) from None
        if failure is exc:
            raise
        raise failure from exc


async def _route(
    endpoint: Endpoint, address: Address, proxy: Address | None, timings: Timings
) -> socket.socket:
    """Return a socket that leads to the target, through the proxy if there is one."""
    if proxy is None:
        return await dial(address, endpoint, timings)
    sock = await dial(proxy, endpoint, timings)
    try:
        await tunnel(sock, proxy, address, endpoint.user_agent)
    except BaseException:
        sock.close()
        raise
    return sock


def _proxy(endpoint: Endpoint) -> Address | None:
    """Return where the endpoint's proxy is, if it has one."""
    if endpoint.proxy is None:
        return None
    try:
        return parse_proxy(endpoint.proxy)
    except ValueError as exc:
        raise ConnectFailure("failed", "bad-request", str(exc)) from None
