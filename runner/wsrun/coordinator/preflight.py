"""The preflight of a plan on this machine: its limits, the way to each server, one client for real."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wsrun.coordinator.staffing import descriptor_limit, most_workers, transport_of, workers_of
from wsrun.coordinator.target import check_tls, embedded_servers, is_local, with_servers
from wsrun.demo.process import DemoServerError
from wsrun.plan import Plan
from wsrun.preflight import MACHINE, look
from wsrun.preflight.demand import Demand, demand_of
from wsrun.preflight.facts import read_facts, read_folder, read_timekeeping
from wsrun.preflight.finding import Finding, Section
from wsrun.preflight.handshake import handshake
from wsrun.preflight.network import Way, way_to
from wsrun.preflight.servers import Server, server_at, servers_of
from wsrun.preflight.storage import storage
from wsrun.preflight.timekeeping import timekeeping
from wsrun.preflight.told import told_steps
from wsrun.preflight.visit import Visit, caller, pay_visit, visitors
from wsrun.preflight.witness import Attempt
from wsrun.result.secrets import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightOptions:
    """How a run would be carried out: ``out`` is what all results lie below, ``workers`` None: automatic."""

    out: Path
    workers: int | None = None
    transport: str = "fast"


def preflight(plan: Plan, options: PreflightOptions) -> Iterator[Section]:
    """Look at everything that a run of a plan needs; sections are yielded as they are known.

    Raises:
        UsageError: a file of ``tls`` cannot be used.
    """
    for target in plan.targets:
        check_tls(target)
    with ExitStack() as stack:
        try:
            ready = with_servers(plan, stack)
        except DemoServerError as error:
            yield Section("the embedded server", (Finding(name="start", state="bad", text=str(error)),))
            return
        servers = servers_of(plan, ready)
        runner = stack.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
        ways = runner.run(_ways(servers))
        yield Section("this machine", _machine(plan, options, ways))
        yield from runner.run(_talk(ready, transport_of(plan, options.transport), servers, ways))


def _machine(plan: Plan, options: PreflightOptions, ways: tuple[Way, ...]) -> tuple[Finding, ...]:
    addresses = [way.address for way in ways if way.address is not None]
    local = is_local(addresses)
    demand: Demand = demand_of(
        plan,
        workers_of(plan, options.workers, is_local=local, descriptors=descriptor_limit()),
        most_workers=most_workers(plan),
        embedded=embedded_servers(plan),
        hears_local=local,
    )
    facts = read_facts(dict.fromkeys(addresses), demand.connections, glance=True)
    return (
        *look(MACHINE, demand, facts),
        storage(demand, read_folder(options.out)),
        timekeeping(read_timekeeping()),
    )


async def _ways(servers: tuple[Server, ...]) -> tuple[Way, ...]:
    """Look at the ways to all servers at once: each may take as long as its limits."""
    return tuple(await asyncio.gather(*map(way_to, servers)))


async def _talk(
    plan: Plan, transport: str, servers: tuple[Server, ...], ways: tuple[Way, ...]
) -> list[Section]:
    """Let clients go to where a way is open, and return the sections of the servers and of the clients."""
    secrets = Secrets(plan)
    visits: list[Visit] = []
    closed = _closed(servers, ways)
    if closed is None:
        visits = [await pay_visit(visitor, transport) for visitor in visitors(plan)]
    attempts = [attempt for visit in visits for attempt in visit.attempts]
    sections = []
    failures: list[str] = []
    for server, way in zip(servers, ways, strict=True):
        found = list(way.findings)
        if server.socket is not None and way.is_open:
            theirs = [one for one in attempts if server_at(servers, one.endpoint.url) is server]
            judged = await _handshake(plan, transport, server, theirs)
            # A server may say again what it was sent.
            found.append(replace(judged, text=secrets.hidden(judged.text)))
            failures += [finding.text for finding in found if finding.state == "bad"]
        sections.append(Section(server.title, _spared(server, servers, ways, tuple(found))))
    sections += [Section(visit.title, told_steps(visit, failures)) for visit in visits]
    if closed is not None:
        text = f"not tried, as there is no way to {closed.title}"
        sections.append(Section("one client", (Finding(name="visit", state="unknown", text=text),)))
    return sections


async def _handshake(plan: Plan, transport: str, server: Server, theirs: list[Attempt]) -> Finding:
    """Judge the handshake that a client had with a server, or have one."""
    if theirs:
        return handshake(min(theirs, key=lambda attempt: attempt.endpoint.needs_answer))
    visit = await pay_visit(caller(plan, server), transport)
    if visit.attempts:
        return handshake(visit.attempts[0])
    why = next((problem for step in visit.steps for problem in step.problems), "nobody came to it")
    return Finding(name="handshake", state="unknown", text=f"not tried: {why}")


def _closed(servers: tuple[Server, ...], ways: tuple[Way, ...]) -> Server | None:
    """Return a server that no client can do without, and that cannot be reached."""
    by_socket: dict[int | None, list[tuple[Server, Way]]] = {}
    for server, way in zip(servers, ways, strict=True):
        by_socket.setdefault(server.socket, []).append((server, way))
    for pairs in by_socket.values():
        if not any(way.is_open for _, way in pairs):
            return pairs[0][0]
    return None


def _spared(
    server: Server, servers: tuple[Server, ...], ways: tuple[Way, ...], found: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Make a warning of what is bad about a server that another one stands in for."""
    others = [
        way
        for other, way in zip(servers, ways, strict=True)
        if other.socket == server.socket and other is not server
    ]
    if not server.is_spare or not any(way.is_open for way in others):
        return found
    return tuple(
        replace(finding, state="warning", text=f"{finding.text}; another server stands in")
        if finding.state == "bad"
        else finding
        for finding in found
    )


def _loop_factory() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
