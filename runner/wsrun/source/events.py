"""A text to its YAML parse events, with caps that hold before anything is built.

A hundred lines of aliases can stand for more nodes than memory holds, and a hundred thousand brackets
overflow the stack of a recursive builder. Both are counted here, on the stream of events, which costs no
memory for what an alias repeats. libyaml's parser may be used for it: only its builder is recursive.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from wsrun.diagnostics import Diagnostic, Location
from wsrun.errors import ScenarioError
from wsrun.source.syntax import Complaint, explain

MAX_BYTES = 1 << 20
MAX_EVENTS = 100_000
MAX_DEPTH = 64
MAX_ALIASES = 200
MAX_NODES = 100_000

LOADERS = tuple(getattr(yaml, name) for name in ("CSafeLoader", "SafeLoader") if hasattr(yaml, name))
"""What can parse, best first; libyaml is missing from some builds of PyYAML."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def split_lines(text: str) -> list[str]:
    """Split a text at what YAML takes for line breaks, so that line numbers agree with the parser's."""
    return _LINE_BREAK.split(text)


def parse_events(text: str, path: str, lines: list[str]) -> list[Any]:
    """Return the events of the one document of a text, from its first node to its last.

    Raises:
        ScenarioError: the text is not YAML, or is more than a scenario may be; one diagnostic.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _error("too-large", path, 1, 1, f"the file has more than {MAX_BYTES >> 20} MiB")
    odd = _NOT_YAML.search(text)
    if odd is not None:
        raise _odd_character(text, odd, path)
    counter = _Counter(path)
    try:
        for event in yaml.parse(text, Loader=LOADERS[0]):
            counter.count(event)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([explain(_complaint(error), path, lines)]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML's own parser turns \UFFFFFFFF into a character without checking that there is one.
        raise _error("yaml-syntax", path, 1, 1, "this is not YAML: an escape is not a character") from error
    if not counter.events:
        raise empty_file(path)
    return counter.events


def empty_file(path: str) -> ScenarioError:
    """Return the error for a file that holds nothing but white space and comments."""
    help_text = "a scenario starts with 'wsrun: 1' and has a target and phases"
    return ScenarioError([Diagnostic("empty", "the file is empty", Location(path, 0, 0), help_text)])


class _Counter:
    """Keeps the events of a document and refuses what would cost too much to build."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.events: list[Any] = []
        self.documents = 0
        self.aliases = 0
        self.nodes = 0  # with everything that aliases repeat
        self.open: list[tuple[str | None, int]] = []
        self.sizes: dict[str, int | None] = {}  # None: this anchor's node is still open

    def count(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.refuse(
                    event, "a file holds one scenario", "remove what follows '---'", "yaml-syntax"
                )
        if not isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent)):
            return
        self.events.append(event)
        if len(self.events) > MAX_EVENTS:
            raise self.refuse(event, f"a scenario has at most {_spaced(MAX_EVENTS)} values")
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.open.pop()
            if anchor is not None:
                self.sizes[anchor] = self.nodes - before
            return
        if isinstance(event, yaml.AliasEvent):
            self.alias(event)
        else:
            self.nodes += 1
        if self.nodes > MAX_NODES:
            message = f"with its aliases, the scenario has more than {_spaced(MAX_NODES)} values"
            raise self.refuse(event, message, "repeat less")
        if isinstance(event, yaml.CollectionStartEvent):
            self.open.append((event.anchor, self.nodes - 1))
            if event.anchor is not None:
                self.sizes[event.anchor] = None
            if len(self.open) > MAX_DEPTH:
                raise self.refuse(event, f"values are nested more than {MAX_DEPTH} deep", "nest less")
        elif isinstance(event, yaml.ScalarEvent) and event.anchor is not None:
            self.sizes[event.anchor] = 1

    def alias(self, event: Any) -> None:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise self.refuse(event, f"a scenario has at most {MAX_ALIASES} aliases", "repeat less")
        if event.anchor not in self.sizes:
            raise self.refuse(
                event,
                f"nothing above is named '&{event.anchor[:40]}'",
                f"to write the text itself, quote it: '*{event.anchor[:40]}'",
                "unknown-alias",
            )
        size = self.sizes[event.anchor]
        if size is None:
            raise self.refuse(
                event, f"'*{event.anchor[:40]}' stands inside the value it repeats", None, "recursive-alias"
            )
        self.nodes += size

    def refuse(
        self, event: Any, message: str, help_text: str | None = None, code: str = "too-large"
    ) -> ScenarioError:
        mark = event.start_mark
        return _error(code, self.path, mark.line + 1, mark.column + 1, message, help_text)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _error(
    code: str, path: str, line: int, column: int, message: str, help_text: str | None = None
) -> ScenarioError:
    return ScenarioError([Diagnostic(code, message, Location(path, line, column), help_text)])


def _complaint(error: yaml.MarkedYAMLError) -> Complaint:
    mark = error.problem_mark or error.context_mark
    context = error.context_mark or mark
    return Complaint(
        error.problem or "",
        error.context or "",
        (mark.line + 1, mark.column + 1) if mark else (1, 1),
        (context.line + 1, context.column + 1) if context else (1, 1),
    )


def _odd_character(text: str, odd: re.Match[str], path: str) -> ScenarioError:
    before = split_lines(text[: odd.start()])
    code = ord(odd[0])
    if code == 0xFEFF:
        name, help_text = "a byte order mark", "save the file as UTF-8 without BOM"
    else:
        name = f"the control character U+{code:04X}"
        help_text = f'in double quotes, write it as "\\u{code:04x}"'
    return _error("encoding", path, len(before), len(before[-1]) + 1, f"the file holds {name}", help_text)
