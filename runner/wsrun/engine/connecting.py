"""Making a client's connection, and counting how it went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from wsrun.engine.failover import move_on, server_of, tries
from wsrun.engine.line import Line
from wsrun.engine.slow import SlowSink
from wsrun.engine.sockets import ServerProgram, SocketProgram
from wsrun.engine.splitting import Splitting
from wsrun.expressions import MissingVariable
from wsrun.metrics.snapshot import Labels, labels_of
from wsrun.transports import ConnectFailure, Endpoint, Sink

if TYPE_CHECKING:
    from wsrun.engine.session import Session

_PARTS = ("dns", "tcp", "tls", "upgrade")


Excuse = Callable[[ConnectFailure], bool]
"""Says whether a failure is what was wanted, and so no error."""

Make = Callable[[SocketProgram, Labels], Line]
"""Makes the client's side of a connection, under the labels of its attempt."""


async def connect(
    session: Session, index: int = 0, excuse: Excuse | None = None, make: Make | None = None
) -> Line | None:
    """Connect a socket (by its index) when a handshake is free.

    ``make`` gives another kind of line. None when there is no connection, which is counted by its cause.
    """
    socket = session.world.sockets[index]
    for _ in range(1 if excuse is not None else tries(session, socket)):
        if session.breaker is not None and not await session.breaker.permit():
            return None
        line = await _connect(session, socket, excuse, make)
        if line is not None or (session.leaving and not session.is_ending):
            return line
        if excuse is None:
            move_on(session, socket)
    return None


async def _connect(
    session: Session, socket: SocketProgram, excuse: Excuse | None, make: Make | None
) -> Line | None:
    world = session.world
    async with world.handshakes:
        if session.leaving and not session.is_ending:
            if not session.has_attempted and make is None:
                # No attempt at all, and so in no sum of attempts; but planned, and never there.
                withdrawn = world.labels(session.group, session.profile_index, world.stretch, socket)
                world.recorder.count("connect.withdrawn", labels_of(withdrawn))
            return None
        server = server_of(session, socket)
        labels = world.connect_labels(session, socket)
        if server.label is not None:
            labels["server"] = server.label
        key = labels_of(labels)
        recorder = world.recorder
        recorder.count("connect.attempted", key)
        session.has_attempted = True
        if session.visit is not None:
            session.visit.begun(session, key)
        line = Line(session, socket, mailbox=False, labels=key) if make is None else make(socket, key)
        world.log.begin(line)
        try:
            session.born()
            endpoint = _endpoint(session, socket, server, needs_answer=excuse is not None)
            started = world.clock()
            sink: Sink = line if socket.splitter is None else Splitting(line, socket.splitter())
            if world.has_slow_readers:
                sink = SlowSink(line, sink)
            connection = await world.transport.open(endpoint, sink)
        except ConnectFailure as failure:
            _count_failure(line, failure, labels, excuse)
            return None
        except MissingVariable as missing:
            text = f"before the connection: {missing}"
            _count_failure(line, ConnectFailure("failed", "missing-variable", text), labels)
            return None
        except asyncio.CancelledError:
            text = "the run was over before the handshake"
            _count_failure(line, ConnectFailure("timed_out", "run-over", text), labels)
            raise
        line.connection = connection
        if endpoint.address is None:
            world.addresses.settle(endpoint.proxy or endpoint.url, connection.timings.peer)
        world.log.made(line)
        if session.http is not None:
            session.http.cookies.take(endpoint.url, connection.set_cookies)
        # The first frame comes later than this; a phase may have changed the profile since the attempt.
        line.mailbox.is_open = session.program.expects
        timings = connection.timings
        line.first_due = started + timings.total
        recorder.count("connect.established", key)
        recorder.sample("connect.time", key, timings.total)
        for name in _PARTS:
            value = getattr(timings, name)
            if value is not None:
                recorder.sample(f"connect.{name}", key, value)
        world.opened(session, socket)
        world.heartbeats.start(line)
        if session.recovery is not None:
            session.recovery.connected(line)
        if session.breaker is not None:
            session.breaker.succeeded()
        return line


def _count_failure(
    line: Line, failure: ConnectFailure, labels: dict[str, str | None], excuse: Excuse | None = None
) -> None:
    """Count a connection that was not made; a refusal that is tolerated or wanted is no error."""
    session, world = line.session, line.world
    world.log.failed(line, failure.cause)
    status = None if failure.status is None else str(failure.status)
    name = f"connect.{failure.kind}"
    world.recorder.count(name, labels_of({**labels, "cause": failure.cause, "status": status}))
    if excuse is not None and excuse(failure):
        return
    if session.breaker is not None:
        session.breaker.failed()
    tolerated = world.plan.groups[session.group].tolerate_refusals
    if failure.kind == "refused" and failure.status in tolerated and excuse is None:
        return
    at = world.elapsed(world.clock())
    labels = {name: value for name, value in labels.items() if name != "server"}
    text = failure.text if excuse is None else f"{failure.text}; a step wants it refused in another way"
    world.recorder.error(failure.cause, session.client_id, at, text, {**labels, "status": status})


def _endpoint(
    session: Session, socket: SocketProgram, server: ServerProgram, *, needs_answer: bool
) -> Endpoint:
    """Evaluate where and how a client connects a socket."""
    world, target = session.world, socket.target
    url = server.url(session)
    headers = tuple((name, value(session)) for name, value in socket.headers)
    if session.http is not None:
        headers = session.http.cookies.add_to(url, headers)
    address = world.addresses.of(target.proxy or url)
    return Endpoint(
        url=url,
        headers=headers,
        subprotocols=target.subprotocols,
        compression=target.compression == "deflate",
        max_message=target.max_message,
        ssl=server.ssl,
        server_name=target.tls.server_name,
        connect_timeout=target.connect_timeout,
        close_timeout=target.close_timeout,
        address=address,
        source_address=world.sources.address(address, session.number),
        proxy=target.proxy,
        user_agent=world.user_agent,
        needs_answer=needs_answer,
    )
