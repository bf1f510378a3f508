"""The way to a server, step by step: its name, a TCP connection, the tunnel of a proxy, TLS.

Each step has ``target.connect_timeout`` and is done once; nothing is asked of the server beyond TLS.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

from wsrun.preflight.certificates import Certificate, Secured, read_certificate, trusted, untrusted
from wsrun.preflight.finding import Finding
from wsrun.preflight.servers import Server
from wsrun.transports import ConnectFailure, Endpoint, Timings
from wsrun.transports.address import Address
from wsrun.transports.failures import clean
from wsrun.transports.opening import open_within
from wsrun.transports.tls import client_context
from wsrun.view.formats import seconds

SLOW_NAME = 1.0
"""Seconds of looking a name up beyond which that is worth a word."""

MOST_ADDRESSES = 4
"""Of more addresses of a host only these are tried."""

_PAUSE = 0.2
"""Seconds between attempts to connect while the target may take time to come up."""


@dataclass(frozen=True, slots=True)
class Way:
    """What was found on the way to a server, and the address (numeric) that connections will go to."""

    findings: tuple[Finding, ...]
    address: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a handshake can be tried."""
        return all(finding.state != "bad" for finding in self.findings)


async def way_to(server: Server) -> Way:
    """Look at every step of the way to a server, as far as one gets.

    Until ``target.wait_until_ready`` is over it is tried again to find its address and to connect.
    """
    until = monotonic() + server.target.wait_until_ready
    while True:
        way = await _way_to(server)
        last = way.findings[-1] if way.findings else None
        may_come = last is not None and last.state == "bad" and last.name in ("name", "tcp")
        if not may_come or monotonic() >= until:
            return way
        await asyncio.sleep(_PAUSE)


async def _way_to(server: Server) -> Way:
    if not server.is_known:
        text = "the host is only known per client"
        return Way((Finding(name="name", state="unknown", text=text),))
    try:
        address, door = server.address, server.door
    except ValueError as error:
        return Way((Finding(name="name", state="bad", text=str(error), fixes=("mend the URL",)),))
    name, addresses = await _look_up(door, server)
    if not addresses:
        return Way(name)
    tcp, way = await _connect(server, address, door, addresses)
    return Way((*name, *tcp), way)


async def _look_up(door: Address, server: Server) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return what is found of a host's name, nothing where it is an address, and its addresses."""
    limit = server.target.connect_timeout
    whose = "the proxy " if server.target.proxy is not None else ""
    if door.is_numeric:
        return (), (door.host,)
    begun = monotonic()
    addresses, why = await _addresses(door, limit)
    took = monotonic() - begun
    figures = {"host": door.host, "addresses": list(addresses), "seconds": took}
    if not addresses:
        fixes = (f"check the host's spelling, and whether this machine knows it: getent hosts {door.host}",)
        text = f"{whose}{door.host} has no address: {why}"
        return (Finding(name="name", state="bad", text=text, fixes=fixes, figures=figures),), ()
    text = f"{whose}{door.host} is {_listed(addresses)}, looked up in {seconds(took)}"
    if took > SLOW_NAME:
        fixes = ("look at the resolver of this machine (/etc/resolv.conf): each worker asks once",)
        return (Finding(name="name", state="warning", text=text, fixes=fixes, figures=figures),), addresses
    return (Finding(name="name", state="good", text=text, figures=figures),), addresses


