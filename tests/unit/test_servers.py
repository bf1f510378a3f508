"""What servers are called in results."""

from __future__ import annotations

import pytest

from wsrun.servers import server_names


@pytest.mark.parametrize(
    ("urls", "names"),
    [
        (["demo:/echo", "demo2:/echo"], ("demo", "demo2")),
        (["ws://a.example/x", "wss://b.example:8443?t=1"], ("a.example", "b.example:8443")),
        (["ws://user:secret@a.example:1/", "ws://[::1]:80/"], ("a.example:1", "[::1]:80")),
        (["ws://a.example/1", "ws://a.example/2"], ("server-1", "server-2")),
        (["ws://{{ host }}/", "ws://b.example/"], ("server-1", "b.example")),
        (["{{ url }}", "demo:/chat"], ("server-1", "demo")),
    ],
)
def test_servers_are_named_by_where_they_are(urls: list[str], names: tuple[str, ...]) -> None:
    """Without credentials; by their number where that does not tell them apart."""
    assert server_names(urls) == names
