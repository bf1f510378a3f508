"""Where hosts are for a run: where the first connection led."""

from __future__ import annotations

from wsrun.engine.addresses import Addresses


def test_a_numeric_host_needs_no_connection_first() -> None:
    """It is its own address, with the port of the scheme unless another is said."""
    addresses = Addresses()
    assert addresses.of("ws://192.0.2.1/x") == ("192.0.2.1", 80)
    assert addresses.of("wss://[2001:db8::1]/x") == ("2001:db8::1", 443)
    assert addresses.of("ws://192.0.2.1:8000") == ("192.0.2.1", 8000)


def test_a_name_is_where_the_first_connection_led() -> None:
    """Later ones, and what the DNS says then, change nothing; other ports are other places."""
    addresses = Addresses()
    assert addresses.of("ws://one.test/") is None
    addresses.settle("ws://one.test/", None)
    assert addresses.of("ws://one.test/") is None
    addresses.settle("ws://one.test/", ("192.0.2.1", 80))
    addresses.settle("ws://one.test/x", ("192.0.2.2", 80))
    assert addresses.of("ws://one.test/y") == ("192.0.2.1", 80)
    assert addresses.of("ws://one.test:81/y") is None


def test_what_is_no_url_has_no_address() -> None:
    """The transport says why."""
    addresses = Addresses()
    addresses.settle("ws://[x", ("192.0.2.1", 80))
    assert addresses.of("ws://[x") is None
    assert addresses.of("ws://one.test:x/") is None
