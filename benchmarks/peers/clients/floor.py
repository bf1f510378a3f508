"""The floor: ``floor.c``, one thread on epoll."""

from __future__ import annotations

import shutil
import subprocess

from benchmarks.peers.clients.peer import Job, Peer


def version() -> str | None:
    """The compiler that makes it."""
    if shutil.which("cc") is None:
        return None
    said = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False).stdout
    return f"{said.partition(chr(10))[0]}, -O2"


def command(job: Job) -> list[str]:
    """It knows the server's address by itself."""
    return [str(job.floor), str(job.port), job.row.path, str(job.row.connections), str(job.row.size)]


PEER = Peer(
    name="C floor",
    does="Reads and writes frames on epoll, and masks a constant payload. It parses, matches, times and keeps"
    " nothing.",
    version=version,
    command=command,
    skips={"wss": "it has no TLS"},
)
