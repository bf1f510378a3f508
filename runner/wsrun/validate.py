"""The shape of a scenario against its JSON Schema: every mistake at once, each where it stands.

The only importer of jsonschema. What a name or a number means is looked at by ``check``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun import resources
from wsrun.diagnostics import Diagnostic
from wsrun.source import Document, Steps
from wsrun.units import UnitError
from wsrun.validate_explain import PARSERS, Fault, explain, is_key
from wsrun.validate_keys import explain_keys

_ABOUT_KEYS = frozenset(
    ("additionalProperties", "required", "dependentRequired", "x-exactly-one", "x-at-most-one", "x-goes-with")
)
"""Keywords whose faults about one mapping are told together, so that one slip makes one mistake."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A diagnostic, and the path of the value about which nothing more is to be said."""

    diagnostic: Diagnostic
    path: Steps


def schema() -> dict[str, Any]:
    """Return the JSON Schema of scenarios."""
    loaded: dict[str, Any] = json.loads(resources.schema("scenario"))
    return loaded


def check_shape(document: Document) -> list[Diagnostic]:
    """Return all mistakes of a document's shape, sorted by place."""
    found = {mistake.diagnostic for mistake in shape_mistakes(document)}
    return sorted(found, key=lambda diagnostic: diagnostic.location)


def shape_mistakes(document: Document) -> list[Mistake]:
    """Return all mistakes of a document's shape with their paths, in no particular order.

    Nothing is said of values of which ``document.problems`` tells already.
    """
    shape = schema()
    mistakes: list[Mistake] = []
    about_keys: dict[Steps, list[Fault]] = {}
    for error in _validator(shape).iter_errors(document.data):
        path = tuple(error.absolute_path)
        fault = Fault(str(error.validator), error.validator_value, error.instance, error.schema, path)
        if document.is_spoilt(path):
            continue
        if fault.keyword in _ABOUT_KEYS:
            about_keys.setdefault(path, []).append(fault)
        else:
            mistakes.append(Mistake(explain(fault, document), _told(fault, document)))
    for path, faults in about_keys.items():
        for key, diagnostic in explain_keys(faults, document, shape):
            mistakes.append(Mistake(diagnostic, (*path, key) if key else path))
    return mistakes


def _told(fault: Fault, document: Document) -> Steps:
    """The path about which a fault leaves nothing more to be said."""
    if fault.keyword == "x-not-yet" and _is_verb(fault.path[-1], fault.schema):
        return fault.path[:-1]
    if fault.keyword == "pattern" and is_key(fault, document):
        return (*fault.path, fault.value)
    return fault.path


def _validator(shape: dict[str, Any]) -> Any:
    """Return a validator for JSON Schema 2020-12 and wsrun's own keywords.

    A mapping that holds a key for later is not blamed for what that key would have brought.
    """
    from jsonschema import Draft202012Validator, ValidationError, validators

    standard = Draft202012Validator.VALIDATORS
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            # 1.0 is no whole number: whoever counts with it would trip over it later.
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        }
    )

    def properties(validator: Any, members: dict[str, Any], value: Any, own: Any) -> Iterator[Any]:
        later = _later(value, own)
        for key in later:
            yield ValidationError("", validator="x-not-yet", validator_value=members[key], path=[key])
        if later and _is_verb(later[0], own):
            return
        for key, member in members.items():
            if isinstance(value, dict) and key in value and not member.get("x-not-yet"):
                yield from validator.descend(value[key], member, path=key, schema_path=key)

    def unless_later(keyword: str) -> Any:
        def check(validator: Any, wanted: Any, value: Any, own: Any) -> Iterator[Any]:
            if not _later(value, own):
                yield from standard[keyword](validator, wanted, value, own)

        return check

    def exactly_one(validator: Any, names: Sequence[str], value: Any, own: Any) -> Iterator[Any]:
        if isinstance(value, dict) and not _later(value, own) and len(_among(names, value)) != 1:
            yield ValidationError("")

    def at_most_one(validator: Any, names: Sequence[str], value: Any, own: Any) -> Iterator[Any]:
        if isinstance(value, dict) and not _later(value, own) and len(_among(names, value)) > 1:
            yield ValidationError("")

    def goes_with(validator: Any, companions: dict[str, list[str]], value: Any, own: Any) -> Iterator[Any]:
        if isinstance(value, dict) and not _later(value, own):
            for key, names in companions.items():
                if key in value and not _among(names, value):
                    yield ValidationError("")
                    return

    def required_unless(validator: Any, rule: dict[str, str], value: Any, own: Any) -> Iterator[Any]:
        if isinstance(value, dict) and not _later(value, own):
            missing = [key for key, other in rule.items() if key not in value and other not in value]
            if missing:
                yield ValidationError("", validator="required", validator_value=missing)

    def unit(validator: Any, name: str, value: Any, own: Any) -> Iterator[Any]:
        if not isinstance(value, str):
            return
        try:
            quantity = PARSERS[name](value)
        except UnitError:
            yield ValidationError("")
        else:
            if quantity == 0 and own.get("x-positive"):
                yield ValidationError("", validator="x-positive", validator_value=name)

    def pattern(validator: Any, text: str, value: Any, own: Any) -> Iterator[Any]:
        # Python's $ also fits before a newline at the end, JSON Schema's does not.
        if isinstance(value, str) and not re.fullmatch(text.removeprefix("^").removesuffix("$"), value):
            yield ValidationError("")

    own_keywords = {
        "properties": properties,
        "required": unless_later("required"),
        "dependentRequired": unless_later("dependentRequired"),
        "x-exactly-one": exactly_one,
        "x-at-most-one": at_most_one,
        "x-goes-with": goes_with,
        "x-required-unless": required_unless,
        "x-unit": unit,
        "pattern": pattern,
    }
    extend: Any = validators.extend
    return extend(Draft202012Validator, own_keywords, type_checker=checker)(shape)


def _among(names: Sequence[str], value: dict[str, Any]) -> list[str]:
    return [name for name in names if name in value]


def _is_verb(key: str | int, own: dict[str, Any]) -> bool:
    """Whether a key says what its mapping is at all: if it is for later, so is everything beside it."""
    return key in own.get("x-exactly-one", ())


def _later(value: Any, own: dict[str, Any]) -> list[str]:
    """Keys of a mapping that are for later; only the verb where it is among them."""
    if not isinstance(value, dict):
        return []
    later = [
        key for key, member in own.get("properties", {}).items() if member.get("x-not-yet") and key in value
    ]
    return _among(own.get("x-exactly-one", ()), dict.fromkeys(later)) or later
