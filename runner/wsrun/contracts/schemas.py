"""Schemas of files: whether they can be used, and what their references lead to.

Nothing but the file itself is ever read: a reference to the network, or to another file, is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wsrun.contracts.mistakes import Mistake
from wsrun.patterns.dialects import Path, at, keywords, lead, local
from wsrun.patterns.regexes import RegexError, compile_regex
from wsrun.patterns.schemas import DEEPEST, is_deeper
from wsrun.plan import ContractMessage

MOST = 20
"""Mistakes that are told of one document."""

_DYNAMIC: Final = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")
_UNEVALUATED: Final = ("unevaluatedItems", "unevaluatedProperties")


def mistakes(document: Any, message: ContractMessage) -> list[Mistake]:
    """Return what is wrong with the schema of a message, and with those it refers to."""
    if message.path is None:
        return []
    if is_deeper(document, 2 * DEEPEST):
        return [Mistake((), "this document is nested too deeply")]
    found: list[Mistake] = []
    for path in _reached(document, message.path):
        found += _of_meta(at(document, path), path, message.draft)
        if not found:
            found += _of_keywords(document, path, message)
        if len(found) >= MOST:
            break
    return found[:MOST]


def targets_of(document: Any, message: ContractMessage) -> dict[str, Any]:
    """Return what each reference of a message's schema leads to; the schema has no mistakes."""
    targets = {}
    for start in () if message.path is None else _reached(document, message.path):
        for name, value, _ in keywords(at(document, start), start):
            found = _led(document, value) if name == "$ref" else None
            if found is not None:
                targets[value] = found[0]
    return targets


def _reached(document: Any, start: Path) -> list[Path]:
    """Return where a schema stands, and where those stand that it refers to and that are not within it."""
    reached, waiting = [start], [start]
    while waiting:
        path = waiting.pop()
        for name, value, _ in keywords(at(document, path), path):
            found = _led(document, value) if name == "$ref" else None
            if found is None or any(found[1][: len(known)] == known for known in reached):
                continue
            reached.append(found[1])
            waiting.append(found[1])
    return reached


def _led(document: Any, reference: Any) -> tuple[Any, Path] | None:
    inner = local(reference, document) if isinstance(reference, str) else None
    found = None if inner is None else lead(document, inner)
    return found if found is not None and isinstance(found[0], Mapping | bool) else None


def _of_meta(schema: Any, path: Path, draft: str) -> Iterator[Mistake]:
    """What the schema of schemas says."""
    import jsonschema

    if not isinstance(schema, Mapping | bool):
        yield Mistake(path, "a schema is a mapping")
        return
    validator = getattr(jsonschema, draft)
    for error in validator(validator.META_SCHEMA).iter_errors(schema):
        place = (*path, *error.absolute_path)
        if place and place[-1] == "type":
            yield Mistake(place, "there is no such type", _TYPES)
        else:
            yield Mistake(place, f"this schema is wrong: {error.message[:120]}")


_TYPES: Final = "write one of array, boolean, integer, null, number, object, string"


def _of_keywords(document: Any, start: Path, message: ContractMessage) -> Iterator[Mistake]:
    """What is no mistake in itself, and cannot be done here."""
    schema = at(document, start)
    names = {name for name, _, _ in keywords(schema)}
    for name, value, path in keywords(schema, start):
        if name == "$ref":
            yield from _of_reference(document, value, path)
        elif name == "pattern":
            yield from _of_regex(value, path)
        elif name == "patternProperties" and isinstance(value, Mapping):
            for regex in value:
                yield from _of_regex(regex, (*path, regex))
        elif name in _DYNAMIC:
            yield Mistake(path, f"{name} is not followed", "write a $ref to what it leads to")
        elif name in _UNEVALUATED and (message.path or "patternProperties" in names):
            yield Mistake(path, f"{name} cannot be checked here", "write additionalProperties")
        elif name in ("$id", "id") and len(path) > 1 and isinstance(value, str) and value[:1] != "#":
            help_text = "remove it: references start at the top of the file"
            yield Mistake(path, f"an {name} within a schema changes what references mean", help_text)


def _of_reference(document: Any, value: Any, path: Path) -> Iterator[Mistake]:
    if not isinstance(value, str) or local(value, document) is None:
        message = f"nothing outside of this file is read, and this refers to {str(value)[:80]}"
        yield Mistake(path, message, "copy what it refers to into this file, under $defs")
    elif _led(document, value) is None:
        yield Mistake(path, f"there is no schema at {value[:80]}")


def _of_regex(regex: str, path: Path) -> Iterator[Mistake]:
    try:
        compile_regex(regex)
    except RegexError as error:
        yield Mistake(path, error.message.split("\n", 1)[0], error.help)
