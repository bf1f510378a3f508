"""As much of HTTP/1.1 as the demo server speaks: heads, bodies with a length, short answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import orjson

MAX_HEAD = 16 * 1024
"""Bytes a request head may have."""

MAX_BODY = 64 * 1024
"""Bytes a request body may have."""


class RequestError(Exception):
    """A request that is not answered in the ordinary way; ``status`` says how it is answered."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(slots=True)
class Request:
    """A request. Header names are lower case; of a query parameter given twice the last holds."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    version: str = "HTTP/1.1"
    peer: str = ""
    body: bytes = b""

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks for a WebSocket."""
        return "websocket" in self.headers.get("upgrade", "").lower()

    @property
    def is_last(self) -> bool:
        """Whether the client wants the connection closed after the answer."""
        wanted = self.headers.get("connection", "").lower()
        return "close" in wanted or (self.version == "HTTP/1.0" and "keep-alive" not in wanted)


@dataclass(slots=True)
class Response:
    """An answer; without a body of its own it says its status in words."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self, *, keep: bool = False) -> bytes:
        """Return the bytes to send; ``keep`` says that the connection stays open."""
        status = HTTPStatus(self.status)
        body = self.body or f"{status.value} {status.phrase}\n".encode()
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            f"Connection: {'keep-alive' if keep else 'close'}",
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def json_response(value: object, status: int = 200) -> Response:
    """Return ``value`` as a JSON answer."""
    return Response(status, orjson.dumps(value) + b"\n", "application/json")


def parse_head(head: bytes) -> Request:
    """Parse a request head, without its closing empty line.

    Raises:
        RequestError: the head is not HTTP/1.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise RequestError(400, "this is not an HTTP/1.1 request line")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise RequestError(400, f"this is not a header: {line[:80]!r}")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, _, query = words[1].partition("?")
    return Request(words[0], unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, words[2])


def body_length(request: Request) -> int:
    """Return how many bytes of body follow the head of ``request``.

    Raises:
        RequestError: the length is not given, not a number, or over ``MAX_BODY``.
    """
    if "transfer-encoding" in request.headers:
        raise RequestError(411, "a body needs a Content-Length")
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise RequestError(400, "Content-Length is not a number")
    if int(text) > MAX_BODY:
        raise RequestError(413, f"a body may have {MAX_BODY} bytes")
    return int(text)
