"""Where a value is read from in a frame: ``$.a.b``, ``/regex/``, ``text``, ``hex``, ``u32(4)``, …"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from wsrun.patterns.frame import ABSENT, Frame

Read = Callable[[Frame], Any]

LONGEST_SUBJECT = 64 << 10
"""Characters of a payload that a regex looks at."""

_NUMBER = re.compile(r"(u8|u16|u32|u64)(le)?\((\d{1,9})\)")
_SIMPLE = re.compile(
    r"\$((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|[1-9][0-9]{0,6})\]|\['[^'\\]*'\]|\[\"[^\"\\]*\"\])*)"
)
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")
_WORDS: tuple[Literal["text", "hex", "socket"], ...] = ("text", "hex", "socket")
_WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_HELP = "sources are $.json.path, /regex/, text, hex, u8(n), u16(n), u32(n), u64(n) and socket"


class SourceError(ValueError):
    """A source is wrong; ``message`` and ``help`` are for people."""

    def __init__(self, message: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.help = help


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed source. ``steps`` is the way through the document where the path is plain, else None."""

    text: str
    kind: Literal["json", "regex", "text", "hex", "number", "socket"]
    steps: tuple[str | int, ...] | None = None


def parse_source(text: str) -> Source:
    """Parse a source.

    Raises:
        SourceError: it is none, or its path or regex does not compile.
    """
    if text.startswith("$"):
        simple = _SIMPLE.fullmatch(text)
        if simple is not None:
            steps = [
                int(index) if index else name or single or double
                for name, index, single, double in _STEP.findall(simple.group(1))
            ]
            return Source(text, "json", tuple(steps))
        _json_path(text)
        return Source(text, "json")
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        compile_regex(text[1:-1])
        return Source(text, "regex")
    for kind in _WORDS:
        if text == kind:
            return Source(text, kind)
    if _NUMBER.fullmatch(text):
        return Source(text, "number")
    if text.startswith("/"):
        raise SourceError("this regex is not closed", "close it with /")
    raise SourceError(f"{text[:60]!r} is not a source", _HELP)


def compile_source(source: Source) -> Read:
    """Compile a source; the function gives ABSENT where there is no such value."""
    match source.kind:
        case "json":
            return _steps(source.steps) if source.steps is not None else _query(source.text)
        case "regex":
            return _regex(source.text[1:-1])
        case "text":
            return lambda frame: frame.payload if isinstance(frame.payload, str) else ABSENT
        case "hex":
            return lambda frame: frame.payload.hex() if isinstance(frame.payload, bytes) else ABSENT
        case "socket":
            return lambda frame: "main"
    return _number(source.text)


def compile_regex(pattern: str, *, binary: bool = False) -> Any:
    """Compile a regex with RE2, whose time is linear in the subject whatever the pattern.

    Raises:
        SourceError: RE2 has no such pattern (back references and look-around are not regular).
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    if binary:
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(pattern.encode("latin-1", "replace") if binary else pattern, options=options)
    except re2.error as error:
        said = error.args[0] if error.args else "it does not compile"
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise SourceError(
            f"this regex does not compile: {text}",
            "regexes are RE2's: no back references, no look-ahead, no look-behind",
        ) from error


def _steps(steps: tuple[str | int, ...]) -> Read:
    if len(steps) == 1 and isinstance(steps[0], str):
        field = steps[0]

        def read_field(frame: Frame) -> Any:
            document = frame.json()
            return document.get(field, ABSENT) if document.__class__ is dict else ABSENT

        return read_field

    def read(frame: Frame) -> Any:
        value = frame.json()
        for step in steps:
            if isinstance(step, int):
                if value.__class__ is not list or step >= len(value):
                    return ABSENT
                value = value[step]
            else:
                if value.__class__ is not dict or step not in value:
                    return ABSENT
                value = value[step]
        return value

    return read


def _json_path(text: str) -> Any:
    import jsonpath

    try:
        return jsonpath.compile(text)
    except Exception as error:  # The library raises many types for a path that it does not like.
        said = str(error).split(", line")[0]
        raise SourceError(
            f"this JSONPath does not parse: {said}", "paths are those of RFC 9535: $.a.b[0]"
        ) from error


def _query(text: str) -> Read:
    path = _json_path(text)

    def read(frame: Frame) -> Any:
        document = frame.json()
        if document.__class__ not in (dict, list):
            return ABSENT
        try:
            found = path.match(document)
        except (ValueError, TypeError, RecursionError, LookupError):
            return ABSENT
        return ABSENT if found is None else found.value

    return read


def _regex(pattern: str) -> Read:
    for_text, for_binary = compile_regex(pattern), compile_regex(pattern, binary=True)
    groups = min(for_text.groups, 1)

    def read(frame: Frame) -> Any:
        payload = frame.payload[:LONGEST_SUBJECT]
        found = (for_text if isinstance(payload, str) else for_binary).search(payload)
        if found is None:
            return ABSENT
        value = found.group(groups)
        if value is None:
            return ABSENT
        return value if isinstance(value, str) else value.decode("latin-1")

    return read


def _number(text: str) -> Read:
    found = _NUMBER.fullmatch(text)
    assert found is not None
    width, offset = _WIDTHS[found.group(1)], int(found.group(3))
    order: Literal["little", "big"] = "little" if found.group(2) else "big"

    def read(frame: Frame) -> Any:
        payload = frame.payload
        if not isinstance(payload, bytes) or len(payload) < offset + width:
            return ABSENT
        return int.from_bytes(payload[offset : offset + width], order)

    return read
