"""JSON Schema in patterns: checked when the scenario is, compiled once, no references outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from wsrun.patterns.dialects import keywords, lead
from wsrun.patterns.regexes import RegexError, compile_regex
from wsrun.patterns.validation import Validation

DEEPEST: Final = 64
"""Levels of a schema: each takes eight of Python's thousand frames when the schema itself is checked."""

_REFUSED: Final = frozenset({"$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "patternProperties"})


def check_schema(schema: Any) -> str | None:
    """Return what is wrong with a schema, None when it can be used."""
    import jsonschema

    if not isinstance(schema, Mapping | bool):
        return "a schema is a mapping"
    if is_deeper(schema, DEEPEST):
        return "this schema is nested too deeply"
    meta = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    error = next(meta.iter_errors(schema), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path))
        return f"this schema is wrong{' at ' + place if place else ''}: {error.message[:120]}"
    return next(filter(None, (_problem(key, value, schema) for key, value, _ in keywords(schema))), None)


def _problem(key: str, value: Any, schema: Any) -> str | None:
    """Return why a keyword of a schema cannot be used."""
    if key == "pattern":
        try:
            compile_regex(value)
        except RegexError as error:
            return error.message
    elif key in _REFUSED:
        return f"a schema here has no {key}"
    elif key == "$ref":
        if value != "#" and not value.startswith("#/"):
            return f"a schema here refers to nothing outside itself, and this one refers to {value[:60]}"
        found = lead(schema, value)
        if found is None or not isinstance(found[0], Mapping | bool):
            return f"there is no schema at {value[:60]}"
    return None


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether a value has more levels than so many."""
    if isinstance(value, Mapping):
        return levels == 0 or any(is_deeper(inner, levels - 1) for inner in value.values())
    if isinstance(value, list | tuple):
        return levels == 0 or any(is_deeper(inner, levels - 1) for inner in value)
    return False


def compile_schema(schema: Any) -> Callable[[Any], bool]:
    """Compile a checked schema to a function that tells whether a value is valid; it never raises."""
    targets = {}
    for key, value, _ in keywords(schema):
        found = lead(schema, value) if key == "$ref" else None
        if found is not None:
            targets[value] = found[0]
    return Validation(schema, targets).is_valid
