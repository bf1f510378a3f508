"""A second opinion on what wsrun measures: a server of its own make, in its own process, with its own log."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORD = struct.Struct("<IIQddd")


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as the witness saw it; times are seconds of CLOCK_MONOTONIC, which all processes share.

    ``read``: when it was read; ``due``: when its answer was; ``written``: when the answer left (0: none did).
    ``mark`` tells payloads apart; 0 is a push, whose ``read`` is its due time.
    """

    connection: int
    size: int
    mark: int
    read: float
    due: float
    written: float

    @property
    def is_push(self) -> bool:
        """Whether nobody asked for it."""
        return self.mark == 0

    @property
    def held(self) -> float:
        """Seconds between reading the message and answering it: what the peer really had to wait here."""
        return self.written - self.read


class Witness:
    """A witness on a free port for as long as the context lasts; then ``log`` and ``totals`` are there."""

    def __init__(self) -> None:
        self.port = 0
        self._log = b""
        self.totals: dict[str, Any] = {}

    def __enter__(self) -> Witness:
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "log"
        command = [sys.executable, "-m", "tests.witness.server", str(self._file)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = json.loads(self._process.stdout.readline())["port"]
        return self

    def each(self) -> Iterator[Seen]:
        """Yield what was seen one by one: a list of millions takes gigabytes."""
        return (Seen(*fields) for fields in RECORD.iter_unpack(self._log))

    @cached_property
    def log(self) -> list[Seen]:
        """All that was seen, once the context is over."""
        return list(self.each())

    def url(self, path: str = "/") -> str:
        """Return the WebSocket URL of a path; its query is the script (see ``tests.witness.script``)."""
        return f"ws://127.0.0.1:{self.port}{path}"

    @property
    def pid(self) -> int:
        """The witness's process id."""
        return self._process.pid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._folder:
            out, _ = self._process.communicate(timeout=60)
            if kind is None:
                self.totals = json.loads(out)
                self._log = self._file.read_bytes()
