"""Which of several servers a client goes to: the next after a loss or a refusal, round."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.engine.session import Session
    from wsrun.engine.sockets import ServerProgram, SocketProgram


def server_of(session: Session, socket: SocketProgram) -> ServerProgram:
    """Return where a client's next connection of a socket goes to; everybody begins with the first."""
    if len(socket.servers) == 1 or session.moves is None:
        return socket.servers[0]
    return socket.servers[session.moves.get(socket.index, 0) % len(socket.servers)]


def move_on(session: Session, socket: SocketProgram) -> None:
    """Go to the next server from now on, where there are several."""
    if len(socket.servers) > 1:
        if session.moves is None:
            session.moves = {}
        session.moves[socket.index] = session.moves.get(socket.index, 0) + 1


def tries(session: Session, socket: SocketProgram) -> int:
    """Return how many servers are tried at once: all of them, unless a backoff comes in between."""
    return 1 if session.recovery is not None else len(socket.servers)
