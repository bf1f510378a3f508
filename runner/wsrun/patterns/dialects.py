"""JSON Schema as a text: its drafts, its keywords with their places, and what its references lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document."""

NEWEST: Final = "Draft202012Validator"
"""What holds where no ``$schema`` names a draft."""

DRAFTS: Final[Mapping[str, str]] = {
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": NEWEST,
}
"""The drafts by their ``$schema``, less an empty fragment; the value is the class of ``jsonschema``."""

_ONE: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords whose value is a schema, or a list of schemas."""

_NAMED: Final = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords whose value has schemas by names that the author chose."""


def draft_of(schema: Any) -> str | None:
    """Return the class of the draft that a schema names; None where it names one that is not known."""
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    if named is None:
        return NEWEST
    return DRAFTS.get(named.removesuffix("#")) if isinstance(named, str) else None


def keywords(schema: Any, path: Path = ()) -> Iterator[tuple[str, Any, Path]]:
    """Yield each keyword of a schema and of the schemas in it, with its value and its place.

    What is data (``const``, ``enum``, ``default``) or an extension is not looked into.
    """
    if isinstance(schema, list | tuple):
        for index, inner in enumerate(schema):
            yield from keywords(inner, (*path, index))
    elif isinstance(schema, Mapping):
        for name, value in schema.items():
            yield name, value, (*path, name)
            if name in _ONE:
                yield from keywords(value, (*path, name))
            elif name in _NAMED and isinstance(value, Mapping):
                for inner, named in value.items():
                    yield from keywords(named, (*path, name, inner))


def lead(root: Any, reference: str) -> tuple[Any, Path] | None:
    """Return what a reference within a document leads to and where that is, None when to nothing.

    A reference is ``#``, a JSON pointer such as ``#/$defs/a~1b`` (RFC 6901), or ``#name`` of an ``$anchor``.
    """
    if reference in ("", "#"):
        return root, ()
    if not reference.startswith("#/"):
        return _anchored(root, reference.removeprefix("#"))
    value, path = root, list[str | int]()
    for step in reference.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and name in value:
            value = value[name]
            path.append(name)
        elif isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
            path.append(int(name))
        else:
            return None
    return value, tuple(path)


def _anchored(root: Any, name: str) -> tuple[Any, Path] | None:
    for keyword, value, path in keywords(root):
        if (keyword == "$anchor" and value == name) or (keyword in ("$id", "id") and value == f"#{name}"):
            found = at(root, path[:-1])
            return found, path[:-1]
    return None


def at(root: Any, path: Path) -> Any:
    """Return the value at a path that is there."""
    for step in path:
        root = root[step]
    return root


def local(reference: str, root: Any) -> str | None:
    """Return a reference as one within its document, None where it leads elsewhere."""
    if reference.startswith("#"):
        return reference
    own = root.get("$id", root.get("id")) if isinstance(root, Mapping) else None
    whole, _, fragment = reference.partition("#")
    return f"#{fragment}" if isinstance(own, str) and own and whole == own.partition("#")[0] else None
