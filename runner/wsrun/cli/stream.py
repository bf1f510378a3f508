"""Standard output and error that cannot break a run: no reader, no room and no letters are no errors here."""

from __future__ import annotations

import codecs
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any, TextIO

_PLAIN = str.maketrans(
    {
        "\u202f": " ",
        "\N{EN DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{MICRO SIGN}": "u",
    }
)
"""What is written in place of signs where the encoding has none of them."""

_WIDTH = 80
"""Columns where there is no terminal to ask, or one that does not know."""


class Stream:
    """A text stream that outlives its reader.

    Once a write fails (the pipe is closed, the disk is full), everything further goes nowhere, so that
    neither the run nor its exit code depends on who listens. Characters that the encoding lacks are replaced.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:
        """The name of the encoding; ASCII where nothing is known."""
        return getattr(self._stream, "encoding", None) or "ascii"

    @property
    def has_unicode(self) -> bool:
        """Whether any character can be written."""
        return codecs.lookup(self.encoding).name.startswith("utf")

    def isatty(self) -> bool:
        """Whether a terminal is at the other end."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def write(self, text: str) -> int:
        """Write a text if somebody still reads; its length either way."""
        if self._stream is not None:
            try:
                self._stream.write(self._writable(text))
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Hand on what was written if somebody still reads."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def _writable(self, text: str) -> str:
        if self.has_unicode:
            return text.encode("utf-8", "backslashreplace").decode("utf-8")
        return text.translate(_PLAIN).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _give_up(self) -> None:
        """Lead the descriptor nowhere: what the stream still holds is flushed when the interpreter ends."""
        stream, self._stream = self._stream, None
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
            os.close(nowhere)


@dataclass(frozen=True, slots=True)
class Face:
    """How a stream may be drawn on. ``can_redraw``: a terminal whose lines can be written over."""

    can_redraw: bool
    colour: bool
    unicode: bool
    width: int


def face(stream: Any, environ: Mapping[str, str], *, no_color: bool = False) -> Face:
    """Return how ``stream`` may be drawn on.

    Colours are for terminals only, and never where ``NO_COLOR`` is set (https://no-color.org).
    """
    can_redraw = stream.isatty() and environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    encoding = getattr(stream, "encoding", None) or "ascii"
    return Face(
        can_redraw=can_redraw,
        colour=can_redraw and not no_color and not environ.get("NO_COLOR"),
        unicode=codecs.lookup(encoding).name.startswith("utf"),
        width=(get_terminal_size((_WIDTH, 24)).columns or _WIDTH) if stream.isatty() else _WIDTH,
    )
