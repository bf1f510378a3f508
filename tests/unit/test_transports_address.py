"""WebSocket URLs in their parts, and the requests made of them."""

from __future__ import annotations

import pytest

from wsrun.transports import ConnectFailure, Endpoint
from wsrun.transports.address import parse_address
from wsrun.transports.request import address_of, headers_of, tls_of, with_host


@pytest.mark.parametrize(
    ("url", "host", "port", "secure", "requested"),
    [
        ("ws://example.test", "example.test", 80, False, "ws://example.test/"),
        ("wss://example.test/chat", "example.test", 443, True, "wss://example.test/chat"),
        ("ws://EXAMPLE.test:8080/a?b=c", "example.test", 8080, False, "ws://example.test:8080/a?b=c"),
        ("ws://[::1]:81/", "::1", 81, False, "ws://[::1]:81/"),
        ("ws://host/a b?c d#e", "host", 80, False, "ws://host/a%20b?c%20d"),
        ("ws://host/%41?x=%20", "host", 80, False, "ws://host/%41?x=%20"),
        ("ws://bücher.test/ü", "xn--bcher-kva.test", 80, False, "ws://xn--bcher-kva.test/%C3%BC"),
        ("ws://host?q", "host", 80, False, "ws://host/?q"),
    ],
)
def test_a_url_comes_apart(url: str, host: str, port: int, secure: bool, requested: str) -> None:
    """Ports have defaults, names are lower-case ASCII, and what a request cannot carry is percent-encoded."""
    address = parse_address(url)
    assert (address.host, address.port, address.secure, address.url) == (host, port, secure, requested)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://host/", "ws://"),
        ("host:80", "ws://"),
        ("", "ws://"),
        ("ws://", "no host"),
        ("ws://:80/", "no host"),
        ("ws://host:x/", "port"),
        ("ws://host:99999/", "port"),
        ("ws://host\r\n/", "control"),
        ("ws://" + "ü" * 64 + ".test/", "host"),
        ("ws://[::1/", "not valid"),
    ],
)
def test_what_is_no_url_is_refused(url: str, says: str) -> None:
    """The reason is one sentence, and never an error of the library beneath."""
    with pytest.raises(ValueError, match=says):
        parse_address(url)


def test_numeric_hosts_need_no_look_up() -> None:
    """IP addresses of both families are known as such; nothing else is."""
    assert parse_address("ws://127.0.0.1/").is_numeric
    assert parse_address("ws://[::1]/").is_numeric
    assert not parse_address("ws://localhost/").is_numeric


def test_a_place_is_readable() -> None:
    """Texts name the server as host:port, with brackets where they are needed."""
    assert parse_address("wss://host/").place == "host:443"
    assert parse_address("ws://[::1]/").place == "[::1]:80"


def test_credentials_of_a_url_become_a_header_and_leave_the_url() -> None:
    """They are not sent as part of the Host, and a header of the scenario comes first."""
    address = parse_address("ws://me:p%40ss@host/")
    assert address.url == "ws://host/"
    assert ("Authorization", "Basic bWU6cEBzcw==") in headers_of(Endpoint("ws://host/"), address)
    own = Endpoint("ws://host/", headers=(("authorization", "Bearer x"),))
    names = [name.lower() for name, _ in headers_of(own, address)]
    assert names.count("authorization") == 1


def test_the_user_agent_is_ours_unless_the_scenario_has_one() -> None:
    """A target's log shows who loads it."""
    address = parse_address("ws://host/")
    assert headers_of(Endpoint("ws://host/", user_agent="wsrun/1"), address) == [("User-Agent", "wsrun/1")]
    own = Endpoint("ws://host/", headers=(("user-agent", "mine"),))
    assert headers_of(own, address) == [("user-agent", "mine")]


@pytest.mark.parametrize(
    "header", [("X-A", "b\r\nX-B: c"), ("X-A", "b\x00"), ("X A", "b"), ("X-A:", "b"), ("", "b"), ("X-Ä", "b")]
)
def test_a_header_cannot_smuggle_another(header: tuple[str, str]) -> None:
    """Names and values from templates are checked, because they may hold anything."""
    with pytest.raises(ConnectFailure) as caught:
        headers_of(Endpoint("ws://host/", headers=(header,)), parse_address("ws://host/"))
    assert caught.value.cause == "bad-request"
    assert caught.value.text.isprintable()


def test_a_url_that_is_none_is_a_failure_to_connect() -> None:
    """A template that makes no URL fails the connection and not the run."""
    with pytest.raises(ConnectFailure) as caught:
        address_of(Endpoint("ftp://host/"))
    assert (caught.value.kind, caught.value.cause) == ("failed", "bad-request")


def test_a_host_header_moves_into_the_url() -> None:
    """For a library that writes Host from its URL; other headers stay as they are."""
    address = parse_address("ws://127.0.0.1:9/a?b")
    assert with_host(address, [("host", "x.test:81"), ("X-A", "b")]) == ("ws://x.test:81/a?b", [("X-A", "b")])
    assert with_host(address, [("X-A", "b")]) == (address.url, [("X-A", "b")])


def test_plain_connections_have_no_tls_and_secure_ones_always() -> None:
    """Without a context of its own a wss endpoint gets the system's authorities, made once."""
    plain, secure = Endpoint("ws://host/"), Endpoint("wss://host/")
    assert tls_of(plain, address_of(plain)) is None
    context = tls_of(secure, address_of(secure))
    assert context is not None
    assert context.check_hostname
    assert tls_of(secure, address_of(secure)) is context
