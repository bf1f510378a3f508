"""The journal: every snapshot on disk as soon as it is there, so that a crash loses at most an interval.

One JSON document a line, each preceded by its CRC-32 in eight hexadecimal digits and a space. The first
line is the header; a line that is cut or damaged ends what can be read, and nothing after it is believed.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from wsrun.metrics.snapshot import Snapshot
from wsrun.result.secrets import encodable_data

VERSION = 1


class Journal:
    """Appends to a new file; ``failure`` is the first error of the file system, after which it is silent."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.failure: str | None = None
        self._path = path
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            self._fail(error)
        self._append({"journal": VERSION, **header})

    def snapshot(self, snapshot: Snapshot) -> None:
        """Append a snapshot."""
        self._append({"snapshot": snapshot.to_json()})

    def decision(self, at: float) -> None:
        """Append that a search decided something, of what came before this line."""
        self._append({"decided": at})

    def stop(self, at: float) -> None:
        """Append that the run was ended ``at`` a moment before its time, in seconds since its start."""
        self._append({"stopped": at})

    def close(self, end: dict[str, Any]) -> None:
        """Append how the run ended, and sync the file."""
        self._append({"end": end})
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
            except OSError as error:
                self._fail(error)
            self._descriptor = None

    def _append(self, document: dict[str, Any]) -> None:
        if self._descriptor is None:
            return
        body = _encoded(document)
        line = b"%08x %b\n" % (zlib.crc32(body), body)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = f"{self._path}: {error.strerror or error}"
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _encoded(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:
        # A name that is not UTF-8 must not cost the numbers.
        return orjson.dumps(encodable_data(document))


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the documents of a journal, up to the first line that is cut or damaged."""
    with path.open("rb") as file:
        for line in file:
            check, _, body = line.rstrip(b"\n").partition(b" ")
            if not line.endswith(b"\n") or check != b"%08x" % zlib.crc32(body):
                return
            yield orjson.loads(body)


def snapshots(path: Path) -> Iterator[Snapshot]:
    """Yield the snapshots of a journal."""
    for document in read_journal(path):
        if "snapshot" in document:
            yield Snapshot.from_json(document["snapshot"])
