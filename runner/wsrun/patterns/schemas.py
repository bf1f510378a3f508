"""JSON Schema on values from the network: compiled once, no references outside, no check that can hang."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from wsrun.patterns.equality import as_key
from wsrun.patterns.regexes import RegexError, compile_regex, search

MOST_REFERENCES: Final = 10_000
"""References followed while one value is checked: a few of them that name each other could go on for ever."""

DEEPEST: Final = 64
"""Levels of a schema: each takes eight of Python's thousand frames when the schema itself is checked."""

_CHECKED: Final = {
    **dict.fromkeys(("$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "pattern"), str),
    "patternProperties": Mapping,
}
_DATA: Final = ("const", "enum", "default", "examples")
_NAMED: Final = ("properties", "$defs", "definitions", "dependentSchemas")


class _TooMuch(Exception):
    """More references were followed than a value may cost."""


def check_schema(schema: Any) -> str | None:
    """Return what is wrong with a schema, None when it can be used."""
    import jsonschema

    if not isinstance(schema, Mapping | bool):
        return "a schema is a mapping"
    if _is_deeper(schema, DEEPEST):
        return "this schema is nested too deeply"
    meta = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    error = next(meta.iter_errors(schema), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path))
        return f"this schema is wrong{' at ' + place if place else ''}: {error.message[:120]}"
    return next(filter(None, (_problem(key, value, schema) for key, value in _keywords(schema))), None)


def _problem(key: str, value: Any, schema: Any) -> str | None:
    """Return why a keyword of a schema cannot be used."""
    if key == "pattern":
        try:
            compile_regex(value)
        except RegexError as error:
            return error.message
        return None
    if key != "$ref":
        return f"a schema here has no {key}"
    if value != "#" and not value.startswith("#/"):
        return f"a schema here refers to nothing outside itself, and this one refers to {value[:60]}"
    return (
        None if isinstance(_target(schema, value), Mapping | bool) else f"there is no schema at {value[:60]}"
    )


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, Mapping):
        return levels == 0 or any(_is_deeper(inner, levels - 1) for inner in value.values())
    if isinstance(value, list | tuple):
        return levels == 0 or any(_is_deeper(inner, levels - 1) for inner in value)
    return False


def _target(schema: Any, reference: str) -> Any:
    """Return what a reference within a schema (a JSON pointer, RFC 6901) leads to, None when to nothing."""
    value = schema
    for step in reference.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def compile_schema(schema: Any) -> Callable[[Any], bool]:
    """Compile a checked schema to a function that tells whether a value is valid; it never raises."""
    import jsonschema

    followed = 0
    error = jsonschema.ValidationError
    targets = {value: _target(schema, value) for key, value in _keywords(schema) if key == "$ref"}

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and search(compile_regex(wanted), value) is None:
            yield error("pattern")

    def unique(validator: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Any]:
        if wanted and isinstance(value, list) and len(set(map(as_key, value))) < len(value):
            yield error("uniqueItems")

    def reference(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        # The library would resolve it again and again, in a registry that panics where Python's stack ends.
        nonlocal followed
        followed += 1
        if followed > MOST_REFERENCES:
            raise _TooMuch
        yield from validator.descend(value, targets[wanted])

    extend: Callable[..., Any] = jsonschema.validators.extend
    own = {"pattern": pattern, "uniqueItems": unique, "$ref": reference}
    validator = extend(jsonschema.Draft202012Validator, own)(schema)

    def valid(value: Any) -> bool:
        nonlocal followed
        followed = 0
        try:
            return bool(validator.is_valid(value))
        except Exception:
            # What a server sent is nested too deep, has numbers too large, or follows too many references.
            return False

    return valid


def _keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keywords that need a look, of a schema and all schemas in it, but nothing that is data."""
    if isinstance(schema, Mapping):
        for name, inner in schema.items():
            if name in _NAMED and isinstance(inner, Mapping):
                for named in inner.values():
                    yield from _keywords(named)
            elif isinstance(inner, _CHECKED.get(name, ())):
                yield name, inner
            elif name not in _DATA:
                yield from _keywords(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            yield from _keywords(inner)
