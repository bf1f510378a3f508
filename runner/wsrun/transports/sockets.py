"""The way to a connected socket, each part of it timed; and what a socket can tell about its end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import sys
from time import monotonic
from typing import Any, Final

from wsrun.transports import ConnectFailure, Endpoint, Timings
from wsrun.transports.address import Address

_LATE_PORT: Final = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24) if sys.platform == "linux" else None
"""The option that leaves the port to ``connect``, so that a source address has all its ports per target."""

_RESET: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""The value of SO_LINGER that makes a close a reset."""

_BEGUN: Final = (0, errno.EINPROGRESS)

Place = tuple[int, tuple[str, int] | tuple[str, int, int, int]]
"""An address family, and a socket address in it."""


async def dial(address: Address, endpoint: Endpoint, timings: Timings) -> socket.socket:
    """Return a non-blocking socket that is connected to the endpoint; fill ``timings.dns``, ``.tcp`` and
    ``.peer``.

    A host with several addresses is tried address by address. The caller sets the deadline.

    Raises:
        OSError: of the look-up or of the last address tried.
        ConnectFailure: ``endpoint.source_address`` is no address of this machine.
    """
    places = await _places(address, endpoint, timings)
    begun = monotonic()
    for number, place in enumerate(places, start=1):
        try:
            sock = await _connect(place, endpoint.source_address)
        except OSError:
            if number == len(places):
                raise
        else:
            timings.tcp = monotonic() - begun
            timings.peer = place[1][0], place[1][1]
            return sock
    raise ConnectFailure("failed", "dns", f"the host of {address.place} has no address that can be used")


def hang_up(sock: socket.socket) -> None:
    """End a connection whoever owns its socket now: its owner hears of it and closes it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def reset_on_close(sock: Any) -> None:
    """Make the close of a socket a reset, which leaves no port in TIME_WAIT and waits for nobody."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def is_reset(sock: Any) -> bool:
    """Whether a connection was reset; asked when it has ended and before its socket is closed.

    After an orderly end by the peer the system still knows the peer's address; after a reset it does not. Of
    no socket, as beneath the loops' own TLS, where it is gone by then, nothing is known: not a reset.
    """
    return sock is not None and not _is_connected(sock)


async def _places(address: Address, endpoint: Endpoint, timings: Timings) -> list[Place]:
    if endpoint.address is not None:
        return [_numeric(*endpoint.address)]
    if address.is_numeric:
        return [_numeric(address.host, address.port)]
    begun = monotonic()
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    timings.dns = monotonic() - begun
    places: list[Place] = [(family, sockaddr) for family, _, _, _, sockaddr in found]  # type: ignore[misc]
    if endpoint.source_address is not None:
        wanted = _numeric(endpoint.source_address, 0)[0]
        places = [place for place in places if place[0] == wanted]
    return places


def _numeric(host: str, port: int) -> Place:
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, port)


async def _connect(place: Place, source_address: str | None) -> socket.socket:
    family, sockaddr = place
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_address is not None:
            _bind(sock, source_address)
        if not _connects_at_once(sock, sockaddr):
            await asyncio.get_running_loop().sock_connect(sock, sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


def _connects_at_once(sock: socket.socket, sockaddr: tuple[object, ...]) -> bool:
    # A target on this machine has answered when the call returns: that spares the loop 0.1 ms of CPU.
    # Elsewhere than on Linux a second ``connect``, which is the loop's, may complain of the first.
    return sys.platform == "linux" and sock.connect_ex(sockaddr) in _BEGUN and _is_connected(sock)


def _is_connected(sock: Any) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _bind(sock: socket.socket, source_address: str) -> None:
    if _LATE_PORT is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_IP, _LATE_PORT, 1)
    try:
        sock.bind((source_address, 0))
    except OSError as exc:
        # Here, and only here, this error is about the address and not about a lack of ports.
        if exc.errno == errno.EADDRNOTAVAIL:
            text = f"{source_address} is no address of this machine"
            raise ConnectFailure("failed", "local-address", text) from exc
        raise
