"""What is wrong with the shape of a scenario, and what to write instead, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wsrun import units
from wsrun.diagnostics import Diagnostic
from wsrun.source import Document, Steps
from wsrun.units import UnitError
from wsrun.wording import choose, cut, described, in_flow, joined, quoted


def _pace(text: str) -> float:
    return units.parse_pace(text)[0]


PARSERS = {
    "duration": units.parse_duration,
    "size": units.parse_size,
    "rate": units.parse_rate,
    "share": units.parse_share,
    "pace": _pace,
}
"""What reads a text with an ``x-unit``, by its unit."""

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}

_TRUTHS = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken rule: the schema's keyword and its value, what breaks it, the schema around, and where."""

    keyword: str
    rule: Any
    value: Any
    schema: dict[str, Any]
    path: Steps


def explain(fault: Fault, document: Document) -> Diagnostic:
    """Say what one fault is about; not for those that ``validate_keys`` explains."""
    name = _name(fault.path)
    location = document.location(fault.path)
    match fault.keyword:
        case "type":
            return _wrong_type(fault, document, name)
        case "x-unit":
            return _wrong_unit(fault, document)
        case "x-positive":
            examples = {"duration": "1s", "size": "1KiB", "rate": "1/s", "share": "1%", "pace": "1/s"}
            example = examples[fault.rule]
            return Diagnostic(
                "out-of-range", f"{name} must be more than zero", location, f"write {example} or more"
            )
        case "x-not-yet":
            return Diagnostic(
                "not-yet",
                f"{quoted(str(fault.path[-1]))} is not available yet",
                document.key_location(fault.path),
                fault.rule.get("x-instead", "remove it; a later version of wsrun brings it"),
            )
        case "enum":
            is_text = isinstance(fault.value, str)
            found = quoted(fault.value) if is_text else described(fault.value, document.written(fault.path))
            help_text = choose(str(fault.value), fault.rule, "it is one of")
            return Diagnostic("unknown-value", f"{name} cannot be {found}", location, help_text)
        case "const":
            found = described(fault.value, document.written(fault.path))
            message = f"{name} must be {fault.rule}, the version of the language, not {found}"
            return Diagnostic("version", message, location, f"write wsrun: {fault.rule}")
        case "pattern":
            return _bad_name(fault, document)
    return _out_of_range(fault, document, name)


def _wrong_type(fault: Fault, document: Document, name: str) -> Diagnostic:
    wanted = [fault.rule] if isinstance(fault.rule, str) else list(fault.rule)
    unit = fault.schema.get("x-unit")
    is_number = isinstance(fault.value, int | float) and not isinstance(fault.value, bool)
    if unit and is_number:
        return _wrong_unit(fault, document)
    words = [f"a {unit}" if unit and kind == "string" else _TYPES[kind] for kind in wanted if kind != "null"]
    found = described(fault.value, document.written(fault.path))
    message = f"{name} must be {joined(words, 'or')}, not {found}"
    help_text = _type_help(fault, document, wanted)
    return Diagnostic("wrong-type", message, document.location(fault.path), help_text)


def _type_help(fault: Fault, document: Document, wanted: list[str]) -> str | None:
    written = document.written(fault.path)
    key = fault.path[-1] if fault.path else ""
    if "string" in wanted and "x-unit" not in fault.schema and isinstance(fault.value, bool | int | float):
        return f'put it in quotes: "{cut(written or "")}"'
    if "integer" in wanted or "number" in wanted:
        help_text = _number_help(fault, written)
        if help_text is not None:
            return help_text
    if "examples" in fault.schema:
        examples = [in_flow(example) for example in fault.schema["examples"]]
        return f"write {key}: {joined(examples, 'or')}" if isinstance(key, str) else f"write {examples[0]}"
    if "boolean" in wanted and str(fault.value).casefold() in _TRUTHS:
        return f"write {_TRUTHS[str(fault.value).casefold()]}"
    if "array" in wanted:
        return f"write a list: [ {'…' if written is None else cut(written)} ]"
    if "object" in wanted and len(fault.schema.get("required", ())) == 1:
        (required,) = fault.schema["required"]
        return f"write {key}: {{ {example(required, fault.schema)} }}"
    if "object" in wanted and fault.value is None:
        return "write its keys on the lines below it, indented"
    if "object" in wanted and isinstance(fault.value, str):
        word, _, rest = fault.value.partition(" ")
        if word.rstrip(":") in fault.schema.get("properties", {}):
            return f"write {{ {word.rstrip(':')}: {cut(rest) or '…'} }}"
    return fault.schema.get("x-words") or _properties_help(fault)


