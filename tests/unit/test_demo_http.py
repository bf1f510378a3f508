"""The demo server's HTTP: heads and answers, as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.demo.http import Request, RequestError, Response, body_length, json_response, parse_head


def test_a_head_becomes_a_request() -> None:
    """Method, path, query and headers are taken apart; names of headers are lower case."""
    request = parse_head(
        b"GET /rpc%20x?seed=7&latency=constant:1ms&empty= HTTP/1.1\r\nHost: a:1\r\nX-A:  b \r\nx-a: c"
    )
    assert (request.method, request.path) == ("GET", "/rpc x")
    assert request.query == {"seed": "7", "latency": "constant:1ms", "empty": ""}
    assert request.headers == {"host": "a:1", "x-a": "b, c"}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET /",
        b"GET / HTTP/2",
        b"\x16\x03\x01 hello",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\n: no name",
        b"GET / HTTP/1.1\r\n folded: line",
    ],
)
def test_what_is_no_head_is_refused(head: bytes) -> None:
    """Anything that is not HTTP/1 with proper headers is a bad request."""
    with pytest.raises(RequestError) as caught:
        parse_head(head)
    assert caught.value.status == 400


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(head: bytes) -> None:
    """Whatever comes is a request or a RequestError, never another exception."""
    try:
        parse_head(head)
    except RequestError as error:
        assert error.status == 400


@pytest.mark.parametrize(
    ("connection", "version", "last"),
    [
        ("", "HTTP/1.1", False),
        ("close", "HTTP/1.1", True),
        ("", "HTTP/1.0", True),
        ("keep-alive", "HTTP/1.0", False),
    ],
)
def test_a_connection_stays_open_by_the_rules_of_its_version(
    connection: str, version: str, last: bool
) -> None:
    """HTTP/1.1 stays open unless told otherwise, HTTP/1.0 closes unless told otherwise."""
    assert Request("GET", "/", {}, {"connection": connection}, version).is_last is last


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": "-1"}, 400),
        ({"content-length": "1, 2"}, 400),
        ({"content-length": "99999999"}, 413),
        ({"transfer-encoding": "chunked"}, 411),
    ],
)
def test_a_body_needs_a_sensible_length(headers: dict[str, str], status: int) -> None:
    """A body whose length is unknown, wrong or too large is refused."""
    with pytest.raises(RequestError) as caught:
        body_length(Request("POST", "/", {}, headers))
    assert caught.value.status == status


def test_a_request_without_a_length_has_no_body() -> None:
    """No Content-Length means no body."""
    assert body_length(Request("GET", "/", {}, {})) == 0


def test_an_answer_says_its_length_and_whether_the_connection_stays() -> None:
    """The bytes of an answer are a status line, headers, an empty line and the body."""
    response = Response(429, b"no\n", headers={"Retry-After": "1"})
    assert response.encode() == (
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
        b"Retry-After: 1\r\nConnection: close\r\n\r\nno\n"
    )
    assert b"Connection: keep-alive\r\n" in response.encode(keep=True)


def test_an_answer_without_a_body_says_its_status() -> None:
    """Nobody is left with an empty page."""
    assert Response(404).encode().endswith(b"\r\n\r\n404 Not Found\n")


def test_json_is_answered_as_json() -> None:
    """A value becomes a JSON body with its content type."""
    response = json_response({"a": [1, None]})
    assert (response.body, response.content_type) == (b'{"a":[1,null]}\n', "application/json")
