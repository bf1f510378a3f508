"""Writing files so that they are whole or not there at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from wsrun.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read: a temporary one, synced, then renamed over ``path``.

    Raises:
        OutputError: the file could not be written and synced; what stood there before still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor, not a path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OutputError(f"{path}: {error.strerror or error}") from error
