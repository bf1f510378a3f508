"""One client's side of HTTP: sending requests, and judging their answers.

It is what ``Line`` is for a WebSocket, and counts alike: each request is answered, failed, timed out, lost or
pending. Requests go out at once, however many are unanswered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wsrun.engine.line import LATE, Line
from wsrun.engine.lines import Lines, lines_of
from wsrun.engine.mailbox import Mailbox, capture
from wsrun.engine.programs import MessageProgram
from wsrun.engine.request import Request, Waiter
from wsrun.engine.rows import not_made
from wsrun.expressions import MissingVariable
from wsrun.metrics.recorder import Cell, Stretch, Traffic
from wsrun.metrics.snapshot import labels_of
from wsrun.patterns import Answer, show_payload
from wsrun.transports import Closing
from wsrun.transports.cookies import Cookies
from wsrun.transports.http import HttpAnswer, HttpFailure, HttpRequest

if TYPE_CHECKING:
    from wsrun.engine.session import Session

GOOD = range(100, 400)
"""Statuses that are good where a message expects nothing else; redirects are answers."""


class Waiting(Request):
    """A request that waits for its answer, its patterns bound to the values that it was sent with."""

    __slots__ = ("error", "expect")

    def __init__(
        self,
        line: HttpLine,
        program: MessageProgram,
        cell: Cell,
        due: float,
        sent: float,
        future: Waiter | None,
        order: int,
    ) -> None:
        super().__init__(line, program, cell, due, sent, future, order)
        session = line.session
        self.error = None if program.error is None else program.error.bind(session)
        self.expect = None if program.expect is None else program.expect.bind(session)


class Speaker:
    """What a client speaks over that can send requests too: HTTP, beside its connections if it has any.

    It is its own ``connection``, as ``Lines`` are.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def connection(self) -> Speaker:
        """What tells whether messages can be sent and how many bytes wait."""
        return self

    @property
    def mailbox(self) -> Mailbox | Lines:
        """What reads the frames of the client's connections, of which there must be one."""
        connections = self._connections
        assert connections is not None
        return connections.mailbox

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent; of a client without a WebSocket, always."""
        connections = self._connections
        return self._session.is_browsing if connections is None else connections.is_open

    @property
    def closing(self) -> Closing | None:
        """How the client's connections ended; None while they are there, or are not needed."""
        connections = self._connections
        return None if connections is None else connections.closing

    @property
    def write_backlog(self) -> int:
        """Bytes given to the client's connections that the system has not taken yet."""
        connections = self._connections
        if connections is None or connections.connection is None:
            return 0
        return connections.connection.write_backlog

    def send(self, program: MessageProgram, due: float | None, future: Waiter | None) -> bool:
        """Send a message of either kind; see ``Line.send``."""
        session = self._session
        way = self._connections if program.http is None else session.http
        if way is None:
            session.error("not-connected", f"{program.name}: there was no connection to send it on")
            return False
        return way.send(program, due, future)

    @property
    def _connections(self) -> Line | Lines | None:
        session = self._session
        if session.others is None:
            return session.line
        return Lines(session) if lines_of(session) else None


