"""``${NAME}`` and ``${NAME:-default}``: values of the environment, put into the texts of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A default may hold templates, whose braces do not end it.
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:\{\{.*?\}\}|[^}])*))?\}", re.DOTALL)
_ATTEMPT = re.compile(r"\$\{[^}\n]{0,80}\}?")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text that was put in: where it is now (from, to), and where its ``${…}`` was written."""

    now: tuple[int, int]
    written: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slip:
    """A ``${…}`` that cannot be replaced: ``offset`` and ``length`` in the text as written."""

    code: str
    message: str
    help: str
    offset: int
    length: int


def substitute(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[Segment, ...], list[Slip]]:
    """Put the environment's values into a text.

    A variable that is set but empty counts as not set where there is a default, as in a shell.

    Args:
        text: as written.
        environ: the environment.

    Returns:
        The new text, which parts of it were put in, and what could not be. What could not stays as written.
    """
    if "${" not in text:
        return text, (), []
    parts: list[str] = []
    segments: list[Segment] = []
    slips: list[Slip] = []
    done = length = 0
    for attempt in _attempts(text):
        match = _REFERENCE.match(text, attempt)
        value = None if match is None else environ.get(match[1]) or match[2]
        if match is None:
            slips.append(_malformed(text, attempt))
        elif value is None and match[1] not in environ:
            slips.append(_unset(match))
        else:
            value = value or ""
            parts += [text[done:attempt], value]
            length += attempt - done
            segments.append(Segment((length, length + len(value)), match.span()))
            length += len(value)
            done = match.end()
    parts.append(text[done:])
    return "".join(parts), tuple(segments), slips


def written_offset(segments: tuple[Segment, ...], offset: int) -> tuple[int, int | None]:
    """Map an offset into a text with values put in to the text as written.

    Returns:
        The offset, and, where it falls into a value that was put in, the length of the ``${…}`` it came from.
    """
    shift = 0
    for segment in segments:
        if offset < segment.now[0]:
            break
        if offset < segment.now[1]:
            return segment.written[0], segment.written[1] - segment.written[0]
        shift = segment.written[1] - segment.now[1]
    return offset + shift, None


def _attempts(text: str) -> list[int]:
    """Where each ``${`` stands that is not inside the default of another."""
    found: list[int] = []
    position = text.find("${")
    while position >= 0:
        found.append(position)
        match = _REFERENCE.match(text, position)
        position = text.find("${", match.end() if match else position + 2)
    return found


def _unset(match: re.Match[str]) -> Slip:
    help_text = f"set it, or give a default: ${{{match[1]}:-…}}"
    if match[1].islower():
        # As names of the environment seldom are, and those that clients know always.
        help_text += f"; what clients put in as they run is {{{{ {match[1]} }}}}"
    return Slip(
        "unset-variable",
        f"the environment variable {match[1]} is not set",
        help_text,
        match.start(),
        match.end() - match.start(),
    )


def _malformed(text: str, position: int) -> Slip:
    attempt = _ATTEMPT.match(text, position)
    assert attempt is not None
    return Slip(
        "bad-substitution",
        f"'{attempt[0][:40]}' is neither ${{NAME}} nor ${{NAME:-default}}",
        "to write a dollar and a brace as they are, use {{ '${' }}",
        position,
        len(attempt[0]),
    )
