"""Local addresses, when one has too few ports."""

from __future__ import annotations

from collections import Counter

import pytest

from wsrun.engine.sources import Sources, local_addresses

TARGET = ("127.0.0.1", 9000)


@pytest.mark.parametrize(("clients", "needed"), [(1, 1), (900, 1), (901, 2), (1800, 2), (5000, 6)])
def test_nine_tenths_of_the_ports_of_an_address_are_used(clients: int, needed: int) -> None:
    """Some ports are other programs', or still closing."""
    assert Sources(clients, ports=1000).needed("192.0.2.1") == needed


@pytest.mark.parametrize(("clients", "needed"), [(1, 1), (450, 1), (451, 2), (5000, 12)])
def test_less_than_half_of_them_where_addresses_are_for_nothing(clients: int, needed: int) -> None:
    """On the loopback network: in the second half of the range the system searches long for a free one."""
    assert Sources(clients, ports=1000).needed("127.0.0.1") == needed


def test_clients_are_spread_evenly_over_the_addresses() -> None:
    """No address has more than its part, and none more than half of its ports."""
    sources = Sources(1250, ports=1000)
    spread = Counter(sources.address(TARGET, client) for client in range(1250))

    assert set(spread) == {"127.0.0.1", "127.0.0.2", "127.0.0.3"}
    assert max(spread.values()) <= 450


def test_the_system_chooses_where_one_address_is_enough() -> None:
    """Nothing is bound that need not be."""
    assert Sources(450, ports=1000).address(TARGET, 7) is None
    assert Sources(5000, ports=1000).address(None, 7) is None


def test_one_address_of_the_loopback_of_ipv6_is_all_there_is() -> None:
    """Then the ports run out, and connections that cannot be made say so."""
    assert local_addresses("::1", 3) == ()
    assert Sources(5000, ports=1000).address(("::1", 9000), 0) is None
