"""What is said of errors and of answers that are no handshake."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from wsrun.transports import ConnectFailure, Endpoint, Timings
from wsrun.transports.failures import (
    MAX_FOREIGN_TEXT,
    clean,
    ended,
    from_answer,
    from_error,
    from_status,
    timed_out,
)

PLACE = "example.test:80"


def said(failure: ConnectFailure) -> tuple[str, str]:
    return failure.kind, failure.cause


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ECONNREFUSED, "connection-refused"),
        (errno.ECONNRESET, "reset"),
        (errno.EPIPE, "reset"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.EACCES, "local-forbidden"),
        (errno.EMFILE, "local-descriptors"),
        (errno.ENFILE, "local-descriptors"),
        (errno.EADDRNOTAVAIL, "local-ports"),
        (errno.EADDRINUSE, "local-ports"),
        (errno.ENOBUFS, "local-memory"),
        (errno.EIO, "system-error"),
    ],
)
def test_errors_of_the_system_have_a_cause(number: int, cause: str) -> None:
    """The limits of this machine are told apart from what the server did."""
    failure = from_error(OSError(number, "whatever"), PLACE)
    assert said(failure) == ("failed", cause)
    assert failure.status is None


def test_a_timeout_of_the_system_is_a_timeout() -> None:
    """ETIMEDOUT is the system's own deadline for a connect."""
    assert said(from_error(TimeoutError(errno.ETIMEDOUT, "x"), PLACE)) == ("timed_out", "connect-timeout")


def test_a_host_without_address_is_named() -> None:
    """A look-up that fails says which host, and what the resolver said."""
    failure = from_error(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), PLACE)
    assert said(failure) == ("failed", "dns")
    assert failure.text == "the host of example.test:80 cannot be looked up: Name or service not known"


def test_an_end_within_tls_is_an_end() -> None:
    """The loops report an orderly end during the TLS handshake as an error without a number."""
    assert said(from_error(ConnectionResetError(), PLACE)) == ("failed", "eof")
    assert said(from_error(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "x"), PLACE)) == ("failed", "eof")


def test_other_errors_of_tls_say_their_reason() -> None:
    """What OpenSSL calls the error is shown in words."""
    error = ssl.SSLError(1, "x")
    error.reason = "SSLV3_ALERT_HANDSHAKE_FAILURE"
    failure = from_error(error, PLACE)
    assert said(failure) == ("failed", "tls-protocol")
    assert "sslv3 alert handshake failure" in failure.text


def test_an_unknown_error_is_a_failure_too() -> None:
    """No exception of a library gets through, whatever it is."""
    assert said(from_error(KeyError("x"), PLACE)) == ("failed", "unknown")


def test_the_deadline_says_how_far_it_came() -> None:
    """Before TCP is connected it is a connect timeout, after that a handshake timeout."""
    endpoint = Endpoint("ws://example.test/", connect_timeout=2.5)
    assert said(timed_out(PLACE, endpoint, Timings())) == ("timed_out", "connect-timeout")
    failure = timed_out(PLACE, endpoint, Timings(tcp=0.1))
    assert said(failure) == ("timed_out", "handshake-timeout")
    assert "within 2.5 s" in failure.text


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (100, "failed", "bad-handshake"),
        (200, "failed", "not-websocket"),
        (299, "failed", "not-websocket"),
        (302, "refused", "refused-302"),
        (401, "refused", "refused-401"),
        (599, "refused", "refused-599"),
    ],
)
def test_statuses_refuse_or_miss_the_point(status: int, kind: str, cause: str) -> None:
    """A refusal is an answer of the service; a success without an upgrade is another kind of server."""
    assert said(from_status(status)) == (kind, cause)


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        (b"HTTP/1.1 503 Busy", "refused-503"),
        (b"HTTP/1.1 503\r\n", "refused-503"),
        (b"HTTP/2 403 ", "refused-403"),
        (b"HTTP/1.1 101 Switching", "bad-handshake"),
        (b"HTTP/1.1 5033 Odd", "not-websocket"),
        (b"", "not-websocket"),
        (b"\x15\x03\x01", "not-websocket"),
    ],
)
def test_an_answer_is_known_by_its_first_line(head: bytes, cause: str) -> None:
    """The status counts, also one that the libraries do not know."""
    assert from_answer(head, None).cause == cause


def test_a_wrong_header_is_named() -> None:
    """Which header of a 101 is wrong is the most useful thing to say of it."""
    assert "Sec-WebSocket-Accept" in from_answer(b"HTTP/1.1 101 X", "Sec-WebSocket-Accept").text


def test_a_hint_goes_with_an_end_in_plain_text() -> None:
    """A server for TLS hangs up on ws://, and that is the likely reason."""
    assert "ws://" in ended(PLACE, reset=False, secure=False).text
    assert "ws://" not in ended(PLACE, reset=False, secure=True).text
    assert ended(PLACE, reset=True, secure=False).cause == "reset"


@pytest.mark.parametrize("hostile", ["\x1b[31m", "a\nb", "\u202eabc", "\ud800", "\x00"])
def test_foreign_text_is_harmless(hostile: str) -> None:
    """Nothing that moves a cursor, ends a line or turns a text around survives."""
    assert clean(hostile).isprintable()


def test_foreign_text_is_short() -> None:
    """It is cut, and one sees that it is."""
    assert clean("x" * MAX_FOREIGN_TEXT) == "x" * MAX_FOREIGN_TEXT
    assert clean("x" * 1000) == "x" * (MAX_FOREIGN_TEXT - 1) + "…"
