"""Ports: each local address has one of the system's range for each connection to one target address."""

from __future__ import annotations

import math

from wsrun.engine.sources import USABLE
from wsrun.preflight.demand import Demand
from wsrun.preflight.facts import Facts
from wsrun.preflight.finding import Finding, State
from wsrun.view.formats import group

WIDEST = 65_535 - 1024 + 1
"""Ports of the widest range that is of use: those below 1024 belong to services (RFC 6335 §6)."""


def ports(demand: Demand, facts: Facts) -> Finding:
    """Compare the connections with the ports of the local addresses that the target is reached from.

    The fewest of any target address count, as after a failover all connections may go to one.
    """
    needed = demand.connections
    address, sources = min(facts.sources.items(), key=lambda item: item[1], default=("", 1))
    there = facts.ports * sources
    figures = {"needed": needed, "ports": facts.ports, "addresses": sources, "target": address or None}
    state: State = "good"
    if needed > there:
        state = "bad"
    elif needed > there * USABLE:
        state = "warning"
    if not address and state != "good":
        state = "unknown"
    place = f"{group(sources)} local addresses" if sources > 1 else "a local address"
    text = f"{group(needed)} connection{'s' if needed != 1 else ''}, {group(there)} ports on {place}"
    if state == "good":
        return Finding(name="ports", state=state, text=text, figures=figures)
    if state == "unknown":
        return Finding(name="ports", state=state, text=f"{text}; the target's is not known", figures=figures)
    if state == "warning":
        text += f"; more than {USABLE:.0%} of them, and others use some"
    fixes = []
    if needed <= WIDEST * USABLE * sources and facts.ports < WIDEST:
        fixes.append('widen the range, as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535"')
    more = math.ceil(needed / (facts.ports * USABLE)) - sources
    what = "1 more address" if more == 1 else f"{more} more addresses"
    way = "or " if fixes else ""
    if ":" in address and address.startswith("::1"):
        fixes.append(f"{way}go to 127.0.0.1, which this machine reaches from as many addresses as it takes")
    else:
        fixes.append(
            f"{way}give the interface to {address} {what}, as root: ip address add ADDRESS dev INTERFACE"
        )
    return Finding(name="ports", state=state, text=text, fixes=tuple(fixes), figures=figures)
