"""Why something went wrong: every cause that errors, and dropped messages, are counted by, in a sentence.

Most causes are fixed names. Two families carry a number: ``refused-503`` and ``closed-1013``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

CAUSES: Final[Mapping[str, str]] = {
    "connection-refused": "Nobody listens at the target",
    "connect-timeout": "No TCP connection in time",
    "handshake-timeout": "The server did not answer the handshake in time",
    "not-websocket": "The server speaks HTTP but not WebSocket at this path",
    "bad-handshake": "The server's answer to the handshake was wrong",
    "dns": "The host has no address",
    "tls-verify": "The server's certificate is not trusted",
    "tls-protocol": "The server does not speak TLS as it should",
    "local-descriptors": "This machine ran out of file descriptors",
    "local-ports": "This machine ran out of local ports",
    "local-memory": "This machine ran out of memory for connections",
    "local-address": "This machine has no such address of its own to connect from",
    "unreachable": "There is no route to the target",
    "local-forbidden": "This machine forbids connections to the target",
    "system-error": "The system refused the connection",
    "bad-request": "The URL or a header cannot be sent",
    "unknown": "The connection failed for an unknown reason",
    "aborted": "The connection was cut when the run was over",
    "reset": "The connection was reset",
    "eof": "The connection ended without a close frame",
    "protocol-error": "The server broke the WebSocket protocol",
    "bad-utf8": "The server sent text that is not UTF-8",
    "message-too-big": "A message was larger than max_message",
    "heartbeat-lost": "The server left too many heartbeats in a row unanswered",
    "close-timeout": "The server did not answer our close in time",
    "pool-timeout": "No connection of the pool was free in time",
    "reply-timeout": "No reply in time",
    "reply-lost": "The connection ended before the reply",
    "reply-error": "The reply was an error",
    "reply-unexpected": "The reply was not as expected",
    "reply-count": "The reply had too few or too many messages",
    "reply-out-of-order": "The messages of a reply did not come in order",
    "forbidden": "A message came that must never come",
    "contract-violation": "A message came that breaks its schema",
    "leak": "A message was seen by a client that it was not meant for",
    "http-refused": "Nobody takes HTTP requests at the target",
    "http-dns": "The host of the HTTP requests has no address",
    "http-tls": "The HTTP requests could not be secured by TLS",
    "http-lost": "The connection ended before the HTTP answer",
    "http-malformed": "The server's HTTP answer was malformed",
    "http-too-big": "The body of an HTTP answer was larger than max_message",
    "http-failed": "An HTTP request failed for an unknown reason",
    "expect-failed": "An expected message did not come",
    "unexpected-message": "A message came that an expect_none step excludes",
    "proxy-failed": "The proxy opened no tunnel",
    "split-failed": "What came could not be split into messages",
    "not-refused": "A connection was made that had to be refused",
    "close-unexpected": "The connection was not closed as a step expected",
    "sync-timeout": "Other clients of the group did not come to a sync step",
    "missing-variable": "A value was used before anything was written to it",
    "python-failed": "An extension could not make a message",
    "call-failed": "A call of an extension failed",
    "lifecycle-failed": "An extension gave no stages of a lifecycle",
    "call-timeout": "A call of an extension did not end in time",
    "not-connected": "A message was due on a connection that was gone",
    "nobody-open": "No client was open to send it",
    "out-of-time": "wsrun could not send it in time",
    "not-read": "The server did not read what it was sent",
    "run-over": "The run was over before the handshake",
    "internal-error": "wsrun itself failed on a connection",
}
"""Every fixed cause, as a sentence without a full stop."""

FAMILIES: Final[Mapping[str, str]] = {
    "refused-<status>": "The server refused the connection with HTTP <status>",
    "answered-<status>": "An HTTP request was answered with <status>",
    "closed-<code>": "The connection was closed with <code>",
}
"""The causes that carry a number, with ``<…>`` in its place."""

_MEMBER: Final = re.compile(r"(?a:refused-[3-9]\d\d|answered-[1-9]\d\d|closed-[1-4]\d{3})")


def is_cause(text: str) -> bool:
    """Tell whether errors may be counted by this cause."""
    return text in CAUSES or _MEMBER.fullmatch(text) is not None


def cause_text(cause: str) -> str:
    """Return a cause in plain words; one that is not known (of a later version) as it is written."""
    for family, sentence in FAMILIES.items():
        prefix, _, number = family.partition("<")
        if cause.startswith(prefix):
            return sentence.replace(f"<{number}", cause.removeprefix(prefix))
    return CAUSES.get(cause, cause.replace("-", " ").capitalize())
