"""All connections of a client that has several sockets, and as one where a client speaks or listens.

A client's connection to ``main`` is ``Session.line``; those to other sockets are in ``Session.others``, by
the index of their socket. Clients of plans with one socket have no others, and pay nothing for them.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.mailbox import Expectation
    from wsrun.engine.programs import MessageProgram
    from wsrun.engine.request import Waiter
    from wsrun.engine.session import Session
    from wsrun.transports import Closing

ANY = -1
"""What stands for "whichever socket" where a step needs a connection."""


def lines_of(session: Session) -> list[Line]:
    """Return the connections that a client has or had, the latest of each socket, ``main`` first."""
    found = [] if session.line is None else [session.line]
    if session.others:
        found += session.others.values()
    return found


def line_of(session: Session, socket: int) -> Line | None:
    """Return the latest connection of a socket, None where there was none."""
    if not socket:
        return session.line
    return session.others.get(socket) if session.others else None


def set_line(session: Session, socket: int, line: Line | None) -> None:
    """Let a connection be the latest of its socket; None: the attempt failed."""
    if not socket:
        session.line = line
    elif session.others is not None:
        session.others.pop(socket, None)
        if line is not None:
            session.others[socket] = line


def is_there(session: Session, socket: int) -> bool:
    """Whether a socket (or ANY) is connected, or was closed because we or a step of ours wanted it."""
    if socket == ANY:
        return any(is_there(session, line.socket.index) for line in lines_of(session))
    line = session.line if not socket else line_of(session, socket)
    return line is not None and (line.is_open or (line.closing is not None and line.is_closing))


def is_lost(line: Line) -> bool:
    """Whether a connection ended and neither we nor a step of ours asked for it."""
    return line.closing is not None and not line.is_closing


class Lines:
    """The connections of a client with several sockets, for whoever deals with a ``Line`` otherwise.

    It is its own ``connection`` and its own ``mailbox``: as many calls of theirs as are needed here.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def connection(self) -> Lines:
        """What tells whether messages can be sent and how many bytes wait."""
        return self

    @property
    def mailbox(self) -> Lines:
        """What reads the frames of all sockets."""
        return self

    @property
    def is_open(self) -> bool:
        """Whether some connection is open and none is lost."""
        lines = lines_of(self._session)
        return any(line.is_open for line in lines) and not any(map(is_lost, lines))

    @property
    def closing(self) -> Closing | None:
        """How the first lost connection ended, or else the last of all; None while there is one."""
        lines = lines_of(self._session)
        for line in lines:
            if is_lost(line):
                return line.closing
        return None if any(line.closing is None for line in lines) or not lines else lines[-1].closing

    @property
    def write_backlog(self) -> int:
        """Bytes given to the connections that the system has not taken yet."""
        return sum(backlog_of(line) for line in lines_of(self._session))

    def send(self, program: MessageProgram, due: float | None, future: Waiter | None) -> bool:
        """Send a message over its own socket; see ``Line.send``."""
        session = self._session
        line = line_of(session, program.socket)
        if line is None:
            name = session.world.sockets[program.socket].name
            session.error("not-connected", f"{program.name}: there is no connection to {name}")
            return False
        return line.send(program, due, future)

    def expect(self, expectation: Expectation) -> bool:
        """Read what is there on all sockets, oldest first, and from then on what comes on any."""
        boxes = [line.mailbox for line in lines_of(self._session)]
        frames = [(frame, box) for box in boxes for frame in box.frames]
        frames.sort(key=lambda pair: _at(pair[0]))
        for frame, box in frames:
            box.read(expectation, frame)
        for box in boxes:
            box.wait(expectation)
        return not expectation.wanted

    def release(self) -> None:
        """End the expectation, unmet if it still waits."""
        for line in lines_of(self._session):
            line.mailbox.release()


_at = attrgetter("at")


def backlog_of(line: Line) -> int:
    """Return the bytes given to a connection that the system has not taken yet."""
    return line.connection.write_backlog if line.connection is not None and line.is_open else 0
