"""JSON Schema on values from the network: compiled once, no references outside, no regex that can hang."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wsrun.patterns.sources import SourceError, compile_regex


def check_schema(schema: Any) -> str | None:
    """Return what is wrong with a schema, None when it can be used."""
    import jsonschema

    if not isinstance(schema, Mapping | bool):
        return "a schema is a mapping"
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"this schema is wrong: {error.message[:120]}"
    for reference in _references(schema):
        if not reference.startswith("#"):
            return f"a schema refers to nothing outside itself, and this one refers to {reference[:60]}"
    for pattern in _patterns(schema):
        try:
            compile_regex(pattern)
        except SourceError as error:
            return error.message
    return None


def compile_schema(schema: Any) -> Callable[[Any], bool]:
    """Compile a checked schema to a function that tells whether a value is valid."""
    import jsonschema

    regexes = {pattern: compile_regex(pattern) for pattern in _patterns(schema)}

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        if validator.is_type(value, "string") and not regexes[wanted].search(value):
            yield jsonschema.ValidationError(f"{wanted} is not in it")

    validators = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        jsonschema.Draft202012Validator, {"pattern": pattern}
    )
    valid: Callable[[Any], bool] = validators(schema).is_valid
    return valid


def _references(schema: Any) -> Iterator[str]:
    yield from _values_of("$ref", schema)
    yield from _values_of("$dynamicRef", schema)


def _patterns(schema: Any) -> Iterator[str]:
    yield from _values_of("pattern", schema)


def _values_of(key: str, schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for name, inner in schema.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from _values_of(key, inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _values_of(key, inner)
