"""The seam between a client and HTTP: one request, one answer. No type of a library crosses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wsrun.plan import TargetPlan

Headers = tuple[tuple[str, str], ...]


class HttpFailure(Exception):
    """A request was not answered.

    ``cause`` is a short kebab-case word for counting: ``http-refused``, ``http-dns``, ``http-tls``,
    ``http-lost``, ``http-malformed``, ``http-too-big``, ``http-failed``, ``bad-request`` or one ``local-…``;
    ``text`` is one plain sentence.
    """

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, every template filled in; ``url`` is absolute, ``body`` None where there is none."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, whole; ``at`` is when the last of it was there, by ``time.monotonic()``."""

    status: int
    headers: Headers
    body: bytes
    at: float


class HttpTransport(Protocol):
    """Sends requests. The clients of a worker share it, and with it the connections that are kept open."""

    def check(self, request: HttpRequest) -> None:
        """Look whether a request can be sent; its URL and headers come from templates.

        Raises:
            HttpFailure: it cannot.
        """

    async def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and wait for the whole answer; redirects are answers, and not followed.

        The request has been checked. The caller sets the deadline, by cancelling.

        Raises:
            HttpFailure: there was no answer.
        """

    async def close(self) -> None:
        """Let go of all connections."""


def http_transport(target: TargetPlan) -> HttpTransport:
    """Make what sends requests to a target; within a running loop. The library is loaded here and not before.

    Raises:
        OSError: a file of ``tls`` cannot be used.
    """
    from wsrun.transports.http_client import AiohttpTransport
    from wsrun.transports.tls import client_context

    is_secure = (target.http or "").startswith("https:")
    return AiohttpTransport(
        tls=client_context(target.tls) if is_secure else None,
        server_name=target.tls.server_name,
        max_body=target.max_message,
        proxy=target.proxy,
    )
