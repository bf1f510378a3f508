"""Where connections come from: more than one local address, when one has too few ports.

A connection is known by both addresses and both ports (RFC 9293 §3.3.1), so that one local address has one
port of the range of the system for each connection to one target. A plan with more clients than that is
spread over several addresses: on the loopback network 127.0.0.1, 127.0.0.2 and so on, elsewhere those that
the interface towards the target has.
"""

from __future__ import annotations

import ipaddress
import math
import socket
from pathlib import Path

from wsrun.pacing.connections import most_connections
from wsrun.pacing.crowd import Crowd
from wsrun.pacing.population import most_slots
from wsrun.plan import Plan
from wsrun.workload import visitors

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")

USABLE = 0.9
"""Share of an address's ports that is planned with: some are other programs', or still closing."""

EASY = 0.45
"""The same on the loopback network, where there are addresses enough.

Linux gives ``connect`` the ports of one parity first, and looks through all of them before it takes one of
the other, so that beyond half of the range a connect takes several times the CPU.
"""

USUAL_PORTS = 28_232
"""Ports of the range that Linux has unless it is set otherwise, 32768 to 60999."""


class Sources:
    """The local addresses of a run. ``connections`` is how many there are at most, over all workers."""

    def __init__(self, connections: int, ports: int | None = None) -> None:
        self._connections = connections
        self._ports = port_count() if ports is None else ports
        self._known: dict[str, tuple[str, ...]] = {}

    def needed(self, remote: str) -> int:
        """Return how many local addresses it takes to reach ``remote`` (numeric) with everybody."""
        share = EASY if _is_loopback(remote) else USABLE
        return max(1, math.ceil(self._connections / (self._ports * share)))

    def address(self, remote: tuple[str, int] | None, client: int) -> str | None:
        """Return the local address of a client by its number; None: the system chooses."""
        if remote is None:
            return None
        found = self._known.get(remote[0])
        if found is None:
            needed = self.needed(remote[0])
            found = self._known[remote[0]] = local_addresses(remote[0], needed) if needed > 1 else ()
        return found[client % len(found)] if len(found) > 1 else None


def planned_connections(plan: Plan) -> int:
    """Return how many connections there are at a time at most, by plan; of a search, at its last level."""
    most, slots = most_connections(plan, Crowd(plan, visitors(plan))), most_slots(plan.phases)
    # The way that a search takes may lead higher than the longest one, by which plans are told.
    searched = {
        phase.search.group for phase in plan.phases if phase.search and phase.search.axis == "clients"
    }
    return max(most, sum(slots[group] for group in searched if plan.groups[group].pool is None))


def port_count() -> int:
    """Return how many ports the system gives to connections that do not ask for one."""
    try:
        first, last = map(int, PORT_RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return USUAL_PORTS
    return last - first + 1


def local_addresses(remote: str, most: int) -> tuple[str, ...]:
    """Return up to ``most`` addresses of this machine from which ``remote`` (numeric) is reached alike."""
    address = ipaddress.ip_address(remote.partition("%")[0])
    if _is_loopback(remote):
        first = ipaddress.IPv4Address("127.0.0.1")
        return tuple(str(first + number) for number in range(most)) if address.version == 4 else ()
    import psutil

    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote, 9))  # No packet: the system only looks up the way.
        except OSError:
            return ()
        ours = str(probe.getsockname()[0])
    for entries in psutil.net_if_addrs().values():
        addresses = [entry.address for entry in entries if entry.family == family]
        if ours in addresses:
            return tuple(addresses[:most])
    return ()


def _is_loopback(remote: str) -> bool:
    return ipaddress.ip_address(remote.partition("%")[0]).is_loopback
