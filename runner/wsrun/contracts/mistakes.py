"""Something in a document of a contract that cannot be used."""

from __future__ import annotations

from typing import NamedTuple

from wsrun.patterns.dialects import Path


class Mistake(NamedTuple):
    """Where it stands in the document, what it is, and what to do."""

    path: Path
    message: str
    help: str | None = None
