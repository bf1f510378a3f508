"""The servers that are not ours answer and count, so that scenarios can be reconciled with them."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from foreign_servers import COMMANDS, ForeignServer, is_available
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


def counts_once_closed(server: ForeignServer, closed: int) -> dict[str, int]:
    """Return the server's counts as soon as it has seen so many connections end."""
    deadline = time.monotonic() + 10
    while True:
        counts = server.counts()
        if counts["connections_closed"] >= closed or time.monotonic() > deadline:
            return counts
        time.sleep(0.01)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_foreign_server_answers_and_counts(name: str) -> None:
    """Echo and chat answer, a full server refuses with 503, and the counts are exact."""
    if not is_available(name):
        pytest.skip(f"{name} is not installed")

    async def run(server: ForeignServer) -> None:
        async with connect(server.url("/echo")) as socket:
            for message in ("hé", b"\x00\x01"):
                await socket.send(message)
                assert await socket.recv() == message
            with pytest.raises(InvalidStatus) as caught:
                await connect(server.url("/echo"))
            assert caught.value.response.status_code == 503
        await asyncio.to_thread(counts_once_closed, server, 1)
        async with connect(server.url("/chat")) as socket:
            await socket.send('{"type":"say","id":"m1"}')
            assert json.loads(await socket.recv()) == {"reply_to": "m1", "ok": True}

    with ForeignServer(name, "--max-connections", "1") as server:
        asyncio.run(asyncio.wait_for(run(server), 20))
        counts = counts_once_closed(server, 2)
        assert counts.pop("requests", 0) == 0
        sent = counts.pop("bytes_sent") - 5
        assert counts == {
            "connections_opened": 2,
            "connections_refused": 1,
            "connections_closed": 2,
            "messages_received": 3,
            "messages_sent": 3,
            "bytes_received": 5 + 24,
        }
        assert sent in (len('{"reply_to": "m1", "ok": true}'), len('{"reply_to":"m1","ok":true}'))
