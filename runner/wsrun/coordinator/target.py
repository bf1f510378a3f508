"""Where the run goes: the embedded server for ``demo:``, and whether anybody is there at all."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from wsrun.demo.process import DemoServer
from wsrun.plan import Plan

DEMO = ("demo:", "demo2:")
"""URL schemes that mean an embedded server, started for the run; the second is another one."""

_KNOCK_PAUSE = 0.2
_KNOCK_LIMIT = 3.0


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


def find_target(plan: Plan, stack: ExitStack) -> Destination:
    """Start the embedded server if it is meant, and knock at the target's door.

    Knocking is a TCP connect, nothing more: the server's own counts of handshakes stay those of the run.
    """
    kind: Literal["demo", "url"] = "url"
    for scheme in DEMO:
        if plan.target.url.startswith(scheme):
            server = stack.enter_context(DemoServer())
            url = server.url("/" + plan.target.url.removeprefix(scheme).lstrip("/"))
            plan = dataclasses.replace(plan, target=dataclasses.replace(plan.target, url=url))
            kind = "demo"
    parts = urlsplit(plan.target.url)
    host = parts.hostname or ""
    if "{{" in (parts.netloc or "{{"):
        return Destination(plan, kind, (), is_local=False, trouble=None)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    addresses, trouble = _knock(host, port, plan.target.wait_until_ready)
    local = bool(addresses) and all(ipaddress.ip_address(a.split("%")[0]).is_loopback for a in addresses)
    return Destination(plan, kind, addresses, is_local=local, trouble=trouble)


def _knock(host: str, port: int, patience: float) -> tuple[tuple[str, ...], str | None]:
    """Return a host's addresses, and what kept us from all of them after ``patience`` seconds of trying."""
    until = time.monotonic() + patience
    attempts = 0
    while True:
        attempts += 1
        addresses, trouble = _knock_once(host, port)
        if trouble is None or time.monotonic() >= until:
            break
        time.sleep(_KNOCK_PAUSE)
    if trouble is not None and attempts > 1:
        trouble = f"{trouble}, after {attempts} attempts in {patience:g} s"
    return addresses, trouble


def _knock_once(host: str, port: int) -> tuple[tuple[str, ...], str | None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return (), f"{host} has no address: {error.strerror or error}"
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
