"""The messages that clients receive, by an AsyncAPI document of version 2 or 3 that describes the service.

In version 2 they are those of ``subscribe`` operations: what others may subscribe to. In version 3 they are
those of operations with the action ``send``, which is what the service sends, and the replies to operations
with the action ``receive``. Where no operation says any, all messages of the channels are meant. If the
address of a channel is a path that clients connect to, only such channels count.

Sources: AsyncAPI 2.6.0, "Operation Object" and "Message Object"; 3.0.0, "Operation Object", "Operation Reply
Object" and "Multi Format Schema Object".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from wsrun.contracts.mistakes import Mistake
from wsrun.patterns.dialects import Path, lead
from wsrun.plan import ContractMessage

MOST_HOPS: Final = 20
"""References that lead to references."""

AS_JSON_SCHEMA: Final = "Draft7Validator"
"""What AsyncAPI's own schemas extend: draft 07 of JSON Schema."""

_VERSION: Final = re.compile(r"(\d+)\.\d+\.\d+")
_DRAFT: Final = re.compile(r"version=draft-(0[467])\b")
_DRAFTS: Final = {"04": "Draft4Validator", "06": "Draft6Validator", "07": AS_JSON_SCHEMA}


class _Trouble(Exception):
    """Something in the document cannot be used."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def received(document: Any, paths: frozenset[str] | None) -> list[ContractMessage] | Mistake:
    """Return the messages that clients receive, or what is wrong with the document.

    Args:
        document: the document.
        paths: the paths that clients connect to, None where templates make them.
    """
    root = document if isinstance(document, Mapping) else {}
    version = _VERSION.match(str(root.get("asyncapi", "")))
    if version is None or version[1] not in ("2", "3"):
        place: Path = ("asyncapi",) if "asyncapi" in root else ()
        return Mistake(
            place, "this is no AsyncAPI document of version 2 or 3", "write asyncapi: 3.0.0 at its top"
        )
    try:
        channels = dict(_channels(root, version[1], paths))
        found = list(_of_two(root, channels) if version[1] == "2" else _of_three(root, channels))
    except _Trouble as trouble:
        return trouble.mistake
    if not found:
        return Mistake((), "no message of this document is one that clients receive", _NONE[version[1]])
    return list({(message.path, message.name): message for message in found}.values())


_NONE: Final = {
    "2": "they are those of 'subscribe' operations",
    "3": "they are those of operations with 'action: send', and replies to the others",
}


def _channels(
    root: Mapping[str, Any], version: str, paths: frozenset[str] | None
) -> Iterator[tuple[Path, Any]]:
    """Yield the channels that count, each with where it stands."""
    every = []
    for name in _mapping(root.get("channels")):
        channel, path = _resolved(root, ("channels", name))
        address = name if version == "2" else channel.get("address")
        every.append((path, channel, address))
    mine = [one for one in every if any(_is_address(one[2], path) for path in paths or ())]
    for path, channel, _ in mine or every:
        yield path, channel


def _is_address(address: Any, target: str) -> bool:
    """Whether the address of a channel, with its ``{parameters}``, is the path of the target."""
    if not isinstance(address, str) or not address.strip("/"):
        return isinstance(address, str) and not target.strip("/")
    mine, wanted = address.strip("/").split("/"), target.strip("/").split("/")
    return len(mine) == len(wanted) and all(
        one == other or (one.startswith("{") and one.endswith("}"))
        for one, other in zip(mine, wanted, strict=True)
    )


def _of_two(root: Mapping[str, Any], channels: Mapping[Path, Any]) -> Iterator[ContractMessage]:
    for key in ("subscribe", "publish"):
        found = []
        for path, channel in channels.items():
            if isinstance(_mapping(channel.get(key)).get("message"), Mapping):
                found += list(_alternatives(root, (*path, key, "message")))
        if found:
            yield from found
            return


def _alternatives(
    root: Mapping[str, Any], path: Path, around: frozenset[Path] = frozenset()
) -> Iterator[ContractMessage]:
    """The messages of an operation of version 2: one, or several under ``oneOf``; ``around`` are those that
    it stands in."""
    message, place = _resolved(root, path)
    several = message.get("oneOf")
    if isinstance(several, list):
        if place in around:
            raise _Trouble(Mistake(path, "this message is one of its own alternatives"))
        for index in range(len(several)):
            yield from _alternatives(root, (*place, "oneOf", index), around | {place})
    else:
        yield _message(root, path, None)


def _of_three(root: Mapping[str, Any], channels: Mapping[Path, Any]) -> Iterator[ContractMessage]:
    told = False
    for name in _mapping(root.get("operations")):
        operation, path = _resolved(root, ("operations", name))
        answer = (*path, "reply")
        if "channel" in operation and _resolved(root, (*path, "channel"))[1] not in channels:
            continue
        if operation.get("action") == "send":
            places = _listed(root, operation, path, channels)
        elif isinstance(operation.get("reply"), Mapping):
            reply, answer = _resolved(root, answer)
            places = _listed(root, reply, answer, channels)
        else:
            continue
        for place in places:
            told = True
            yield _message(root, place, None)
    if not told:
        for path, channel in channels.items():
            for name in _mapping(channel.get("messages")):
                yield _message(root, (*path, "messages", name), name)


def _listed(
    root: Mapping[str, Any], operation: Mapping[str, Any], path: Path, channels: Mapping[Path, Any]
) -> Iterator[Path]:
    """Yield where the messages of an operation, or of a reply, stand: those listed, or all of its channel."""
    channel: Path | None = None
    if isinstance(operation.get("channel"), Mapping):
        spec, channel = _resolved(root, (*path, "channel"))
        if channel not in channels:
            return
    listed = operation.get("messages")
    if isinstance(listed, list):
        yield from ((*path, "messages", index) for index in range(len(listed)))
    elif channel is not None:
        yield from ((*channel, "messages", name) for name in _mapping(spec.get("messages")))


def _message(root: Mapping[str, Any], path: Path, name: str | None) -> ContractMessage:
    """Return a message, by where it, or a reference to it, stands."""
    message, place = _resolved(root, path)
    own = message.get("messageId") or message.get("name")
    last = next((step for step in reversed(place) if isinstance(step, str) and step != "message"), "message")
    called = str(own or name or last)
    kind = str(message.get("contentType") or root.get("defaultContentType") or "application/json")
    content = _content(kind, (*place, "contentType") if "contentType" in message else place)
    if "payload" not in message:
        return ContractMessage(name=called, path=None, draft=AS_JSON_SCHEMA, content=content)
    schema, where = message["payload"], (*place, "payload")
    form = message.get("schemaFormat")
    if isinstance(schema, Mapping) and "schemaFormat" in schema and "schema" in schema:
        form, where = schema["schemaFormat"], (*where, "schema")
    return ContractMessage(name=called, path=where, draft=_draft(form, place), content=content)


def _content(kind: str, path: Path) -> Literal["json", "text"]:
    plain = kind.partition(";")[0].strip().lower()
    if plain.endswith(("/json", "+json")):
        return "json"
    if plain.startswith("text/"):
        return "text"
    message = f"what is {kind[:60]} is not checked"
    raise _Trouble(Mistake(path, message, "JSON and text are; leave such messages out with where"))


def _draft(form: Any, path: Path) -> str:
    """Return the draft that a ``schemaFormat`` names; unsaid, it is AsyncAPI's own."""
    if form is None or "vnd.aai.asyncapi" in str(form):
        return AS_JSON_SCHEMA
    drafts = _DRAFT.search(str(form))
    if "schema+json" in str(form) or "schema+yaml" in str(form):
        return _DRAFTS[drafts[1]] if drafts else AS_JSON_SCHEMA
    message = f"schemas in the format {str(form)[:60]} are not read"
    raise _Trouble(Mistake(path, message, "write the schema as JSON Schema"))


def _resolved(root: Mapping[str, Any], path: Path) -> tuple[Mapping[str, Any], Path]:
    """Follow references until there is a mapping that is none."""
    value: Any = root
    for step in path:
        value = value[step]
    for _ in range(MOST_HOPS):
        reference = value.get("$ref") if isinstance(value, Mapping) else None
        if reference is None:
            break
        found = lead(root, reference) if isinstance(reference, str) and reference[:1] == "#" else None
        if found is None:
            told = str(reference)[:80]
            outside = not told.startswith("#")
            message = (
                f"nothing outside of this file is read, and this refers to {told}"
                if outside
                else f"there is nothing at {told}"
            )
            help_text = "copy what it refers to into this file" if outside else None
            raise _Trouble(Mistake((*path, "$ref"), message, help_text))
        value, path = found
    if not isinstance(value, Mapping):
        raise _Trouble(Mistake(path, "this is no mapping"))
    return value, path


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