class HttpLine:
    """A client's requests. ``cookies`` are shared with its WebSocket handshakes."""

    __slots__ = (
        "cells",
        "cookies",
        "seq",
        "session",
        "socket",
        "speaker",
        "stretch",
        "tasks",
        "traffic",
        "world",
    )

    def __init__(self, session: Session) -> None:
        self.session = session
        self.world = session.world
        self.socket = None
        self.speaker = Speaker(session)
        self.cookies = Cookies()
        self.seq = 0
        self.tasks: dict[Request, asyncio.Task[None]] = {}
        self.stretch: Stretch = self.world.stretch
        self.cells: list[Cell | None] = []
        self.traffic: Traffic
        self.turn(self.stretch)

    def turn(self, stretch: Stretch) -> None:
        """Write into the numbers of another part of the run from now on."""
        self.stretch = stretch
        session = self.session
        self.cells, self.traffic = self.world.numbers(session.group, session.profile_index, stretch, None)

    def send(self, program: MessageProgram, due: float | None, future: Waiter | None) -> bool:
        """Send a request; arguments and result are those of ``Line.send``."""
        world = self.world
        now = world.clock()
        if due is None:
            due = now
        if not self.stretch.start <= due < self.stretch.end:
            self.turn(world.stretch_at(due))
        cell = self.cells[program.index] or world.cell(self, program)
        request = self._make(program, now)
        if request is None:
            return False
        sent = world.clock() if due is not now else now
        if due is not now:
            world.recorder.send_lag.add(sent - due)
            if sent - due > LATE:
                cell.late += 1
        cell.sent += 1
        cell.bytes_sent += len(request.body or b"")
        waiting = Waiting(self, program, cell, due, sent, future, self.seq)
        program.queue.append(waiting)
        if program.deliver is not None:
            program.deliver.sent(self.session, cell, now)
        self.tasks[waiting] = world.loop.create_task(self._exchange(waiting, request))
        return True

    def _make(self, program: MessageProgram, now: float) -> HttpRequest | None:
        """Fill in a request; None, with the failure counted, when it cannot be made."""
        world, session = self.world, self.session
        assert program.http is not None
        assert world.http is not None
        if program.uses_id:
            session.message_id = session.ids.make((now + world.unix_offset) * 1e6)
        self.seq += 1
        # Requests are numbered by themselves, as the messages of each socket are.
        session.seq = self.seq
        try:
            if program.needs_renewal:
                session.renew()
            request = program.http.make(session, program.build(session))
            cookies = self.cookies.add_to(request.url, request.headers)
            if cookies is not request.headers:
                request = HttpRequest(request.method, request.url, cookies, request.body)
            world.http.check(request)
        except MissingVariable as missing:
            self.seq -= 1
            not_made(session, program.name, missing)
            return None
        except (HttpFailure, ValueError) as failure:
            self.seq -= 1
            text = failure.text if isinstance(failure, HttpFailure) else "the URL is not valid"
            session.error("bad-request", f"{program.name}: {text}")
            return None
        return request

    async def _exchange(self, waiting: Waiting, request: HttpRequest) -> None:
        world = self.world
        assert world.http is not None
        try:
            answer = await world.http.exchange(request)
        except HttpFailure as failure:
            if not waiting.done:
                waiting.cell.lost += 1
                self._finish(waiting, failure.cause, failure.text)
        else:
            self.cookies.take(
                request.url, [value for name, value in answer.headers if name.lower() == "set-cookie"]
            )
            if not waiting.done:
                self._take(waiting, answer)
        finally:
            self.tasks.pop(waiting, None)

    def _take(self, waiting: Waiting, answer: HttpAnswer) -> None:
        """Count an answer, and judge it."""
        program, cell = waiting.program, waiting.cell
        at = answer.at
        if not self.stretch.start <= at < self.stretch.end:
            self.turn(self.world.stretch_at(at))
        self.traffic.received += 1
        self.traffic.bytes_received += len(answer.body)
        labels = labels_of({**dict(cell.labels), "status": str(answer.status)})
        self.world.recorder.sample("http.time", labels, at - waiting.sent)
        frame = Answer(answer.status, answer.headers, answer.body, at)
        capture(program.captures, frame, self.session.variables)
        if waiting.error is not None and waiting.error(frame):
            self._fail(
                waiting, "reply-error", "the answer was one of the errors that the scenario names", frame
            )
        elif waiting.expect is not None and not waiting.expect(frame):
            self._fail(waiting, "reply-unexpected", "the answer was not what the scenario expects", frame)
        elif waiting.expect is None and answer.status not in GOOD:
            self._fail(waiting, f"answered-{answer.status}", "the answer was an error", frame)
        else:
            waiting.done = True
            cell.round_trip.add(at - waiting.due)
            cell.service_time.add(at - waiting.sent)
            if self.session.breaker is not None:
                self.session.breaker.succeeded()
            _tell(waiting, good=True)

    def _fail(self, waiting: Waiting, cause: str, text: str, frame: Answer) -> None:
        waiting.cell.failed += 1
        # An answer is told in one line, however many it was written in.
        body = f", {' '.join(show_payload(frame.payload).split())}" if frame.payload else ", without a body"
        self._finish(waiting, cause, f"{text}: HTTP {frame.status}{body}", status=frame.status)

    def _finish(self, waiting: Request, cause: str, text: str, status: int | None = None) -> None:
        waiting.done = True
        world, session = self.world, self.session
        labels = {**dict(waiting.cell.labels), "status": None if status is None else str(status)}
        sentence = f"{waiting.program.name}: {text}"
        world.recorder.error(cause, session.client_id, world.elapsed(world.clock()), sentence, labels)
        if session.breaker is not None:
            session.breaker.failed()
        _tell(waiting, good=False)

    def expire(self, waiting: Request) -> None:
        """Count a request whose deadline has passed; in the round trip it counts as its timeout."""
        waiting.cell.timed_out += 1
        waiting.cell.round_trip.add(waiting.deadline - waiting.due)
        self._finish(waiting, "reply-timeout", f"no answer within {waiting.program.timeout:g} s")
        self._cancel(waiting)

    def leave_pending(self) -> None:
        """Count what is still unanswered when the run is over, and give it up."""
        for waiting in self.requests():
            waiting.done = True
            waiting.cell.pending += 1
            _tell(waiting, good=False)
            self._cancel(waiting)

    def requests(self) -> list[Request]:
        """Return all that wait, oldest first."""
        return [waiting for waiting in self.tasks if not waiting.done]

    def _cancel(self, waiting: Request) -> None:
        task = self.tasks.pop(waiting, None)
        if task is not None:
            task.cancel()


def _tell(waiting: Request, *, good: bool) -> None:
    if waiting.future is not None and not waiting.future.done():
        waiting.future.set_result(good)
