"""Where the checks put what they find, and what keeps a follow-up from being told."""

from __future__ import annotations

from collections.abc import Iterable

from wsrun.diagnostics import Diagnostic
from wsrun.source import Document, Steps


class Findings:
    """Gathers diagnostics about values of one document.

    Args:
        document: the scenario.
        told: paths of which something has been told already; nothing is added about them or what is below.
    """

    def __init__(self, document: Document, told: Iterable[Steps] = ()) -> None:
        self.document = document
        self.diagnostics: list[Diagnostic] = []
        self._told = set(told)

    def is_told(self, path: Steps) -> bool:
        """Whether a mistake of this value, or of one around it, is known already."""
        if self.document.is_spoilt(path):
            return True
        return any(path[:length] in self._told for length in range(1, len(path) + 1))

    def add(self, path: Steps, code: str, message: str, help: str | None = None) -> None:  # noqa: A002
        """Note a mistake of the value at a path."""
        if not self.is_told(path):
            self.diagnostics.append(Diagnostic(code, message, self.document.location(path), help))

    def add_key(self, path: Steps, code: str, message: str, help: str | None = None) -> None:  # noqa: A002
        """Note a mistake of the key at the end of a path."""
        if not self.is_told(path):
            self.diagnostics.append(Diagnostic(code, message, self.document.key_location(path), help))

    def add_part(
        self,
        path: Steps,
        offset: int,
        length: int,
        code: str,
        message: str,
        help: str | None = None,  # noqa: A002
    ) -> None:
        """Note a mistake of a part of the text at a path, ``offset`` characters into it."""
        if not self.is_told(path):
            location = self.document.place(path, offset, length)
            self.diagnostics.append(Diagnostic(code, message, location, help))
