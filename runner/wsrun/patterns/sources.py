"""Where a value is read in a frame: ``$.a.b``, ``/regex/``, ``text``, ``hex``, ``u32(4)``, ``socket``; and in
an HTTP answer besides: ``status``, ``header(Name)``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from wsrun.patterns.frame import ABSENT, Frame
from wsrun.patterns.regexes import LONGEST_SUBJECT, RegexError, compile_regex, search

Read = Callable[[Frame], Any]
Kind = Literal["json", "regex", "text", "hex", "number", "socket", "status", "header"]

_NUMBER: Final = re.compile(r"(u8|u16|u32|u64)(le)?\((\d{1,9})\)")
_SIMPLE: Final = re.compile(
    r"\$((?:\.[^\W\d]\w*|\[(?:0|[1-9][0-9]{0,6})\]|\['[^'\\\x00-\x1f]*'\]|\[\"[^\"\\\x00-\x1f]*\"\])*)"
)
_STEP: Final = re.compile(r"\.([^\W\d]\w*)|\[(\d+)\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")
_WIDTHS: Final = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_PLAIN: Final[dict[str, Kind]] = {"text": "text", "hex": "hex", "socket": "socket", "status": "status"}
_WORDS: Final = (*_PLAIN, *(f"{name}{le}(0)" for name in _WIDTHS for le in ("", "le")))
_HEADER: Final = re.compile(r"header\(([!#$%&'*+.^_`|~0-9A-Za-z-]+)\)")
_HELP: Final = "sources are $.json.path, /regex/, text, hex, socket, u8(offset) u16 u32 u64, u16le(offset) …"


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
    kind: Kind
    steps: tuple[str | int, ...] | None = None

    @property
    def gives_text(self) -> bool:
        """Whether its values are text by nature, so that they are compared as text: "3" from a regex is 3."""
        return self.kind in ("regex", "text", "hex", "socket", "header")

    @property
    def is_http(self) -> bool:
        """Whether only an HTTP answer has it, and no WebSocket message."""
        return self.kind in ("status", "header")


def parse_source(text: str) -> Source:
    """Parse a source.

    Raises:
        SourceError: it is none, or its path or regex does not compile.
    """
    if text.startswith("$"):
        return _parse_path(text)
    if len(text) > 2 and text[0] == text[-1] == "/":
        try:
            compile_regex(text[1:-1])
        except RegexError as error:
            raise SourceError(error.message, error.help) from error
        return Source(text, "regex")
    if text in _PLAIN:
        return Source(text, _PLAIN[text])
    if _NUMBER.fullmatch(text):
        return Source(text, "number")
    if _HEADER.fullmatch(text):
        return Source(text, "header")
    if text.startswith("/"):
        raise SourceError("this regex is not closed", "a regex stands between two slashes")
    raise SourceError(f"{text[:60]!r} is not a source", _help(text))


def compile_source(source: Source) -> Read:
    """Compile a source; the function gives ABSENT where there is no such value, and never raises."""
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
            return lambda frame: frame.socket
        case "status":
            return lambda frame: frame.status
        case "header":
            name = source.text[len("header(") : -1].lower()
            return lambda frame: frame.header(name)
    return _number(source.text)


def _parse_path(text: str) -> Source:
    simple = _SIMPLE.fullmatch(text)
    if simple is not None:
        steps = [
            int(index) if index else name or single or double
            for name, index, single, double in _STEP.findall(simple.group(1))
        ]
        return Source(text, "json", tuple(steps))
    from wsrun.patterns.queries import QueryError, compile_query

    try:
        compile_query(text)
    except QueryError as error:
        advice = "paths are those of RFC 9535: $.a.b[0], $['a-b'], $..id"
        raise SourceError(f"this JSONPath does not parse: {error}", advice) from error
    return Source(text, "json")


_BESIDE_MATCH = frozenset(("until", "error", "expect", "in_order", "count", "capture", "timeout"))
"""Keys of a reply that are easily written one level too deep."""


def _help(text: str) -> str:
    if text.startswith("header"):
        return "write the name of the header in parentheses: header(Content-Type)"
    near = difflib.get_close_matches(text, _WORDS, 1)
    if near:
        return f"did you mean {near[0]}?"
    if text in _BESIDE_MATCH:
        return f"the key '{text}' of a reply stands beside match; a path into JSON begins with $: $.{text}"
    is_name = text.replace(".", "").isidentifier() and not re.fullmatch(r"u\d+(le)?", text)
    if text.startswith((".", "[")) or is_name:
        return f"a path into JSON begins with $: ${'' if text[0] in '.[' else '.'}{text[:60]}"
    return _HELP


def _steps(steps: tuple[str | int, ...]) -> Read:
    if len(steps) == 1 and isinstance(steps[0], str):
        field = steps[0]

        def read_field(frame: Frame) -> Any:
            document = frame.json()
            return document.get(field, ABSENT) if document.__class__ is dict else ABSENT

        return read_field
    way: list[tuple[Any, Any]] = [(dict if isinstance(step, str) else list, step) for step in steps]

    def read(frame: Frame) -> Any:
        value: Any = frame.json()
        for kind, step in way:
            if value.__class__ is not kind:
                return ABSENT
            try:
                value = value[step]
            except LookupError:
                return ABSENT
        return value

    return read


def _query(text: str) -> Read:
    from wsrun.patterns.queries import compile_query

    find = compile_query(text)
    return lambda frame: find(frame.json())


def _regex(pattern: str) -> Read:
    for_text = compile_regex(pattern)
    group = min(for_text.groups, 1)
    try:
        for_binary = compile_regex(pattern, binary=True)
    except RegexError:
        for_binary = None

    def read(frame: Frame) -> Any:
        payload = frame.payload
        if isinstance(payload, str):
            found = search(for_text, payload)
            value = None if found is None else found.group(group)
            return ABSENT if value is None else value.decode("utf-8", "replace")
        found = None if for_binary is None else for_binary.search(payload[:LONGEST_SUBJECT])
        value = None if found is None else found.group(group)
        return ABSENT if value is None else value.decode("latin-1")

    return read


def _number(text: str) -> Read:
    found = _NUMBER.fullmatch(text)
    assert found is not None
    start = int(found.group(3))
    end = start + _WIDTHS[found.group(1)]
    order: Literal["little", "big"] = "little" if found.group(2) else "big"

    def read(frame: Frame) -> Any:
        payload = frame.payload
        if isinstance(payload, str) or len(payload) < end:
            return ABSENT
        return int.from_bytes(payload[start:end], order)

    return read
