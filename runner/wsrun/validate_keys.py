"""What is wrong with the keys of a mapping: unknown, missing, too many, or without their company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wsrun.diagnostics import Diagnostic
from wsrun.source import Document
from wsrun.validate_explain import Fault, example, place
from wsrun.wording import closest, joined, quoted

_MOST_UNKNOWN = 20
"""Unknown keys of one mapping that are told; a file of another kind has thousands."""

_MEANT = {
    "assertions": "criteria",
    "await": "expect",
    "body": "json",
    "checks": "criteria",
    "concurrency": "clients",
    "criterion": "check",
    "connections": "clients",
    "delay": "think",
    "endpoint": "url",
    "groups": "clients",
    "expression": "check",
    "host": "url",
    "iterations": "times",
    "metric": "check",
    "pause": "think",
    "payload": "json",
    "protocols": "subprotocols",
    "qps": "rate",
    "ramp": "clients",
    "ramp_up": "clients",
    "receive": "expect",
    "response": "reply",
    "rps": "rate",
    "scenarios": "profiles",
    "server": "target",
    "sleep": "think",
    "slo": "criteria",
    "stages": "phases",
    "thresholds": "criteria",
    "uri": "url",
    "users": "clients",
    "variables": "assign",
    "vars": "assign",
    "vus": "clients",
    "weights": "mix",
}
"""Words of other tools, and what a scenario calls the same thing."""

_SAID = {
    "loop": "write repeat: [ … ], times: 10",
    "ramp": "a ramp is a level: clients: { from: 0, to: 100 }",
    "ramp up": "a ramp is a level: clients: { from: 0, to: 100 }",
    "ramp_down": "a ramp is a level: clients: { from: 100, to: 0 }",
    "ramp_up": "a ramp is a level: clients: { from: 0, to: 100 }",
    "spawn_rate": "write connect_rate: 10/s",
}
"""Words of other tools for what a scenario says in a form of its own."""


def explain_keys(
    faults: Sequence[Fault], document: Document, shape: dict[str, Any]
) -> Iterator[tuple[str, Diagnostic]]:
    """Say what is wrong with the keys of one mapping: one mistake for a misspelt key that is required.

    Args:
        faults: those about unknown, missing and exclusive keys.
        document: the scenario.
        shape: the whole schema, for the places where an unknown key would be right.

    Yields:
        The key in question ("" for the mapping as a whole), and the diagnostic.
    """
    missing = [key for fault in faults if fault.keyword == "required" for key in _missing(fault)]
    meant: set[str] = set()
    for fault in faults:
        if fault.keyword == "additionalProperties":
            for key in _unknown(fault)[:_MOST_UNKNOWN]:
                wanted = _meant_key(key, fault, missing, shape)
                meant.add(wanted or "")
                yield wanted or key, _unknown_key(key, wanted, fault, document, shape)
    for fault in {fault.keyword: fault for fault in faults}.values():
        match fault.keyword:
            case "required":
                for key in dict.fromkeys(missing):
                    if key not in meant:
                        yield key, _missing_key(key, fault, document)
            case "dependentRequired" | "x-goes-with":
                for key, needed in _lonely(fault):
                    meant.update(fault.rule[key])
                    yield key, _lonely_key(key, needed, fault, document)
    for fault in faults:
        if fault.keyword in ("x-exactly-one", "x-at-most-one"):
            present = [key for key in fault.rule if key in fault.value]
            if len(present) > 1:
                yield present[1], _conflict(fault, document)
            elif not meant & set(fault.rule):
                yield "", _no_choice(fault, document)


def _unknown_key(
    key: str, wanted: str | None, fault: Fault, document: Document, shape: dict[str, Any]
) -> Diagnostic:
    title = fault.schema.get("title", "this")
    homes = [home for home in _homes(key, shape) if home != title]
    if wanted is not None:
        help_text = f"did you mean '{wanted}'?"
    elif key.startswith("$") and "match" in fault.schema.get("properties", {}):
        help_text = f"put it under match: match: {{ {key}: … }}"
    elif key.casefold() in _SAID:
        help_text = _SAID[key.casefold()]
    elif homes:
        help_text = f"'{key}' is a key of {joined(homes[:3], 'or')}"
    else:
        known = fault.schema.get("properties", {})
        available = [name for name, member in known.items() if not member.get("x-not-yet")]
        help_text = f"keys of {title}: {', '.join(available)}"
    message = f"{quoted(key)} is not a key of {title}"
    return Diagnostic("unknown-key", message, document.key_location((*fault.path, key)), help_text)


def _meant_key(key: str, fault: Fault, missing: Sequence[str], shape: dict[str, Any]) -> str | None:
    """The key that is meant by an unknown one: rather one that is missing, never one that is there.

    A key that would be right elsewhere is rather misplaced than misspelt, unless it is very near: one that is
    missing, or the same word as one or many.
    """
    known = [name for name in fault.schema.get("properties", {}) if name not in fault.value]
    meant = _MEANT.get(key.casefold())
    if meant in known:
        return meant
    near = closest(key, missing) or closest(key, known)
    is_near = near in missing or (near is not None and near.removesuffix("s") == key.removesuffix("s"))
    is_elsewhere = bool(_homes(key, shape)) and not is_near
    return None if is_elsewhere else near


def _missing_key(key: str, fault: Fault, document: Document) -> Diagnostic:
    message = f"{fault.schema.get('title', 'this')} needs '{key}'"
    help_text = f"write {example(key, fault.schema)}"
    return Diagnostic("missing-key", message, place(fault.path, document), help_text)


def _no_choice(fault: Fault, document: Document) -> Diagnostic:
    title = fault.schema.get("title", "this")
    known = fault.schema.get("properties", {})
    available = [key for key in fault.rule if not known.get(key, {}).get("x-not-yet")]
    message = f"{title} needs one of {joined(available, 'or')}"
    return Diagnostic("missing-key", message, place(fault.path, document), "add one of them")


def _conflict(fault: Fault, document: Document) -> Diagnostic:
    first, second, *_ = [key for key in fault.value if key in fault.rule]
    title = fault.schema.get("title", "this")
    message = f"{title} cannot have both '{first}' and '{second}'"
    location = document.key_location((*fault.path, second))
    help_text = "keep one of the two"
    if title == "a step":
        help_text = f"write two steps: {{ {first}: … }}, {{ {second}: … }}"
    return Diagnostic("conflicting-keys", message, location, help_text)


def _lonely(fault: Fault) -> Iterator[tuple[str, list[str]]]:
    """Keys of a mapping that need others beside them, with those of which one is needed."""
    for key, names in fault.rule.items():
        absent = [name for name in names if name not in fault.value]
        if key in fault.value and fault.keyword == "dependentRequired" and absent:
            yield key, absent[:1]
        elif key in fault.value and absent == names:
            yield key, names


def _lonely_key(key: str, needed: list[str], fault: Fault, document: Document) -> Diagnostic:
    words = joined([f"'{name}'" for name in needed], "or")
    if key == "wait" and not isinstance(fault.value[key], bool):
        message = "'wait' says whether a send waits for its replies"
        location = document.key_location((*fault.path, key))
        return Diagnostic("needs-key", message, location, "a pause is think: 1s")
    return Diagnostic(
        "needs-key",
        f"'{key}' goes with {words}, which is not here",
        document.key_location((*fault.path, key)),
        f"add {words}, or remove '{key}'",
    )


def _unknown(fault: Fault) -> list[str]:
    return [key for key in fault.value if key not in fault.schema.get("properties", {})]


def _missing(fault: Fault) -> list[str]:
    return [key for key in fault.rule if key not in fault.value]


def _homes(key: str, shape: dict[str, Any]) -> list[str]:
    """Titles of the mappings of which a key is one."""
    parts = [shape, *shape["$defs"].values()]
    return [
        part["title"]
        for part in parts
        if "title" in part and not part.get("properties", {}).get(key, {"x-not-yet": True}).get("x-not-yet")
    ]
