"""What the foreign servers in Python share: their counts, their answers, their announcement."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """What a server has seen, by its own reckoning; bytes are those of the payloads."""

    connections_opened: int = 0
    connections_refused: int = 0
    connections_closed: int = 0
    messages_received: int = 0
    messages_sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    requests: int = 0

    @property
    def connections_open(self) -> int:
        """How many connections are open now."""
        return self.connections_opened - self.connections_closed

    def received(self, message: str | bytes) -> None:
        """Count a message that came."""
        self.messages_received += 1
        self.bytes_received += size(message)

    def sent(self, message: str | bytes) -> None:
        """Count a message that was sent."""
        self.messages_sent += 1
        self.bytes_sent += size(message)

    def to_json(self) -> str:
        """Return the counts as JSON."""
        return json.dumps(asdict(self))


def size(message: str | bytes) -> int:
    """Return the bytes that a message takes on the wire."""
    return len(message.encode() if isinstance(message, str) else message)


def answer(path: str, message: str | bytes) -> str | bytes:
    """Return the answer to a message: on ``/chat`` that of a chat server, elsewhere the message itself."""
    if path != "/chat":
        return message
    return json.dumps({"reply_to": json.loads(message).get("id"), "ok": True})


def parse_arguments() -> argparse.Namespace:
    """Read the options that every foreign server has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--max-connections", type=int, help="more are refused with 503")
    return parser.parse_args()


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this machine."""
    return socket.create_server(("127.0.0.1", port), backlog=4096)


def announce(listener: socket.socket) -> None:
    """Say on stdout where the server listens, and end the process when whoever started it is gone."""
    print(json.dumps({"ready": True, "port": listener.getsockname()[1]}), flush=True)
    threading.Thread(target=_end_with_stdin, daemon=True).start()


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)
