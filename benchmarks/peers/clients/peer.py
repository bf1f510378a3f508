"""What a client of the comparison is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.rows import Row

FOLDER = os.environ.get("WSRUN_PEERS", "")
"""Where ``benchmarks.peers.install`` has put what it could install; empty: nowhere."""
NOT_HERE = "not installed here"
TOO_MANY = "too many for it, and what waits in its sockets would count as read"
LIFE = 3600
"""Seconds that a client is told to go on for; it is ended long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work of one cell: row, the server's port, a folder of its own, the floor's program, authority."""

    row: Row
    port: int
    folder: Path
    floor: Path
    certificate: Path | None

    @property
    def url(self) -> str:
        """The URL of the row's path."""
        return f"{'wss' if self.row.is_tls else 'ws'}://127.0.0.1:{self.port}{self.row.path}"

    def written(self, name: str, text: str) -> str:
        """Write a file into the folder, and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A client: its version here (None: not installed), its command for a job, and what it does per message.

    ``variables`` gives what is added to the environment. ``skips`` says by row, or by the beginning of its
    name, why the client is not measured there; an empty text is not told.
    """

    name: str
    does: str
    version: Callable[[], str | None]
    command: Callable[[Job], Sequence[str]]
    variables: Callable[[], Mapping[str, str]] = dict
    skips: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, row: Row) -> str | None:
        """Return why the client is not measured in a row; None: it is."""
        return self.skips.get(row.name, self.skips.get(row.name.partition("-")[0]))


def padding(size: int, message_id: str) -> str:
    """Return the text that makes a message as large as it must be with an id like this one.

    >>> len('{"type":"ping","id":"012","text":"' + padding(100, "012") + '"}')
    100
    """
    bare = json.dumps({"type": "ping", "id": message_id, "text": ""}, separators=(",", ":"))
    return "." * max(size - len(bare), 0)