async def _addresses(door: Address, limit: float) -> tuple[tuple[str, ...], str]:
    """Return a host's addresses, or why there are none.

    A thread of its own asks, because looking up cannot be interrupted: nobody waits for it at the end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[tuple[str, ...], str]] = loop.create_future()

    def tell(found: tuple[tuple[str, ...], str]) -> None:
        if not answer.done():
            answer.set_result(found)

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(door.host, door.port, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(str(entry[4][0]) for entry in entries)), ""
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            found = (), clean(why.lower())
        # The loop may be closed by then, when the limit has passed.
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return await asyncio.wait_for(answer, limit)
    except TimeoutError:
        return (), f"nobody answered within {limit:g} s"


async def _connect(
    server: Server, address: Address, door: Address, addresses: tuple[str, ...]
) -> tuple[list[Finding], str]:
    """Connect to the first address that answers, as a run does, and return it with what was found."""
    failed: list[ConnectFailure] = []
    for one in addresses[:MOST_ADDRESSES]:
        attempt = await _attempt(server, address, (one, door.port), verify=server.target.tls.verify)
        if attempt.timings.tcp is not None:
            break
        assert attempt.failure is not None
        failed.append(attempt.failure)
    place = f"{one} port {door.port}"
    if attempt.timings.tcp is None:
        return [_unconnected(failed[0], f"{addresses[0]} port {door.port}", server)], addresses[0]
    findings = [_connected(place, attempt.timings.tcp, addresses, failed)]
    findings += _tunnel(attempt, server, address)
    if address.secure and all(finding.state != "bad" for finding in findings):
        findings.append(await _tls(attempt, server, address, (one, door.port)))
    return findings, one


def _connected(
    place: str, took: float, addresses: tuple[str, ...], failed: Sequence[ConnectFailure]
) -> Finding:
    text = f"connected to {place} in {seconds(took)}"
    figures = {"place": place, "seconds": took, "failed": [failure.text for failure in failed]}
    if not failed:
        return Finding(name="tcp", state="good", text=text, figures=figures)
    dead = ", ".join(addresses[: len(failed)])
    fixes = ("name the address that answers as host of the URL, or mend what the name leads to",)
    if any(failure.kind == "timed_out" for failure in failed):
        # All addresses together have the one limit of a connection, so that nothing is left for the next.
        text += f", but {dead} comes first and does not answer: a run waits for it in vain"
        return Finding(name="tcp", state="bad", text=text, fixes=fixes, figures=figures)
    text += f"; nobody is at {dead}, which comes first"
    return Finding(name="tcp", state="warning", text=text, fixes=fixes, figures=figures)


@dataclass(slots=True)
class _Attempt:
    """One connection that was tried, as far as it came."""

    timings: Timings
    secured: Secured | None = None
    failure: ConnectFailure | None = None


async def _attempt(server: Server, address: Address, door: tuple[str, int], *, verify: bool) -> _Attempt:
    """Connect, and do the TLS handshake where the URL is a secure one; the connection is let go of."""
    target = server.target
    endpoint = Endpoint(
        url=address.url, connect_timeout=target.connect_timeout, address=door, proxy=target.proxy
    )
    attempt = _Attempt(Timings())

    async def upgrade(sock: socket.socket) -> None:
        if not address.secure:
            sock.close()
            return
        begun = monotonic()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(
            asyncio.Protocol,
            sock=sock,
            ssl=client_context(replace(target.tls, verify=verify)),
            server_hostname=target.tls.server_name or address.host,
            ssl_handshake_timeout=target.connect_timeout,
        )
        took = attempt.timings.tls = monotonic() - begun
        secured = transport.get_extra_info("ssl_object")
        attempt.secured = Secured(
            version=secured.version() or "TLS",
            cipher=(secured.cipher() or ("unknown",))[0],
            certificate=read_certificate(secured.getpeercert(binary_form=True)),
            seconds=took,
        )
        transport.abort()

    try:
        await open_within(endpoint, address, attempt.timings, upgrade, lambda error: None)
    except ConnectFailure as failure:
        attempt.failure = failure
    return attempt


def _unconnected(failure: ConnectFailure, place: str, server: Server) -> Finding:
    what = "the proxy" if server.target.proxy is not None else "the server"
    advice = {
        "connection-refused": f"start {what}, or check host and port; it may listen on another address only",
        "connect-timeout": f"look whether a firewall drops what goes to {place}, and whether {what} is up",
        "unreachable": "check the network of this machine: ip route get ADDRESS",
    }
    fix = advice.get(failure.cause, f"find out whether {what} can be reached from this machine")
    figures = {"cause": failure.cause}
    return Finding(name="tcp", state="bad", text=failure.text, fixes=(fix,), figures=figures)


def _tunnel(attempt: _Attempt, server: Server, address: Address) -> list[Finding]:
    if server.target.proxy is None:
        return []
    failure = attempt.failure
    if failure is not None and (failure.cause == "proxy-failed" or not address.secure):
        fixes = ("look at target.proxy, and at what the proxy allows",)
        return [Finding(name="proxy", state="bad", text=failure.text, fixes=fixes)]
    return [Finding(name="proxy", state="good", text=f"a tunnel leads to {address.place}")]


async def _tls(attempt: _Attempt, server: Server, address: Address, door: tuple[str, int]) -> Finding:
    tls, now = server.target.tls, datetime.now(UTC)
    if attempt.secured is not None:
        return trusted(attempt.secured, verified=tls.verify, authority=tls.ca, now=now)
    failure = attempt.failure
    assert failure is not None
    if failure.cause == "tls-verify":
        return untrusted(failure.text, await _refused_certificate(server, address, door), now)
    fixes = {
        "tls-protocol": "go to ws:// if the server has no TLS there, or to the port that has",
        "handshake-timeout": "check that this port is one for TLS, and that the server is not overloaded",
    }
    fix = fixes.get(failure.cause, "look into the log of the server: it ended the TLS handshake")
    return Finding(name="tls", state="bad", text=failure.text, fixes=(fix,))


async def _refused_certificate(server: Server, address: Address, door: tuple[str, int]) -> Certificate | None:
    """Fetch a certificate that was refused, to say what it is."""
    again = await _attempt(server, address, door, verify=False)
    return None if again.secured is None else again.secured.certificate


def _listed(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(addresses[:MOST_ADDRESSES])
    return (
        shown if len(addresses) <= MOST_ADDRESSES else f"{shown} and {len(addresses) - MOST_ADDRESSES} more"
    )
