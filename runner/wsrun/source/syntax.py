"""What a YAML parser complains about, in the words of somebody who writes a scenario.

libyaml and PyYAML's own parser word the same complaint differently; both are understood, so that a message
does not depend on which of the two is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wsrun.diagnostics import Diagnostic, Location

QUOTE_IN_FLOW = "between { } or [ ], put a text that holds one of { } [ ] , ? in quotes"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A parser's complaint. Places are (line, column) from 1; ``context`` is what it says it was reading."""

    problem: str
    context: str
    place: tuple[int, int]
    context_place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A complaint with the text around its place."""

    complaint: Complaint
    before: str
    char: str
    lines: Sequence[str]


_Answer = tuple[str, str, tuple[int, int]]


def explain(complaint: Complaint, path: str, lines: Sequence[str]) -> Diagnostic:
    """Turn a parser's complaint into a diagnostic that says what to write instead."""
    if complaint.place[0] > len(lines):
        # libyaml counts the end of a file as a line of its own.
        complaint = replace(complaint, place=(len(lines), len(lines[-1]) + 1))
    line, column = complaint.place
    source = lines[line - 1]
    reading = _Reading(complaint, source[: column - 1], source[column - 1 : column], lines)
    for pattern, answer in _ANSWERS:
        if re.search(pattern, f"{complaint.context}: {complaint.problem}"):
            message, help_text, (line, column) = answer(reading)
            break
    else:
        message, help_text = f"this is not YAML: {complaint.problem}", "see the line above it too"
    return Diagnostic("yaml-syntax", message, Location(path, line, column), help_text)


def _colon(reading: _Reading) -> _Answer:
    place = reading.complaint.place
    if re.search(r":\s", reading.before):
        return "this is the second ':' on the line", "put a text that holds ': ' in quotes", place
    return (
        "a key cannot stand here, because the line above has a value already",
        "mend the indentation, or put a text that holds ': ' in quotes",
        place,
    )


def _block_mapping(reading: _Reading) -> _Answer:
    place = reading.complaint.place
    if reading.char == ":" and not reading.before.strip():
        return "there is no key before this ':'", "write key: value", place
    if not reading.before.strip():
        return (
            "this line is indented unlike the lines around it",
            "keys of one mapping start in the same column",
            place,
        )
    if "{{" in reading.before:
        return "a text with a template must be in quotes", 'write key: "… {{ name }} …"', place
    if reading.char in "]}":
        return f"nothing is open that this '{reading.char}' could close", "remove it", place
    return "this does not belong after the value", "put the whole text in quotes", place


def _block_list(reading: _Reading) -> _Answer:
    return (
        "this line is not an item of the list above it",
        "start each item with '- ' in the same column, and indent the keys of an item alike",
        reading.complaint.place,
    )


def _flow(opening: str, closing: str) -> Callable[[_Reading], _Answer]:
    def answer(reading: _Reading) -> _Answer:
        complaint = reading.complaint
        line, column = complaint.place
        if not reading.char and not any(rest.strip() for rest in reading.lines[line:]):
            return f"this '{opening}' is never closed", f"write '{closing}'", complaint.context_place
        if reading.before.endswith("$"):
            help_text = 'between { } or [ ], put ${NAME} in quotes: "${NAME}"'
        elif reading.char in ("{", "[", "?"):
            help_text = QUOTE_IN_FLOW
        else:
            line, column = complaint.context_place
            help_text = f"the '{opening}' of line {line}, column {column} is still open"
        return f"',' or '{closing}' is missing before this", help_text, complaint.place

    return answer


def _open_quote(reading: _Reading) -> _Answer:
    return "this quote is never closed", "write the same quote at the end", reading.complaint.context_place


def _first_character(reading: _Reading) -> _Answer:
    if reading.char == "\t":
        return _tab(reading)
    return f"a text cannot start with '{reading.char}'", "put it in quotes", reading.complaint.place


def _tab(reading: _Reading) -> _Answer:
    return "a tab cannot indent a line of YAML", "use spaces", reading.complaint.place


def _no_colon(reading: _Reading) -> _Answer:
    return (
        "there is no ': ' after this key",
        "write a colon and a space: key: value",
        reading.complaint.context_place,
    )


def _escape(reading: _Reading) -> _Answer:
    line, column = reading.complaint.place
    char = reading.char
    if char == "\\":
        char = reading.lines[line - 1][column : column + 1]
    else:
        column -= 1
    return f"'\\{char}' means nothing in double quotes", "write it in single quotes: '…'", (line, column)


def _bad_character(reading: _Reading) -> _Answer:
    return "this escape is not a character", "write \\u and four hex digits", reading.complaint.place


def _sign(reading: _Reading) -> _Answer:
    line, column = reading.complaint.context_place
    char = reading.lines[line - 1][column - 1 : column]
    help_text = f"to write the sign itself, quote it: '{char}'"
    return f"'{char}' needs a name right after it", help_text, (line, column)


def _item(reading: _Reading) -> _Answer:
    return "a list cannot start here", "start it on the next line, or write [ a, b ]", reading.complaint.place


def _second_document(reading: _Reading) -> _Answer:
    return "a file holds one scenario", "remove what follows '...' or '---'", reading.complaint.place


def _no_content(reading: _Reading) -> _Answer:
    if reading.char in ("}", "]") and not reading.before.strip():
        return f"nothing is open that this '{reading.char}' could close", "remove it", reading.complaint.place
    return "a value is missing before this", "write it, or remove the ','", reading.complaint.place


def _directive(reading: _Reading) -> _Answer:
    return "a scenario has no directives", "remove the line that starts with '%'", reading.complaint.place


def _block_header(reading: _Reading) -> _Answer:
    message = "a text after '|' or '>' starts on the next line"
    return message, "move it there, indented", reading.complaint.place


_ANSWERS: tuple[tuple[str, Callable[[_Reading], _Answer]], ...] = (
    (r"mapping values are not allowed", _colon),
    (r"block mapping: (did not find expected key|expected <block end>)", _block_mapping),
    (r"block collection: (did not find expected '-' indicator|expected <block end>)", _block_list),
    (r"flow mapping: (did not find )?expected ',' or '}'", _flow("{", "}")),
    (r"flow sequence: (did not find )?expected ',' or '\]'", _flow("[", "]")),
    (r"quoted scalar: found unexpected (end of stream|document)", _open_quote),
    (r"cannot start any token", _first_character),
    (r"a tab character (where|that)", _tab),
    (r"could not find expected ':'", _no_colon),
    (r"unknown escape character", _escape),
    (r"Unicode character escape|expected escape sequence|hexdecimal", _bad_character),
    (r"(alias|anchor): (did not find )?expected alphabetic", _sign),
    (r"sequence entries are not allowed", _item),
    (r"<document start>", _second_document),
    (r"expected (the )?node content", _no_content),
    (r"directive|incompatible YAML document", _directive),
    (r"scanning a block scalar", _block_header),
)
