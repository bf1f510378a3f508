"""Where the run goes: the embedded server for ``demo:``, and whether anybody is there at all."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from wsrun.demo.process import DemoServer, DemoServerError
from wsrun.errors import UsageError
from wsrun.pacing.connections import sockets_used
from wsrun.plan import Plan, TargetPlan

DEMO = ("demo:", "demo2:")
"""URL schemes that mean an embedded server, started for the run; the second is another one."""

_KNOCK_PAUSE = 0.2
_KNOCK_LIMIT = 3.0
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Destination:
    """A plan whose target can be connected to, and what is known of the way there.

    ``trouble`` is why nobody can be reached, in plain words; None when somebody answered, or when the host is
    only known per client.
    """

    plan: Plan
    kind: Literal["demo", "url"]
    addresses: tuple[str, ...]
    is_local: bool
    trouble: str | None
    embedded: int = 0
    """How many embedded servers were started for it."""


def find_target(plan: Plan, stack: ExitStack, is_wanted: Callable[[], bool]) -> Destination:
    """Start the embedded server if it is meant, and knock at the target's door.

    Knocking is a TCP connect, nothing more: the server's own counts of handshakes stay those of the run. It
    is given up, without trouble, as soon as ``is_wanted`` says no.
    """
    # Where nobody uses a WebSocket, nobody needs to be there for one.
    is_all_http = plan.target.http is not None and not any(sockets_used(plan))
    meant = (plan.target.http or "") if is_all_http else plan.target.url
    kind: Literal["demo", "url"] = "demo" if meant.startswith(DEMO) else "url"
    before = plan
    try:
        plan = with_servers(plan, stack)
    except DemoServerError as error:
        return Destination(plan, "demo", (), is_local=True, trouble=str(error))
    doors = [(target.urls, target) for target in plan.targets]
    if is_all_http:
        doors = [((plan.target.http or "",), plan.target)]
    found = [_reach_any(urls, target, is_wanted) for urls, target in doors]
    return Destination(
        plan,
        kind,
        addresses=found[0][0],
        is_local=all(is_local(addresses) for addresses, _ in found),
        trouble=next((trouble for _, trouble in found if trouble is not None), None),
        embedded=embedded_servers(before),
    )


def embedded_servers(plan: Plan) -> int:
    """Return how many embedded servers a plan, as it was compiled, is meant for."""
    urls = [url for target in plan.targets for url in (*target.urls, target.http or "")]
    return sum(any(url.startswith(scheme) for url in urls) for scheme in DEMO)


def with_servers(plan: Plan, stack: ExitStack) -> Plan:
    """Start the embedded servers that are meant, one a scheme, and return the plan with their addresses.

    Raises:
        DemoServerError: one of them did not come up.
    """
    servers: dict[str, DemoServer] = {}

    def server(url: str) -> tuple[DemoServer, str] | None:
        scheme = next((scheme for scheme in DEMO if url.startswith(scheme)), None)
        if scheme is None:
            return None
        if scheme not in servers:
            servers[scheme] = stack.enter_context(DemoServer())
        return servers[scheme], "/" + url.removeprefix(scheme).lstrip("/")

    def address(url: str) -> str:
        meant = server(url)
        return url if meant is None else meant[0].url(meant[1])

    def found(target: TargetPlan) -> TargetPlan:
        failover = tuple(map(address, target.failover))
        target = dataclasses.replace(target, url=address(target.url), failover=failover)
        base = server(target.http or "")
        return target if base is None else dataclasses.replace(target, http=base[0].http_url(base[1]))

    return dataclasses.replace(plan, target=found(plan.target), sockets=tuple(map(found, plan.sockets)))


def _reach_any(
    urls: Sequence[str], target: TargetPlan, is_wanted: Callable[[], bool]
) -> tuple[tuple[str, ...], str | None]:
    """Return the addresses of several servers; of these one that can be reached is enough."""
    found = [_reach(url, target, is_wanted) for url in urls]
    addresses = dict.fromkeys(address for known, _ in found for address in known)
    troubles = [trouble for _, trouble in found]
    return tuple(addresses), None if None in troubles else troubles[0]


def _reach(url: str, target: TargetPlan, is_wanted: Callable[[], bool]) -> tuple[tuple[str, ...], str | None]:
    """Return the addresses of a URL or of the proxy before it, and what kept us from them."""
    parts = urlsplit(target.proxy or url)
    if "{{" in (parts.netloc or "{{"):
        return (), None
    port = parts.port or (443 if parts.scheme in ("wss", "https") else 80)
    return _knock(parts.hostname or "", port, target.wait_until_ready, is_wanted)


def is_local(addresses: Sequence[str]) -> bool:
    """Tell whether all numeric addresses, of which there are some, are this machine's own."""
    return bool(addresses) and all(ipaddress.ip_address(a.split("%")[0]).is_loopback for a in addresses)


def check_tls(target: TargetPlan) -> None:
    """Load the files of ``tls`` once, before any process does.

    Raises:
        UsageError: one of them is no certificate or key, or needs a password, for which nobody can be asked.
    """
    tls = target.tls
    is_secure = any(url.startswith(("wss:", "https:")) for url in (*target.urls, target.http or ""))
    if not is_secure or (tls.ca is None and tls.cert is None):
        return
    context = ssl.create_default_context()
    files = tls.ca
    try:
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
        if tls.cert is not None:
            files = " and ".join(filter(None, (tls.cert, tls.key)))
            context.load_cert_chain(tls.cert, tls.key, password="")
    except OSError as error:
        raise UsageError(f"tls: {files} cannot be used: {_tls_reason(error)}") from error


def _tls_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        unread = "it holds no certificate or key in PEM that can be read without a password"
        return error.reason.replace("_", " ").lower() if error.reason else unread
    return (error.strerror or str(error)).lower()


def _knock(
    host: str, port: int, patience: float, is_wanted: Callable[[], bool]
) -> tuple[tuple[str, ...], str | None]:
    """Return a host's addresses, and what kept us from all of them after ``patience`` seconds of trying.

    The trying is done by a thread of its own: looking up a name cannot be interrupted.
    """
    answers: list[tuple[tuple[str, ...], str | None]] = []

    def knock() -> None:
        until = time.monotonic() + patience
        attempts = 0
        while True:
            attempts += 1
            addresses, trouble = _knock_once(host, port)
            if trouble is None or time.monotonic() >= until or not is_wanted():
                break
            time.sleep(_KNOCK_PAUSE)
        if trouble is not None and attempts > 1:
            trouble = f"{trouble}, after {attempts} attempts in {patience:g} s"
        answers.append((addresses, trouble))

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    while thread.is_alive() and is_wanted():
        thread.join(_LOOK)
    return answers[0] if answers else ((), None)


def _knock_once(host: str, port: int) -> tuple[tuple[str, ...], str | None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return (), f"{host} has no address: {why}"
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    trouble = ""
    for address in addresses:
        try:
            with socket.create_connection((address, port), timeout=_KNOCK_LIMIT):
                return addresses, None
        except TimeoutError:
            trouble = f"nothing answers at {address} port {port} within {_KNOCK_LIMIT:g} s"
        except OSError as error:
            trouble = f"nobody listens at {address} port {port}: {(error.strerror or str(error)).lower()}"
    return addresses, trouble
