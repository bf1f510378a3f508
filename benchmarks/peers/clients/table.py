"""The table of clients, in the order of the page."""

from __future__ import annotations

from benchmarks.peers.clients import artillery, floor, k6, locust, picows, tsung, wsrun
from benchmarks.peers.clients.peer import Peer

PEERS: tuple[Peer, ...] = (
    floor.PEER,
    *picows.PEERS,
    *wsrun.PEERS,
    k6.PEER,
    artillery.PEER,
    locust.PEER,
    tsung.PEER,
)


def chosen(names: list[str]) -> tuple[Peer, ...]:
    """Return the clients of these names, or whose names begin so (``picows``); all for none.

    Raises:
        ValueError: there is no such client.
    """
    for name in names:
        if not any(peer.name.startswith(name) for peer in PEERS):
            raise ValueError(
                f"there is no client '{name}'; there are {', '.join(peer.name for peer in PEERS)}"
            )
    return tuple(peer for peer in PEERS if not names or any(map(peer.name.startswith, names)))
