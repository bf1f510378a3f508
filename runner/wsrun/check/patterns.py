"""Patterns and sources: whether they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene
from wsrun.expressions import ExpressionError
from wsrun.patterns import PatternError, SourceError, parse_pattern, parse_source
from wsrun.source import Steps


def check_patterns(scene: Scene, findings: Findings) -> None:
    """Check all patterns, and all sources that stand by themselves or in captures."""
    for path, pattern, _ in scene.patterns():
        for place, single in _conditions(pattern, path):
            _condition(single, place, findings)
    for path, source in scene.sources():
        if isinstance(source, str):
            _source(source, path, findings)
    for path, capture in scene.captures():
        for name, source in capture.items():
            if isinstance(source, str):
                _source(source, (*path, name), findings)


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


def _condition(single: dict[str, Any], path: Steps, findings: Findings) -> None:
    (source,) = single
    try:
        parse_source(source)
    except SourceError as error:
        findings.add_key((*path, source), "source", _first_line(error.message), error.help)
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


def _source(source: str, path: Steps, findings: Findings) -> None:
    try:
        parse_source(source)
    except SourceError as error:
        findings.add(path, "source", _first_line(error.message), error.help)


def _first_line(message: str) -> str:
    """What a library says before it draws the place; that is drawn here."""
    return message.split("\n", 1)[0].rstrip()
