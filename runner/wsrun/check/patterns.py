"""Patterns and sources: whether they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping, texts
from wsrun.check.steps import check_socket
from wsrun.expressions import ExpressionError
from wsrun.patterns import PatternError, SourceError, parse_pattern, parse_source
from wsrun.patterns.regexes import is_regex
from wsrun.source import Steps


def check_patterns(scene: Scene, findings: Findings) -> None:
    """Check all patterns, and all sources that stand by themselves or in captures."""
    for path, pattern, _ in scene.patterns():
        for place, single in _conditions(pattern, path):
            _condition(single, place, findings, is_http=_is_http(path, scene))
            _sockets(single, place, scene, findings)
    for path, source in scene.sources():
        if isinstance(source, str):
            _source(source, path, findings)
    for path, capture in scene.captures():
        for name, source in capture.items():
            if isinstance(source, str):
                _source(source, (*path, name), findings, is_http=_is_http(path, scene))


def _conditions(pattern: Any, path: Steps) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Split a pattern into patterns of one source and one test each, so that one mistake hides no other."""
    if isinstance(pattern, list):
        for index, alternative in enumerate(pattern):
            if isinstance(alternative, dict):
                yield from _conditions(alternative, (*path, index))
    elif isinstance(pattern, dict):
        for source, wanted in pattern.items():
            if isinstance(wanted, dict) and len(wanted) > 1:
                yield from ((path, {source: {test: value}}) for test, value in wanted.items())
            else:
                yield path, {source: wanted}


def _is_http(path: Steps, scene: Scene) -> bool:
    """Whether what stands at a path looks at HTTP answers: a refusal, or the reply to a message of HTTP."""
    if "reply" not in path:
        return path[-1] == "refused"
    message: Any = scene.document.data
    for step in path[: len(path) - 1 - path[::-1].index("reply")]:
        message = message[step]
    return "http" in mapping(message)


def _condition(single: dict[str, Any], path: Steps, findings: Findings, *, is_http: bool) -> None:
    (source,) = single
    try:
        is_foreign = parse_source(source).is_http and not is_http
    except SourceError as error:
        findings.add_key((*path, source), "source", _first_line(error.message), error.help)
        return
    if is_foreign:
        findings.add_key((*path, source), "source", *_no_http(source))
        return
    try:
        parse_pattern(single)
    except PatternError as error:
        place = (*path, *error.path)
        if error.path[-1] != source and "is not a test" in error.message:
            findings.add_key(place, "unknown-test", error.message, error.help)
        else:
            findings.add(place, "pattern", _first_line(error.message), error.help)
    except ExpressionError:
        return  # told with the other templates


def _sockets(single: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    """Check that the sockets which a pattern names exist: frames of others never come."""
    for place, name in texts(single.get("socket"), (*path, "socket")):
        is_literal = (
            not {"regex", "prefix", "schema"} & set(place) and not is_regex(name) and "{{" not in name
        )
        if is_literal:
            check_socket(name, place, scene, findings)


def _source(source: str, path: Steps, findings: Findings, *, is_http: bool = False) -> None:
    try:
        is_foreign = parse_source(source).is_http and not is_http
    except SourceError as error:
        findings.add(path, "source", _first_line(error.message), error.help)
        return
    if is_foreign:
        findings.add(path, "source", *_no_http(source))


def _no_http(source: str) -> tuple[str, str]:
    what = source.partition("(")[0]
    return f"a WebSocket message has no {what}", f"only answers of HTTP have a {what}"


def _first_line(message: str) -> str:
    """What a library says before it draws the place; that is drawn here."""
    return message.split("\n", 1)[0].rstrip()