def _number_help(fault: Fault, written: str | None) -> str | None:
    if written is not None and "${" in written:
        path = ".".join(map(str, fault.path))
        return f"a variable of the environment is a text; give numbers with --set {path}=…"
    if isinstance(fault.value, str):
        bare = fault.value.strip().replace(" ", "").replace("_", "").replace(",", "")
        if bare.isascii() and bare.isdigit():
            return f"write it bare: {cut(bare)}"
    return None


def _properties_help(fault: Fault) -> str | None:
    known = fault.schema.get("properties", {})
    available = [key for key, member in known.items() if not member.get("x-not-yet")]
    return f"its keys: {', '.join(available)}" if available else None


def _wrong_unit(fault: Fault, document: Document) -> Diagnostic:
    written = document.written(fault.path)
    try:
        PARSERS[fault.schema["x-unit"]](fault.value)
    except UnitError as error:
        message, help_text = error.message, error.help
        is_text = isinstance(fault.value, str) and "object" in fault.schema["type"]
        if is_text and any(sign in fault.value.lstrip("-") for sign in "-(,"):
            # More than one value was meant: these have a form of their own.
            help_text = _type_help(fault, document, ["object"]) or help_text
        if written is not None and "${" in written:
            # The value is the environment's and may be a secret that landed in the wrong variable.
            message = f"{quoted(written)} does not stand for a {fault.schema['x-unit']}"
        return Diagnostic("unit", message, document.location(fault.path), help_text)
    raise AssertionError("the fault is one of units")


def is_key(fault: Fault, document: Document) -> bool:
    """Whether a fault about a text is about a key, and its path leads to the mapping."""
    found: Any = document.data
    for part in fault.path:
        found = found[part]
    return isinstance(found, dict)


def _bad_name(fault: Fault, document: Document) -> Diagnostic:
    if is_key(fault, document):
        location = document.key_location((*fault.path, fault.value))
    else:
        location = document.location(fault.path)
    message = f"{quoted(fault.value)} cannot be a name" if fault.value else "a name cannot be empty"
    return Diagnostic("bad-name", message, location, fault.schema.get("x-words"))


def _out_of_range(fault: Fault, document: Document, name: str) -> Diagnostic:
    location = document.location(fault.path)
    limit = f"{fault.rule:g}" if isinstance(fault.rule, float) else f"{fault.rule}"
    words = fault.schema.get("x-words")
    bound = {"minimum": "at least", "maximum": "at most"}.get(fault.keyword)
    if bound is not None:
        message = f"{name} must be {bound} {limit}, not {cut(document.written(fault.path) or '')}"
        return Diagnostic("out-of-range", message, location, words)
    if fault.keyword == "maxLength":
        message = f"{name} is longer than {limit} characters"
        return Diagnostic("out-of-range", message, location, words)
    if not fault.value:
        return Diagnostic("empty", f"{name} is empty", place(fault.path, document), _empty_help(fault))
    message = f"{name} takes {limit} values, and has {len(fault.value)}"
    return Diagnostic("out-of-range", message, location, words)


def _empty_help(fault: Fault) -> str:
    if "examples" in fault.schema and fault.path:
        return f"write {fault.path[-1]}: {in_flow(fault.schema['examples'][0])}"
    return "write at least one, or remove the key"


def example(key: str, schema: dict[str, Any]) -> str:
    """Return a key as it may be written, by the first example of the schema."""
    member = schema.get("properties", {}).get(key, {})
    return f"{key}: {in_flow(member['examples'][0])}" if "examples" in member else key


def _name(path: Steps) -> str:
    """What a message calls the value at a path: its key, or the list that it is an item of."""
    if not path:
        return "the scenario"
    if isinstance(path[-1], int):
        keys = [part for part in path if isinstance(part, str)]
        return f"an item of {quoted(keys[-1])}" if keys else "an item"
    return quoted(path[-1])


def place(path: Steps, document: Document) -> Any:
    """Where to blame a mapping for what it lacks: its key, else its start."""
    return document.key_location(path) if path else document.location(path)
