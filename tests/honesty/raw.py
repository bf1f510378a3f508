"""A client that does nothing but send on a schedule and stamp the replies: what this machine takes by itself.

It shares no code with wsrun: one thread, one epoll, frames written by hand, timeouts of ``select(2)``, which
count microseconds. Where wsrun and this differ, it is wsrun; what both have is the machine's.

    python -m tests.honesty.raw PORT PATH RATE SECONDS CONNECTIONS
"""

from __future__ import annotations

import gc
import json
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.witness import Witness

ROOT = Path(__file__).resolve().parents[2]
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SETTLE = 1.0
"""Seconds between the last connection and the first message."""


def latencies(script: str, rate: int, seconds: int, connections: int = 50) -> tuple[list[float], list[float]]:
    """Run the client against a witness: sorted seconds from the due time to the reply, and what was held."""
    with Witness() as witness:
        words = [str(witness.port), f"/?{script}", str(rate), str(seconds), str(connections)]
        command = [sys.executable, "-m", "tests.honesty.raw", *words]
        ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=seconds + 60)
    return json.loads(ended.stdout), sorted(seen.held for seen in witness.log)


def opened(port: int, path: str) -> socket.socket:
    """Connect and upgrade."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(REQUEST.format(path=path).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += sock.recv(4096)
    return sock


def frame(payload: bytes) -> bytes:
    """Return a masked text frame of less than 126 bytes; the mask is zero, which RFC 6455 does not forbid."""
    return bytes((0x81, 0x80 | len(payload))) + b"\0\0\0\0" + payload


def main(port: str, path: str, rate: str, seconds: str, connections: str) -> None:
    """Send, stamp, and print all latencies from the due time."""
    socks = [opened(int(port), path) for _ in range(int(connections))]
    poll = select.epoll()
    for sock in socks:
        poll.register(sock, select.EPOLLIN)
    by_number = {sock.fileno(): sock for sock in socks}
    due: dict[bytes, float] = {}
    found: list[float] = []
    gc.disable()
    begin, every, total = time.monotonic() + SETTLE, 1 / int(rate), int(rate) * int(seconds)
    number, descriptor = 0, [poll.fileno()]
    while len(found) < total:
        now = time.monotonic()
        while number < total and begin + number * every <= now:
            name = b"%09d" % number
            due[name] = begin + number * every
            socks[number % len(socks)].sendall(frame(b'{"id":"' + name + b'"}'))
            number += 1
        wait = begin + number * every - time.monotonic() if number < total else 1.0
        select.select(descriptor, [], [], max(wait, 0.0))
        for which, _ in poll.poll(0, 512):
            data = by_number[which].recv(1 << 16)
            at = time.monotonic()
            # Two bytes of head and eighteen of payload: many in one packet, never a part of one.
            names = (data[start + 9 : start + 18] for start in range(0, len(data), 20))
            found += [at - due.pop(name) for name in names]
    print(json.dumps(sorted(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
