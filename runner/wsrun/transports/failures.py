"""Why a connection was not made: every exception and every HTTP status becomes one ``ConnectFailure``.

Texts are plain sentences. What a server said appears in them at most as a number or as ``clean`` text.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import Final

from wsrun.transports import ConnectFailure, Endpoint, Timings

MAX_FOREIGN_TEXT: Final = 80
"""How many characters of foreign text a sentence may quote."""

_STATUS_LINE: Final = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?:\s|$)")

_BY_ERRNO: Final[dict[int, tuple[str, str]]] = {
    errno.ECONNREFUSED: ("connection-refused", "nobody listens at {place}"),
    errno.ECONNRESET: ("reset", "the connection to {place} was reset before the handshake was answered"),
    errno.EPIPE: ("reset", "the connection to {place} was reset before the handshake was answered"),
    errno.ECONNABORTED: ("reset", "the connection to {place} was aborted before the handshake was answered"),
    errno.ENETUNREACH: ("unreachable", "there is no route to {place}"),
    errno.EHOSTUNREACH: ("unreachable", "there is no route to {place}"),
    errno.EACCES: ("local-forbidden", "this machine forbids connections to {place}"),
    errno.EPERM: ("local-forbidden", "this machine forbids connections to {place}"),
    errno.EMFILE: ("local-descriptors", "this process has no file descriptor left for another connection"),
    errno.ENFILE: ("local-descriptors", "this machine has no file descriptor left for another connection"),
    errno.EADDRNOTAVAIL: ("local-ports", "this machine has no port left for another connection to {place}"),
    errno.EADDRINUSE: ("local-ports", "this machine has no port left for another connection to {place}"),
    errno.ENOBUFS: ("local-memory", "this machine has no memory left for another connection"),
    errno.ENOMEM: ("local-memory", "this machine has no memory left for another connection"),
}

_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
"""OpenSSL's words for an answer that is no TLS at all."""


def clean(text: str) -> str:
    """Make foreign text harmless: one short line, with ``?`` for every character that does not print."""
    shown = "".join(char if char.isprintable() else "?" for char in text[: MAX_FOREIGN_TEXT + 1])
    return shown if len(shown) <= MAX_FOREIGN_TEXT else shown[: MAX_FOREIGN_TEXT - 1] + "…"


def from_answer(head: bytes, wrong_header: str | None) -> ConnectFailure:
    """Judge an answer that is not a handshake: it begins with ``head``, and one header may be to blame."""
    line = _STATUS_LINE.match(head)
    if line is None:
        return ConnectFailure("failed", "not-websocket", "the server's answer to the handshake is not HTTP")
    status = int(line[1])
    if status != 101:
        return from_status(status)
    if wrong_header is not None:
        return bad_header(wrong_header)
    return bad_handshake("the server's answer to the handshake breaks the rules of HTTP/1.1")


def from_status(status: int) -> ConnectFailure:
    """Judge an HTTP answer with another status than 101."""
    if 100 <= status < 200:
        return bad_handshake(f"the server answered HTTP {status}, which is no answer to a handshake")
    if status < 300:
        text = f"the server answered HTTP {status} instead of switching to WebSocket"
        return ConnectFailure("failed", "not-websocket", text, status)
    if status < 400:
        text = f"the server answered HTTP {status}: a redirect, and those are not followed"
    else:
        text = f"the server refused the handshake with HTTP {status}"
    return ConnectFailure("refused", f"refused-{status}", text, status)


def bad_handshake(text: str) -> ConnectFailure:
    """Judge an answer to the handshake that RFC 6455 does not allow."""
    return ConnectFailure("failed", "bad-handshake", text)


def bad_header(name: str) -> ConnectFailure:
    """Judge an HTTP 101 in which header ``name`` is wrong or missing."""
    return bad_handshake(f"the server's answer to the handshake has a wrong or no {clean(name)} header")


def not_offered() -> ConnectFailure:
    """Judge an HTTP 101 with a subprotocol or an extension that the request did not offer."""
    return bad_handshake("the server chose a subprotocol or an extension that was not offered")


def ended(place: str, *, reset: bool, secure: bool) -> ConnectFailure:
    """Judge a connection that ended before the handshake was answered."""
    if reset:
        return ConnectFailure("failed", *_told(errno.ECONNRESET, place))
    hint = "" if secure else "; a port for TLS does that when it hears ws://"
    text = f"{place} closed the connection before it answered the handshake{hint}"
    return ConnectFailure("failed", "eof", text)


def not_tls(place: str) -> ConnectFailure:
    """Judge a server that has no answer to the beginning of a TLS handshake but to hang up."""
    text = f"the server does not speak TLS at this port ({place}); is its address ws://?"
    return ConnectFailure("failed", "tls-protocol", text)


def timed_out(place: str, endpoint: Endpoint, timings: Timings) -> ConnectFailure:
    """Judge an attempt that took longer than ``endpoint.connect_timeout``."""
    limit = f"within {endpoint.connect_timeout:g} s"
    if timings.tcp is None:
        return ConnectFailure("timed_out", "connect-timeout", f"no connection to {place} {limit}")
    return ConnectFailure("timed_out", "handshake-timeout", f"{place} did not answer the handshake {limit}")


def from_error(exc: Exception, place: str) -> ConnectFailure:
    """Judge an operating system's, a resolver's or a TLS library's error at ``place`` (``host:port``)."""
    if isinstance(exc, ssl.SSLError):
        return _from_tls(exc, place)
    if isinstance(exc, socket.gaierror):
        text = f"the host of {place} cannot be looked up: {clean(exc.strerror or 'no reason given')}"
        return ConnectFailure("failed", "dns", text)
    if isinstance(exc, OSError):
        if exc.errno == errno.ETIMEDOUT:
            return ConnectFailure("timed_out", "connect-timeout", f"no answer from {place}")
        if exc.errno is None and isinstance(exc, ConnectionError):
            # The loops' word for an orderly end within TLS; a reset has its number.
            return ended(place, reset=False, secure=True)
        return ConnectFailure("failed", *_told(exc.errno, place))
    return ConnectFailure("failed", "unknown", f"no connection to {place}: {type(exc).__name__}")


def _told(number: int | None, place: str) -> tuple[str, str]:
    if number in _BY_ERRNO:
        cause, text = _BY_ERRNO[number]
        return cause, text.format(place=place)
    name = errno.errorcode.get(number or 0, "an unknown error")
    return "system-error", f"no connection to {place}: {name}"


def _from_tls(exc: ssl.SSLError, place: str) -> ConnectFailure:
    if isinstance(exc, ssl.SSLCertVerificationError):
        why = clean(getattr(exc, "verify_message", "") or "no reason given")
        return ConnectFailure("failed", "tls-verify", f"the certificate of {place} is not trusted: {why}")
    if isinstance(exc, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ended(place, reset=False, secure=True)
    reason = exc.reason or ""
    if reason in _NOT_TLS:
        return not_tls(place)
    why = clean(reason.replace("_", " ").lower() or "no reason given")
    return ConnectFailure("failed", "tls-protocol", f"TLS with {place} failed: {why}")
