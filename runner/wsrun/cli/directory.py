"""Where the files of a run go: ``wsrun-results/<scenario>/<time>/``, a directory that nobody used before."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from wsrun.errors import OutputError

DEFAULT = Path("wsrun-results")
"""Where results go unless ``--out`` says otherwise."""

_LONGEST = 64
_ATTEMPTS = 1000


def slug(name: str) -> str:
    """Return a name as a directory's: at most 64 of ``a-z 0-9 -``.

    Where that loses anything but upper case and separators, eight hexadecimal digits of the name's SHA-256
    go behind, so that different names stay different.
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if len(short) <= _LONGEST and re.fullmatch(r"[A-Za-z0-9_ .-]*[A-Za-z0-9]", name) and short:
        return short
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short[: _LONGEST - 9].strip('-') or 'run'}-{digest}"


def make_directory(base: Path, name: str, now: datetime | None = None) -> Path:
    """Make the directory of one run.

    Args:
        base: what all results lie below; it is made if need be.
        name: of the scenario; any text.
        now: when the run starts; the directory is named for it, in UTC.

    Returns:
        A new, empty directory that only its owner can look into.

    Raises:
        OutputError: it cannot be made.
    """
    stamp = f"{now or datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    folder = base / slug(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, _ATTEMPTS):
            directory = folder / (stamp if attempt == 1 else f"{stamp}-{attempt}")
            try:
                directory.mkdir(mode=0o700)
            except FileExistsError:
                continue
            return directory
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise OutputError(f"no results can be written to {folder}: {reason}; try --out") from error
    raise OutputError(f"results cannot be written to {folder}: {stamp} is taken")
