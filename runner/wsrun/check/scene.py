"""What a scenario names, read without trust in its shape: what has the wrong type counts as not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wsrun import units
from wsrun.contracts import contract_names, message_names, target_paths
from wsrun.servers import server_names
from wsrun.source import Document, Steps
from wsrun.units import UnitError

MAIN = "main"
"""The name of the socket that the target itself is."""

DEFAULT_PROFILE, DEFAULT_GROUP = "default", "all"
"""The names of the profile and the group that a scenario has when it names none."""


_WRITERS = frozenset(("assign", "capture", "set"))


@dataclass(frozen=True)
class Scene:
    """The named parts of a document. Every mapping is by name, and every value a mapping again."""

    document: Document

    @cached_property
    def target(self) -> dict[str, Any]:
        """The target."""
        return mapping(self.document.data.get("target"))

    @cached_property
    def targets(self) -> dict[Steps, dict[str, Any]]:
        """What is said of each socket, by its path; that of ``main`` first."""
        others = named(self.target.get("sockets"))
        return {("target",): self.target} | {
            ("target", "sockets", name): spec for name, spec in others.items()
        }

    def urls(self, path: Steps, target: dict[str, Any]) -> Iterator[tuple[Steps, Any]]:
        """Yield the URLs of what is said of a socket, with their paths."""
        yield (*path, "url"), target.get("url")
        yield from (
            ((*path, "failover", index), url) for index, url in enumerate(sequence(target.get("failover")))
        )

    @cached_property
    def sockets(self) -> list[str]:
        """The names of the sockets that a client may have."""
        return [MAIN, *mapping(self.target.get("sockets"))]

    @cached_property
    def servers(self) -> list[str]:
        """The names of the servers of all sockets that have several."""
        found: list[str] = []
        for path, target in self.targets.items():
            urls = [url for _, url in self.urls(path, {"url": self.target.get("url"), **target})]
            if len(urls) > 1:
                found += server_names([url if isinstance(url, str) else "" for url in urls])
        return found

    @cached_property
    def jwt(self) -> dict[str, Any]:
        """The token's settings; empty where there is no token."""
        return mapping(mapping(self.document.data.get("auth")).get("jwt"))

    @cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """The data sources."""
        return named(self.document.data.get("data"))

    @cached_property
    def messages(self) -> dict[str, dict[str, Any]]:
        """The messages, those written in place not included."""
        return named(self.document.data.get("messages"))

    @cached_property
    def profiles(self) -> dict[str, dict[str, Any]]:
        """The profiles; the default one where there are none."""
        everything: dict[str, Any] = {"mix": dict.fromkeys(self.messages, 1)} if self.messages else {}
        return named(self.document.data.get("profiles")) or {DEFAULT_PROFILE: everything}

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The groups of clients; the default one where there are none."""
        return named(self.document.data.get("clients")) or {DEFAULT_GROUP: {}}

    @cached_property
    def phases(self) -> list[dict[str, Any]]:
        """The phases, in their order."""
        return [mapping(phase) for phase in sequence(self.document.data.get("phases"))]

    @cached_property
    def phase_names(self) -> list[str]:
        """What the phases are called; those without a name are numbered."""
        return [
            name if isinstance(name := phase.get("name"), str) else f"phase-{number}"
            for number, phase in enumerate(self.phases, start=1)
        ]

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of messages that there are."""
        kinds = [message.get("kind") for _, message in self.all_messages()]
        return list(dict.fromkeys(kind for kind in kinds if isinstance(kind, str)))

    @cached_property
    def priorities(self) -> list[str]:
        """The priorities that messages have; none where no message differs from the others."""
        written = [message.get("priority") for _, message in self.all_messages()]
        names = [name if isinstance(name, str) else "normal" for name in written]
        return list(dict.fromkeys(names)) if {*names} - {"normal"} else []

    def steps(self) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield every step with its path, those inside other steps too."""
        for name, profile in self.profiles.items():
            for key in ("start", "flow", "end", "resume"):
                yield from _steps(profile.get(key), ("profiles", name, key))

    def sent(self, step: dict[str, Any], path: Steps) -> Iterator[tuple[Steps, Any]]:
        """Yield what a step sends, names or messages in place, with their paths."""
        if "send" in step:
            sent = step["send"]
            if isinstance(sent, list):
                yield from (((*path, "send", index), item) for index, item in enumerate(sent))
            else:
                yield (*path, "send"), sent

    def rules(self, key: str) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield the rules of all groups under ``never``, ``sequence`` or ``react``, with their paths."""
        for name, group in self.groups.items():
            for index, rule in enumerate(sequence(group.get(key))):
                yield ("clients", name, key, index), mapping(rule)

    def heartbeats(self) -> Iterator[tuple[Steps, Any]]:
        """Yield the messages that are heartbeats, names or messages in place, with their paths."""
        for name, group in self.groups.items():
            message = mapping(group.get("heartbeat")).get("message")
            if message is not None:
                yield ("clients", name, "heartbeat", "message"), message

    def contracts(self) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield every contract with its path."""
        for index, contract in enumerate(sequence(self.document.data.get("contracts"))):
            yield ("contracts", index), mapping(contract)

    @cached_property
    def contract_names(self) -> list[str]:
        """What the contracts are called; an empty name where there is none."""
        return contract_names([contract for _, contract in self.contracts()])

    @cached_property
    def contract_messages(self) -> list[str]:
        """What violations of contracts may be counted under."""
        specs = [contract for _, contract in self.contracts()]
        return message_names(specs, Path(self.document.path).parent, target_paths(self.target))

    def sources(self) -> Iterator[tuple[Steps, Any]]:
        """Yield every source that stands by itself, with its path."""
        for path, rule in self.rules("sequence"):
            yield from (((*path, key), rule[key]) for key in ("value", "per") if key in rule)
        for path, wanted in self.deliveries():
            if "id" in wanted:
                yield (*path, "id"), wanted["id"]

    def is_of_start_alone(self, message: str) -> bool:
        """Whether a message is sent in start steps and nowhere else, and in them before anything waits."""
        mixes = [mapping(profile.get("mix")) for profile in self.profiles.values()]
        mixes += [mapping(mix) for phase in self.phases for mix in mapping(phase.get("mix")).values()]
        if any(message in mix for mix in mixes):
            return False
        found = False
        waiting: set[Steps] = set()
        for path, step in self.steps():
            place = path[:3]
            if any(sent == message for _, sent in self.sent(step, path)):
                if path[2] != "start" or place in waiting:
                    return False
                found = True
            if {"think", "expect", "sync"} & set(step):
                waiting.add(place)
        return found

    def all_messages(self) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield every message with its path, those written in place too."""
        for name, message in self.messages.items():
            yield ("messages", name), message
        for path, step in (*self.steps(), *self.rules("react")):
            for place, sent in self.sent(step, path):
                if isinstance(sent, dict):
                    yield place, sent
        for place, sent in self.heartbeats():
            if isinstance(sent, dict):
                yield place, sent
        yield from ((place, check) for place, check in self.pool_checks() if isinstance(check, dict))

    def pool_checks(self) -> Iterator[tuple[Steps, Any]]:
        """Yield what connections of pools are checked with, names or messages in place, with their paths."""
        for name, group in self.groups.items():
            pool = mapping(group.get("pool"))
            if "check" in pool:
                yield ("clients", name, "pool", "check"), pool["check"]

    def deliveries(self) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield every ``deliver`` with its path."""
        for path, message in self.all_messages():
            if "deliver" in message:
                yield (*path, "deliver"), mapping(message["deliver"])

    def patterns(self) -> Iterator[tuple[Steps, Any, bool]]:
        """Yield every pattern with its path, and whether there is a message whose id it may name."""
        for path, message in self.all_messages():
            reply = mapping(message.get("reply"))
            for key in ("match", "until", "error", "expect"):
                if key in reply:
                    yield (*path, "reply", key), reply[key], True
            for index, pattern in enumerate(sequence(reply.get("in_order"))):
                yield (*path, "reply", "in_order", index), pattern, True
        for path, step in self.steps():
            for key in ("expect", "expect_none", "refused"):
                if key in step:
                    yield (*path, key), step[key], False

        for path, wanted in self.deliveries():
            if "where" in wanted:
                yield (*path, "where"), wanted["where"], False
        for key in ("never", "sequence", "react"):
            for path, rule in self.rules(key):
                if "where" in rule:
                    yield (*path, "where"), rule["where"], False

        for path, contract in self.contracts():
            if "where" in contract:
                yield (*path, "where"), contract["where"], False

    def captures(self) -> Iterator[tuple[Steps, dict[str, Any]]]:
        """Yield every ``capture`` with its path."""
        for path, message in self.all_messages():
            yield (*path, "reply", "capture"), mapping(mapping(message.get("reply")).get("capture"))
        for path, step in (*self.steps(), *self.rules("react")):
            yield (*path, "capture"), mapping(step.get("capture"))

    def profiles_of(self, group: str) -> list[str]:
        """The profiles that clients of a group may have."""
        weights = mapping(self.groups.get(group, {}).get("profiles"))
        return [name for name in weights if name in self.profiles] or list(self.profiles)


def _steps(steps: Any, path: Steps) -> Iterator[tuple[Steps, dict[str, Any]]]:
    for index, item in enumerate(sequence(steps)):
        place, step = (*path, index), mapping(item)
        yield place, step
        for key in ("repeat", "then", "else"):
            yield from _steps(step.get(key), (*place, key))
        for number, choice in enumerate(sequence(step.get("choose"))):
            yield from _steps(mapping(choice).get("do"), (*place, "choose", number, "do"))


def mapping(value: Any) -> dict[str, Any]:
    """Return a value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def named(value: Any) -> dict[str, dict[str, Any]]:
    """Return a mapping of mappings; what is none counts as empty."""
    return {name: mapping(item) for name, item in mapping(value).items()}


def duration(value: Any) -> float | None:
    """Return the seconds of a duration, None where it is none."""
    try:
        return units.parse_duration(value) if isinstance(value, str) else None
    except UnitError:
        return None


def rate(value: Any) -> float | None:
    """Return a rate a second, None where it is none."""
    try:
        return units.parse_rate(value) if isinstance(value, str) else None
    except UnitError:
        return None


def texts(value: Any, path: Steps) -> Iterator[tuple[Steps, str]]:
    """Yield every text in a JSON-like value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


def keys(value: Any, path: Steps) -> Iterator[Steps]:
    """Yield the path of every key in a JSON-like value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


def written(value: Any) -> Iterator[str]:
    """Every variable that something in a JSON-like value writes."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _WRITERS:
                yield from mapping(item)
            yield from written(item)
    elif isinstance(value, list):
        for item in value:
            yield from written(item)
