"""The witness: a WebSocket server that stamps every message with CLOCK_MONOTONIC and writes down what it saw.

It runs in a process of its own and shares no code with what it is the witness of: one thread, one epoll, the
frames read and written by hand. Waiting is done on the epoll's own descriptor with ``select(2)``, whose
timeout counts microseconds where epoll's counts milliseconds.

    python -m tests.witness.server LOG

The log has one record a message; the last line on stdout is a JSON object with the totals.
"""

from __future__ import annotations

import gc
import heapq
import json
import select
import socket
import struct
import sys
import time
from itertools import count
from pathlib import Path

from tests.witness.frames import BINARY, CLOSE, PING, PONG, TEXT, frame, frames_in, upgrade
from tests.witness.script import Script

RECORD = struct.Struct("<IIQddd")
"""Connection, payload bytes, digest of the payload, read, due, written; a push was read at its due time."""

PUSHED = 0
"""The digest of what nobody asked for."""


class Peer:
    """One connection."""

    __slots__ = ("answered", "backlog", "data", "number", "script", "sock")

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        self.data = bytearray()
        self.backlog = b""
        self.answered = 0
        self.script: Script | None = None


class Witness:
    """The server; ``run`` ends when stdin closes."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        self.poll.register(sys.stdin, select.EPOLLIN)
        self.peers: dict[int, Peer] = {}
        self.waiting: list[tuple[float, int, Peer, int, bytes, float, int]] = []
        self.order = count()
        self.log = bytearray()
        self.opened = self.closed = self.received = self.sent = self.bytes_in = self.bytes_out = 0
        self.cuts = self.upgraded = 0
        self.first: float | None = None
        self.stalls: list[tuple[float, float]] = []

    def run(self) -> None:
        """Serve until stdin closes."""
        gc.disable()
        print(json.dumps({"port": self.listener.getsockname()[1]}), flush=True)
        poll_fd = [self.poll.fileno()]
        while True:
            self.stall()
            wait = max(self.waiting[0][0] - time.monotonic(), 0.0) if self.waiting else 0.5
            select.select(poll_fd, [], [], min(wait, 0.5))
            for descriptor, events in self.poll.poll(0, 512):
                if descriptor == sys.stdin.fileno():
                    return
                if descriptor == self.listener.fileno():
                    self.accept()
                elif (peer := self.peers.get(descriptor)) is not None:
                    if events & select.EPOLLOUT:
                        self.flush(peer)
                    if events & ~select.EPOLLOUT:
                        self.read(peer)
            self.answer_due()

    def stall(self) -> None:
        """Neither read nor write while a scripted stall lasts."""
        while self.stalls and self.first is not None and time.monotonic() >= self.first + self.stalls[0][0]:
            time.sleep(self.stalls.pop(0)[1])

    def accept(self) -> None:
        """Take in who waits at the door."""
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[sock.fileno()] = Peer(sock, self.opened)
            self.poll.register(sock, select.EPOLLIN)
            self.opened += 1

    def read(self, peer: Peer) -> None:
        """Read what has come; the stamp is taken right after."""
        try:
            data = peer.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        at = time.monotonic()
        if not data:
            self.drop(peer)
            return
        peer.data += data
        if peer.script is None:
            end = peer.data.find(b"\r\n\r\n")
            if end < 0:
                return
            path, answer = upgrade(bytes(peer.data[:end]))
            del peer.data[: end + 4]
            peer.script = Script(path, peer.number)
            self.upgraded += 1
            if peer.script.stall_length and not self.stalls:
                self.stalls.append((peer.script.stall_at, peer.script.stall_length))
            self.write(peer, answer)
            if peer.script.push_rate:
                self.plan_push(peer, at)
        for opcode, payload in frames_in(peer.data):
            self.take(peer, opcode, payload, at)

    def take(self, peer: Peer, opcode: int, payload: bytes, at: float) -> None:
        """Take a frame."""
        if opcode in (TEXT, BINARY):
            self.received += 1
            self.bytes_in += len(payload)
            if self.first is None:
                self.first = at
            script = peer.script
            if script is None or script.draw is None:
                self.log += RECORD.pack(peer.number, len(payload), digest(payload), at, at, 0.0)
                return
            due = at + script.draw(script.rng)
            heapq.heappush(self.waiting, (due, next(self.order), peer, opcode, payload, at, digest(payload)))
        elif opcode == PING:
            self.write(peer, frame(PONG, payload))
        elif opcode == CLOSE:
            self.write(peer, frame(CLOSE, payload[:2]))
            self.drop(peer)

    def plan_push(self, peer: Peer, after: float) -> None:
        """Enter the next push to a connection: evenly spaced, numbered by the text."""
        due = after + 1 / peer.script.push_rate
        payload = b'{"push":%d}' % next(self.order)
        heapq.heappush(self.waiting, (due, next(self.order), peer, TEXT, payload, due, PUSHED))

    def answer_due(self) -> None:
        """Send what is due; the stamp is taken right before."""
        waiting = self.waiting
        while waiting and waiting[0][0] <= time.monotonic():
            due, _, peer, opcode, payload, read, mark = heapq.heappop(waiting)
            if peer.sock.fileno() < 0:
                continue
            at = time.monotonic()
            if mark != PUSHED:
                peer.answered += 1
                if peer.answered == peer.script.cut:
                    self.log += RECORD.pack(peer.number, len(payload), mark, read, due, 0.0)
                    self.cut(peer, frame(opcode, payload))
                    continue
            self.write(peer, frame(opcode, payload))
            self.sent += 1
            self.bytes_out += len(payload)
            self.log += RECORD.pack(peer.number, len(payload), mark, read, due, at)
            if mark == PUSHED:
                self.plan_push(peer, due)

    def write(self, peer: Peer, data: bytes) -> None:
        """Send, or keep what the system does not take."""
        if not peer.backlog:
            try:
                data = data[peer.sock.send(data) :]
            except BlockingIOError:
                pass
            except OSError:
                return
        if data:
            peer.backlog += data
            self.poll.modify(peer.sock, select.EPOLLIN | select.EPOLLOUT)

    def cut(self, peer: Peer, data: bytes) -> None:
        """Send half of a frame, and reset the connection."""
        self.write(peer, data[: len(data) // 2])
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cuts += 1
        self.drop(peer)

    def flush(self, peer: Peer) -> None:
        """Send what was kept."""
        data, peer.backlog = peer.backlog, b""
        self.poll.modify(peer.sock, select.EPOLLIN)
        self.write(peer, data)

    def drop(self, peer: Peer) -> None:
        """Forget a connection."""
        descriptor = peer.sock.fileno()
        if descriptor >= 0:
            self.closed += 1
            del self.peers[descriptor]
            peer.sock.close()

    def totals(self) -> dict[str, int]:
        """Return what was counted."""
        return {
            "connections_opened": self.opened,
            "connections_closed": self.closed,
            "connections_cut": self.cuts,
            "connections_upgraded": self.upgraded,
            "messages_received": self.received,
            "messages_sent": self.sent,
            "bytes_received": self.bytes_in,
            "bytes_sent": self.bytes_out,
        }


def digest(payload: bytes) -> int:
    """Return 64 bits that tell a payload from others, never ``PUSHED``; the same in this process only."""
    return hash(payload) & 0xFFFF_FFFF_FFFF_FFFF or 1


def main() -> None:
    """Serve until stdin closes, then write the log and the totals."""
    witness = Witness()
    witness.run()
    Path(sys.argv[1]).write_bytes(witness.log)
    print(json.dumps(witness.totals()), flush=True)


if __name__ == "__main__":
    main()
