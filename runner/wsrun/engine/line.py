"""One connection of one client: sending, and finding out what each arriving frame is.

A frame is counted, and looked at by the rules of its group; then the first taker has it: the oldest waiting
reply that it fits, the first ``react`` rule, whoever expects it, the mailbox. What nobody can take is
``messages.unmatched``. This module is the per-message path: ``send`` and ``received`` are written for speed
and measured by ``benchmarks/roundtrip.py``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from orjson import loads

from wsrun.engine.belonging import is_extra, is_late, oldest_fit, remember
from wsrun.engine.exchange import Exchange
from wsrun.engine.leftovers import Leftover, leave, why_failed, why_no_reply
from wsrun.engine.mailbox import Mailbox, capture
from wsrun.engine.observers import Observers
from wsrun.engine.programs import NO_TABLE, MessageProgram
from wsrun.engine.request import PatternRequest, Request, Waiter
from wsrun.engine.rows import not_made
from wsrun.expressions import MissingVariable
from wsrun.metrics.recorder import SAMPLES_KEPT, Cell, Stretch, Told, Traffic
from wsrun.metrics.snapshot import Labels
from wsrun.patterns import show_payload
from wsrun.patterns.frame import UNREAD, Frame
from wsrun.transports import Closing, Connection

if TYPE_CHECKING:
    from wsrun.engine.closing import Unjudged
    from wsrun.engine.session import Session
    from wsrun.engine.sockets import SocketProgram

LATE = 0.010
"""A scheduled message that left more than this many seconds after its time counts as late."""


class Line:
    """A client's side of one connection; the transport's ``Sink``.

    ``labels`` are those of its attempt. ``unjudged`` is its end, while a step may still say whether
    it was expected.
    """

    __slots__ = (
        "at_closing",
        "blame",
        "cells",
        "closing",
        "connection",
        "first_due",
        "frame",
        "hot_field",
        "is_closing",
        "is_hanging_up",
        "labels",
        "late",
        "leftover",
        "mailbox",
        "observers",
        "order",
        "seq",
        "session",
        "socket",
        "stretch",
        "table",
        "tables",
        "taking",
        "traffic",
        "unjudged",
        "usual_field",
        "waiting",
        "watcher",
        "world",
    )

    is_own: ClassVar[bool] = True
    """Whether it stands for a connection of the client alone."""

    def __init__(
        self, session: Session, socket: SocketProgram, *, mailbox: bool, labels: Labels = ()
    ) -> None:
        self.session = session
        self.socket = socket
        self.frame = socket.frame
        self.world = session.world
        self.labels = labels
        self.connection: Connection | None = None
        self.closing: Closing | None = None
        self.is_closing = self.is_hanging_up = False
        self.at_closing: asyncio.Future[None] | None = None
        self.blame: str | None = None
        self.unjudged: Unjudged | None = None
        self.tables: tuple[dict[Any, Request], ...] = tuple({} for _ in self.world.correlators)
        rules = self.world.rules[session.group]
        self.observers = None if rules is None else Observers(rules, self)
        self.watcher = None if self.observers is None else self.observers.only_watcher
        # Where every frame is looked at, none goes the short way.
        looks_on = (rules is not None and rules.looks_on) or session.breaker is not None
        self.usual_field = None if looks_on else socket.hot_field
        self.taking = None if looks_on or rules is None or socket.target.json_in else rules.taking
        self.hot_field = self.usual_field
        self.table: dict[Any, Request] = self.tables[socket.hot_table] if self.tables else {}
        self.waiting: list[PatternRequest] = []
        self.late: dict[Any, Cell] | None = None
        self.leftover: Leftover | None = None
        self.order = self.seq = 0
        self.mailbox = Mailbox(session.variables, self.unmatched, self.world.room, is_open=mailbox)
        self.first_due: float | None = None
        self.stretch: Stretch = self.world.stretch
        self.cells: list[Cell | None] = []
        self.traffic: Traffic
        self.turn(self.stretch)

    # Phases

    def turn(self, stretch: Stretch) -> None:
        """Write into the numbers of another part of the run from now on."""
        self.stretch = stretch
        client, socket = self.session, self.socket
        self.cells, self.traffic = self.world.numbers(client.group, client.profile_index, stretch, socket)

    # Sending

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self.connection is not None and self.connection.is_open

    def send(
        self, program: MessageProgram, due: float | None, future: Waiter | None, old: Request | None = None
    ) -> bool:
        """Send a message; the future, if any, gets whether a good reply came.

        ``due`` is the time that was set for it beforehand, so that being late is wsrun's own fault and
        recorded as such; None: now. ``old`` is a request of the same message, which is over, to be used again
        by who has just seen that the connection is open. Returns False, with the failure counted, when the
        message cannot be made or sent.
        """
        world = self.world
        now = world.clock()
        at = now if due is None else due
        stretch = self.stretch
        if not stretch.start <= at < stretch.end:
            stretch = world.stretch_at(at)
            self.turn(stretch)
        session = self.session
        connection = self.connection
        cell = self.cells[program.index] or world.cell(self, program)
        session.seq = self.seq = self.seq + 1
        try:
            if program.uses_id:
                session.message_id = session.ids.make((now + world.unix_offset) * 1e6)
            if program.needs_renewal:
                session.renew()
            payload = program.build(session)
            key: Any = None
            if program.key_is_id:
                key = session.message_id
            elif program.expected is not None:
                key = program.expected(session)
        except MissingVariable as missing:
            self.seq -= 1
            not_made(session, program.name, missing)
            return False
        if connection is None or (old is None and not connection.is_open):
            self.seq -= 1
            session.error("not-connected", f"{program.name}: the connection was gone before it was sent")
            return False
        sent = now
        if due is not None:
            sent = world.clock()
            lag = sent - at
            world.recorder.send_lag.add(lag)
            if lag > LATE:
                cell.late += 1
        if program.binary:
            connection.send_binary(payload)
        else:
            connection.send_text(payload)
        cell.sent += 1
        cell.bytes_sent += len(payload)
        if program.deliver is not None:
            program.deliver.sent(session, cell, now)
        if program.has_reply:
            self.order = order = self.order + 1
            if program.simple:
                table = self.tables[program.table]
                if key not in table:
                    if old is None:
                        old = Request(self, program, cell, at, sent, future, order, table, key)
                        program.queue.append(old)
                    else:
                        old.use(cell, at, sent, order, key)
                    table[key] = old
                    return True
            self.enter(PatternRequest(self, program, cell, at, sent, future, order), key)
        return True

    def enter(self, request: PatternRequest, key: Any) -> None:
        """Let a request wait that is found by its patterns, or whose key another one has already."""
        program = request.program
        table = None if program.table == NO_TABLE else self.tables[program.table]
        if table is None or key in table:
            if request.belongs is None:
                request.belongs = self.world.belongs(program, self.session)
            self.waiting.append(request)
            # It may be older than the request that a frame names: the short way would not see it.
            self.hot_field = None
        else:
            request.table = table
            request.key = key
            table[key] = request
        program.queue.append(request)

    # Receiving

    def received(self, payload: str | bytes, at: float) -> None:
        """Take a message from the transport."""
        if at >= self.stretch.end:
            self.turn(self.world.stretch_at(at))
        traffic = self.traffic
        traffic.received += 1
        text = payload if isinstance(payload, str) else ""
        # isascii() looks at a flag of the str: no encoding for the common payload.
        traffic.bytes_received += len(payload) if text.isascii() else len(text.encode())
        if self.first_due is not None:
            self.world.recorder.sample("connect.first_message", self.labels, max(at - self.first_due, 0.0))
            self.first_due = None
        field, table, document = self.hot_field, self.table, UNREAD
        if table and field is not None:
            try:
                document = loads(payload)
                request = table[document[field]]
            except (ValueError, LookupError, TypeError):
                pass
            else:
                if request.program.simple:
                    del table[request.key]
                    # As in answer(), without the call: this is the way of nearly every frame.
                    request.done = True
                    cell = request.cell
                    cell.round_trip.add(at - request.due)
                    cell.service_time.add(at - request.sent)
                    future = request.future
                    if isinstance(future, Exchange):
                        exchange = future  # which C knows, where it is compiled
                        exchange.set_result(True)
                    elif future is not None and not future.done():
                        future.set_result(True)
                    return
        taking = self.taking
        if taking is not None and not self.waiting and not self.late:
            try:
                if document is UNREAD:
                    document = loads(payload)
                is_taken = document[taking.field] in taking.values
                # Of what waits, it can fit what the one field finds; where there is no such field, anything.
                if is_taken and not (field in document if table and field else any(self.tables)):
                    return
            except (ValueError, LookupError, TypeError):
                pass
        if self.watcher is None or not self.watcher.repeats(payload, at):
            self.sort(self.frame(payload, at, document))

    def sort(self, frame: Frame) -> None:
        """Find the taker of a frame, the long way."""
        observers = self.observers
        is_delivery = observers is not None and observers.look_on and observers.look(frame)
        is_awaited = self.waiting or (self.tables and any(self.tables))
        request = oldest_fit(self, frame) if is_awaited else None
        if isinstance(request, PatternRequest):
            self.take(request, frame)
        elif request is not None:
            self.forget(request)
            self.answer(request, frame.at)
        elif not (
            (self.late and is_late(self, frame))
            or (observers is not None and observers.take(frame))
            or self.mailbox.offer(frame)
            or (not is_delivery and is_extra(self.session, frame))
        ):
            leave(self, frame)

    def take(self, request: PatternRequest, frame: Frame) -> None:
        """Handle a frame that belongs to a request."""
        is_complete = request.is_completed_by(frame)
        capture(request.program.captures, frame, self.session.variables)
        if request.error is not None and request.error(frame):
            self.fail(request, "reply-error", lambda: why_failed(frame))
        elif is_complete:
            miss = request.miss(frame)
            if miss is None:
                self.forget(request)
                self.answer(request, frame.at)
            else:
                self.fail(request, *miss)

    def unmatched(self, frame: Frame) -> None:
        """Count a frame that was for nobody, unless somebody knows it."""
        if not frame.is_known:
            self.traffic.unmatched += 1
            if self.traffic.unmatched <= SAMPLES_KEPT:
                self.session.note("messages.unmatched", lambda: show_payload(frame.payload), frame.at)

    # Ends of requests

    def answer(self, request: Request, at: float) -> None:
        """Count a good reply; the request is already out of its table."""
        request.done = True
        cell = request.cell
        cell.round_trip.add(at - request.due)
        cell.service_time.add(at - request.sent)
        if self.session.breaker is not None:
            self.session.breaker.succeeded()
        future = request.future
        if future is not None and not future.done():
            future.set_result(True)

    def fail(self, request: Request, cause: str, text: Told) -> None:
        """Count a reply that came and was not good."""
        self.forget(request)
        request.cell.failed += 1
        self.finish(request, cause, text)

    def expire(self, request: Request) -> None:
        """Count a request whose deadline has passed; in the round trip it counts as its timeout."""
        self.forget(request)
        request.cell.timed_out += 1
        request.cell.round_trip.add(request.deadline - request.due)
        remember(self, request)
        self.finish(request, "reply-timeout", lambda: why_no_reply(self, request))

    def lose(self, request: Request) -> None:
        """Count a request whose connection went away."""
        self.forget(request)
        request.cell.lost += 1
        self.finish(request, "reply-lost", lambda: "the connection ended before the reply")

    def leave_pending(self) -> None:
        """Count what is still unanswered when the run is over."""
        for request in self.requests():
            self.forget(request)
            remember(self, request)
            request.done = True
            request.cell.pending += 1
            if request.future is not None and not request.future.done():
                request.future.set_result(False)

    def finish(self, request: Request, cause: str, text: Told) -> None:
        """End a request that failed."""
        request.done = True
        self.session.error(cause, lambda: f"{request.program.name}: {text()}", request.cell)
        if self.session.breaker is not None and cause != "reply-lost":
            self.session.breaker.failed()
        if request.future is not None and not request.future.done():
            request.future.set_result(False)

    def forget(self, request: Request) -> None:
        """Take a request out of where it waits."""
        if request.table is not None:
            request.table.pop(request.key, None)
        elif isinstance(request, PatternRequest):
            self.waiting.remove(request)
            if not self.waiting:
                self.hot_field = self.usual_field

    def requests(self) -> list[Request]:
        """Return all that wait, oldest first."""
        found = [request for table in self.tables for request in table.values()]
        return sorted([*found, *self.waiting], key=lambda request: request.order)

    async def wait_closed(self, until: float) -> Closing | None:
        """Wait for the end of the connection, wanted from now on; None when it has not come in time."""
        self.is_closing = True
        if self.closing is None:
            # A sleep of this wait alone: it may end early, and another one begin before its time.
            self.at_closing = self.world.agenda.sleep_until(until)
            await self.at_closing
        if self.closing is None:
            self.is_closing = False
        return self.closing

    def end_wait(self) -> None:
        """End ``wait_closed``, whatever has come."""
        if self.at_closing is not None and not self.at_closing.done():
            self.at_closing.set_result(None)

    def closed(self, closing: Closing, at: float) -> None:
        """Take note of the end of the connection."""
        if at >= self.stretch.end:
            self.turn(self.world.stretch_at(at))
        self.closing = closing
        for request in self.requests():
            self.lose(request)
        self.mailbox.end()
        self.end_wait()
        self.session.line_closed(self, closing, at)
