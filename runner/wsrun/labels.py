"""The labels by which metrics are told apart."""

from __future__ import annotations

LABELS = {
    "group": "the group of clients",
    "profile": "the profile of the client",
    "message": "the name of the message that was sent",
    "kind": "the kind of the message: event, command, query or monitoring",
    "priority": "the priority of the message: low, normal or high",
    "phase": "the phase of the scheduled time of a message, or of the attempt of a connection",
    "socket": "the name of the socket, main unless there are several",
    "server": "the server, with several of them: host:port as in its URL, demo or demo2",
    "code": "the code of a close, such as 1000, or 1006 where there was none",
    "side": "who closed: client or server",
    "status": "the HTTP status of an answer or of a refused handshake, such as 503",
    "cause": "what went wrong, as the error table of the report names it",
}
"""Every label with its meaning."""

OUTCOME_LABELS = frozenset({"code", "side", "status", "cause"})
"""Labels that say how something ended; the others say what was tried."""
