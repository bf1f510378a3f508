"""Contracts of a scenario: from a file to the messages that it describes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from wsrun import source, units
from wsrun.contracts.asyncapi import received
from wsrun.contracts.mistakes import Mistake
from wsrun.errors import ScenarioError
from wsrun.patterns.dialects import DRAFTS, draft_of
from wsrun.plan import ContractMessage, ContractPlan

KINDS = ("schema", "asyncapi")
"""The keys that name the file of a contract."""


def contract_names(specs: Sequence[Any]) -> list[str]:
    """Return what contracts are called: their files without folders and suffixes, numbered if alike.

    ``schemas/tick.schema.json`` is ``tick``; one without a file has an empty name.
    """
    names: list[str] = []
    seen: Counter[str] = Counter()
    for spec in specs:
        file = next((spec[kind] for kind in KINDS if isinstance(spec, Mapping) and kind in spec), "")
        name = PurePath(file).name.partition(".")[0] if isinstance(file, str) else ""
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def messages_of(
    kind: str, name: str, document: Any, paths: frozenset[str] | None
) -> tuple[ContractMessage, ...] | Mistake:
    """Return the messages that a document describes, or what keeps it from being read.

    Args:
        kind: ``schema`` or ``asyncapi``.
        name: what the contract is called.
        document: the document as plain values.
        paths: the paths that clients connect to, None where templates make them.
    """
    if kind == "asyncapi":
        found = received(document, paths)
        return found if isinstance(found, Mistake) else tuple(found)
    draft = draft_of(document)
    if draft is None:
        known = list(DRAFTS)[-1]
        return Mistake(
            ("$schema",), "this draft of JSON Schema is not known", f"write {known}, or an older one"
        )
    return (ContractMessage(name=name, path=(), draft=draft),)


def target_paths(target: Mapping[str, Any], url: str | None = None) -> frozenset[str] | None:
    """Return the paths that clients connect to, None where a template makes one of them.

    Args:
        target: the target of the scenario.
        url: the URL that stands in for its own.
    """
    sockets = target.get("sockets")
    others = list(sockets.values()) if isinstance(sockets, Mapping) else []
    urls = [url or target.get("url"), *(other.get("url") for other in others if isinstance(other, Mapping))]
    paths = set()
    for one in urls:
        if not isinstance(one, str) or "{{" in one.partition("?")[0]:
            return None
        try:
            paths.add(urlsplit(one).path)
        except ValueError:
            return None
    return frozenset(paths)


def planned(
    specs: Sequence[Mapping[str, Any]], folder: Path, paths: frozenset[str] | None
) -> tuple[ContractPlan, ...]:
    """Return the contracts of a checked scenario; their files are read."""
    plans = []
    for spec, name in zip(specs, contract_names(specs), strict=True):
        kind = next(kind for kind in KINDS if kind in spec)
        document = source.read_plain(folder / spec[kind]).data
        messages = messages_of(kind, name, document, paths)
        assert not isinstance(messages, Mistake)
        plans.append(
            ContractPlan(
                name=name,
                where=spec.get("where", {}),
                share=units.parse_share(spec.get("share", "100%")),
                document=document,
                messages=messages,
            )
        )
    return tuple(plans)


def message_names(specs: Sequence[Any], folder: Path, paths: frozenset[str] | None) -> list[str]:
    """Return what violations may be counted under: contracts, and messages of documents that can be read."""
    names = list(contract_names(specs))
    for spec in specs:
        file = spec.get("asyncapi") if isinstance(spec, Mapping) else None
        if isinstance(file, str) and "\0" not in file:
            with contextlib.suppress(ScenarioError):
                found = received(source.read_plain(folder / file).data, paths)
                names += [] if isinstance(found, Mistake) else [message.name for message in found]
    return list(dict.fromkeys(name for name in names if name))
