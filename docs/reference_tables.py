"""Writes the tables of ``scenario-reference.md`` from the schema and the catalogue of metrics.

A block of the document between ``<!-- table: NAME -->`` and ``<!-- end -->`` belongs to this script;
everything else is written by hand. Run it with ``python docs/reference_tables.py`` after a change of either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from wsrun.catalogue import METRICS
from wsrun.causes import CAUSES, FAMILIES
from wsrun.labels import LABELS
from wsrun.metric import Metric
from wsrun.validate import schema
from wsrun.wording import in_flow

DOCUMENT = Path(__file__).with_name("scenario-reference.md")
_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_LINKS = {
    "capture": "variables from [sources](#sources-and-patterns)",
    "audience": "`everyone`, or `{ VARIABLE: value }`",
    "client_levels": "[level](#levels)",
    "deliver": "[delivery](#deliveries)",
    "group_bursts": "[bursts](#bursts)",
    "mix": "`{ MESSAGE: weight }`",
    "name": "name",
    "pattern": "[pattern](#sources-and-patterns)",
    "pause": "[pause](#pauses)",
    "rate_levels": "[level](#levels) of rates",
    "reply": "[reply](#replies)",
    "search": "[search](#search)",
    "searched_clients": "`{ from, to, step }`",
    "searched_rates": "`{ from, to, step }` of rates",
    "socket": "[socket](#sockets)",
    "steps": "[steps](#steps)",
    "weight": "[weight](#units)",
    "weights": "`{ PROFILE: weight }`",
    "abort": "[abort](#abort)",
    "jwt": "[jwt](#auth)",
    "http": "[request](#http)",
    "target": "[target](#target)",
    "tls": "[tls](#tls)",
    "split": "[split](#streams)",
    "breaker": "[breaker](#breaker)",
    "lifecycle": "[lifecycle](#lifecycles)",
    "heartbeat": "[heartbeat](#heartbeat)",
    "reconnect": "[reconnect](#reconnect)",
    "pool": "[pool](#pool)",
    "backoff": "[backoff](#reconnect)",
}
"""What a table says of a value that has a section of its own."""

_SPECIAL = {
    "send": "message, or list of messages",
    "react": "list of [rules](#react)",
    "never": "list of [rules](#never)",
    "sequence": "list of [rules](#sequence)",
    "contracts": "list of [contracts](#contracts)",
    "extensions": "`{ NAME: module:object }`, see [extensions](#extensions)",
    "python": "name of an [extension](#extensions)",
    "call": "name of an [extension](#extensions)",
    "with": "`{ ARGUMENT: value }`",
    "value": "[source](#sources-and-patterns)",
    "per": "[source](#sources-and-patterns)",
    "id": "[source](#sources-and-patterns)",
    "choose": "list of [choices](#choices)",
    "set": "`{ VARIABLE: value }`",
    "such_that": "list of [criteria](#criteria)",
    "degraded": "list of [criteria](#criteria)",
    "expect_close": "list of close codes",
    "if": "expression",
    "while": "expression",
    "uniform": "`[ from, to ]`",
    "lognormal": "`{ median, p95 }`",
    "refusals": "list of HTTP statuses",
    "closes": "list of close codes",
    "not_after": "list of close codes",
    "clients": "`{ GROUP: … }`",
    "profiles": "`{ PROFILE: … }`",
    "messages": "`{ MESSAGE: … }`",
    "data": "`{ NAME: … }`",
    "failover": "list of URLs",
    "headers": "`{ NAME: text }`",
    "form": "`{ FIELD: value }`",
    "claims": "`{ NAME: value }`",
    "assign": "`{ VARIABLE: value }`",
    "mix": "`{ PROFILE: mix }`",
    "sockets": "`{ NAME: target }`",
}
"""What a table says of single keys whose type says too little."""

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
}

_KINDS = {
    "distribution": "`.avg .min .max .p50 … .p99.9 .count`",
    "counter": "none, or `.rate` a second",
    "ratio": "none",
    "gauge": "`.min .avg .max .last .slope .trend`",
}


def render(text: str) -> str:
    """Return the document with all its tables written anew."""
    tables = _tables()
    return _BLOCK.sub(lambda block: f"{block[1]}{tables[block[2]]()}{block[3]}", text)


def available_keys() -> Iterator[tuple[str, str]]:
    """Yield every key that is available, with the definition that it belongs to."""
    shape = schema()
    for name, part in {"scenario": shape, **shape["$defs"]}.items():
        for key, member in part.get("properties", {}).items():
            if not member.get("x-not-yet"):
                yield name, key


def _tables() -> dict[str, Callable[[], str]]:
    shape = schema()
    parts = {"scenario": shape, **shape["$defs"]}
    tables: dict[str, Callable[[], str]] = {
        name.replace("_", "-"): partial(_keys, part) for name, part in parts.items() if "properties" in part
    }
    tolerate = shape["$defs"]["group"]["properties"]["tolerate"]
    lognormal = shape["$defs"]["pause"]["properties"]["lognormal"]
    return tables | {
        "tolerate": partial(_keys, tolerate),
        "lognormal": partial(_keys, lognormal),
        "metrics": partial(_metrics, available=True),
        "metrics-for-later": partial(_metrics, available=False),
        "labels": _labels,
        "causes": _causes,
        "keys-for-later": partial(_for_later, parts),
    }


def _keys(part: dict[str, Any]) -> str:
    """One row for each key that is available."""
    rows = ["| key | value | if unsaid | meaning |", "|---|---|---|---|"]
    required = part.get("required", ())
    for key, member in part["properties"].items():
        if not member.get("x-not-yet"):
            value = _value(member) if "$ref" in member else _SPECIAL.get(key) or _value(member)
            cells = (f"`{key}`", value, _default(member, key in required), member["description"])
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _value(member: dict[str, Any]) -> str:
    reference = member.get("$ref", "").rpartition("/")[2]
    if reference:
        return _LINKS[reference]
    if "const" in member:
        return f"`{member['const']}`"
    if "enum" in member:
        return " ".join(f"`{word}`" for word in member["enum"])
    kinds = member.get("type", "any value")
    words = [_one(kind, member) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " or ".join(words)


def _one(kind: str, member: dict[str, Any]) -> str:
    if kind == "string" and "x-unit" in member:
        return f"[{member['x-unit']}](#units)"
    items = member.get("items", {})
    if kind == "array" and items.get("type") in ("string", "integer"):
        return "list of texts" if items["type"] == "string" and "x-unit" not in items else "list"
    return _TYPES.get(kind, kind)


def _default(member: dict[str, Any], is_required: bool) -> str:
    if is_required:
        return "**required**"
    if "default" in member:
        return f"`{in_flow(member['default'])}`"
    return str(member.get("x-default", "—"))


def _metrics(*, available: bool) -> str:
    if not available:
        names = [f"`{metric.name}`" for metric in METRICS.values() if not metric.available]
        return " ".join(names) + "\n"
    rows = ["| metric | statistics | labels | meaning |", "|---|---|---|---|"]
    rows += [_metric(metric) for metric in METRICS.values() if metric.available]
    return "\n".join(rows) + "\n"


def _metric(metric: Metric) -> str:
    unit = {"seconds": "", "number": "", "bytes": " (bytes)", "share": " (%)"}[metric.unit]
    return f"| `{metric.name}`{unit} | {_KINDS[metric.kind]} | {' '.join(metric.labels)} | {metric.text} |"


def _labels() -> str:
    rows = ["| label | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {text} |" for name, text in LABELS.items()]
    return "\n".join(rows) + "\n"


def _causes() -> str:
    rows = ["| cause | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {text}. |" for name, text in CAUSES.items()]
    rows += [f"| `{name}` | {re.sub('[<>]', '', text)}. |" for name, text in FAMILIES.items()]
    return "\n".join(rows) + "\n"


def _for_later(parts: dict[str, Any]) -> str:
    rows = ["| where | keys |", "|---|---|"]
    for name, part in parts.items():
        keys = [key for key, member in part.get("properties", {}).items() if member.get("x-not-yet")]
        if keys:
            title = "top" if name == "scenario" else part["title"]
            rows.append(f"| {title} | {' '.join(f'`{key}`' for key in keys)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(render(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
