"""A transport that notes every handshake, and asks a server that refuses one for its reason."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from wsrun.transports import Closing, ConnectFailure, Connection, Endpoint, Sink, Timings, Transport

MOST_ATTEMPTS = 64
"""Of more handshakes only these are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One handshake: how it was asked for, and either what was agreed, or the failure."""

    endpoint: Endpoint
    timings: Timings | None = None
    subprotocol: str | None = None
    extensions: tuple[str, ...] = ()
    failure: ConnectFailure | None = None


class Witness:
    """Opens connections by another transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.name = transport.name
        self.attempts: list[Attempt] = []

    async def open(self, endpoint: Endpoint, sink: Sink) -> Connection:
        """See ``Transport.open``."""
        try:
            connection = await self._transport.open(endpoint, sink)
        except ConnectFailure as failure:
            if failure.status is not None and not endpoint.needs_answer:
                await _ask(endpoint, failure)
            self._note(Attempt(endpoint=endpoint, failure=failure))
            raise
        self._note(
            Attempt(
                endpoint=endpoint,
                timings=connection.timings,
                subprotocol=connection.subprotocol,
                extensions=getattr(connection, "extensions", ()),
            )
        )
        return connection

    def _note(self, attempt: Attempt) -> None:
        if len(self.attempts) < MOST_ATTEMPTS:
            self.attempts.append(attempt)


async def _ask(endpoint: Endpoint, failure: ConnectFailure) -> None:
    """Do a refused handshake again, in a way that reads the headers and the body of the answer."""
    from wsrun.transports.reference import ReferenceTransport

    try:
        connection = await ReferenceTransport().open(replace(endpoint, needs_answer=True), _Deaf())
    except ConnectFailure as again:
        if again.status == failure.status:
            failure.headers, failure.body = again.headers, again.body
    else:
        with contextlib.suppress(OSError):
            connection.abort()


class _Deaf:
    """A sink that hears nothing."""

    def received(self, payload: str | bytes, at: float) -> None:
        """See ``Sink.received``."""

    def closed(self, closing: Closing, at: float) -> None:
        """See ``Sink.closed``."""
