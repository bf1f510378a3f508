"""Which messages clients receive, by AsyncAPI documents of both versions."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from wsrun.contracts import Mistake
from wsrun.contracts.asyncapi import received

TWO = """
asyncapi: 2.6.0
channels:
  /chat/{room}:
    subscribe:
      message: { oneOf: [ { $ref: "#/components/messages/said" }, { messageId: left, payload: true } ] }
    publish: { message: { name: say, payload: {} } }
  /prices:
    subscribe:
      message: { name: tick, schemaFormat: "application/schema+json;version=draft-04", payload: {} }
components: { messages: { said: { payload: { type: object } } } }
"""
THREE = """
asyncapi: 3.0.0
defaultContentType: application/vnd.x+json
channels:
  chat:
    address: /chat/{room}
    messages:
      say: { payload: {} }
      said: { payload: { schemaFormat: "application/schema+json;version=draft-06", schema: {} } }
      left: { $ref: "#/components/messages/gone" }
  prices: { address: /prices, messages: { tick: { contentType: text/csv, payload: {} }, none: {} } }
operations:
  hear:
    action: send
    channel: { $ref: "#/channels/chat" }
    messages: [ { $ref: "#/channels/chat/messages/said" } ]
  talk:
    action: receive
    channel: { $ref: "#/channels/chat" }
    reply: { messages: [ { $ref: "#/channels/chat/messages/left" } ] }
  prices: { action: send, channel: { $ref: "#/channels/prices" } }
components: { messages: { gone: { name: gone, payload: {} } } }
"""


def names(text: str, path: str | None = None) -> list[str]:
    """Return what the received messages are called."""
    found = received(yaml.safe_load(text), None if path is None else frozenset((path,)))
    assert isinstance(found, list), found
    return [message.name for message in found]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        (TWO, None, ["said", "left", "tick"]),
        (TWO, "/chat/5", ["said", "left"]),
        (TWO, "/prices", ["tick"]),
        (TWO, "/other/path", ["said", "left", "tick"]),
        (THREE, None, ["said", "gone", "tick", "none"]),
        (THREE, "/chat/5", ["said", "gone"]),
        (THREE, "/prices/", ["tick", "none"]),
    ],
)
def test_messages_are_those_of_the_operations_on_the_channels_of_the_target(
    text: str, path: str | None, expected: list[str]
) -> None:
    """Without a channel at the target's path, those of all channels."""
    assert names(text, path) == expected


def test_without_operations_all_messages_of_the_channels_count() -> None:
    """A document may be no more than a list of messages."""
    assert names(THREE.partition("operations:")[0] + "components: { messages: { gone: {} } }") == [
        "say",
        "said",
        "left",
        "tick",
        "none",
    ]


def test_a_message_that_is_its_own_alternative_is_a_mistake() -> None:
    """However far around; one that merely comes twice is none."""
    text = """
asyncapi: 2.6.0
channels: { a: { subscribe: { message: { oneOf: [ { $ref: "#/components/messages/x" } ] } } } }
components:
  messages:
    x: { oneOf: [ { $ref: "#/components/messages/y" }, { $ref: "#/components/messages/y" } ] }
    y: { oneOf: [ { $ref: "#/components/messages/LAST" } ] }
    z: { payload: {} }
"""
    found = received(yaml.safe_load(text.replace("LAST", "x")), None)

    assert isinstance(found, Mistake)
    assert found.message == "this message is one of its own alternatives"
    assert names(text.replace("LAST", "z")) == ["z"]


def test_version_two_falls_back_on_what_is_published() -> None:
    """Where nobody subscribes to anything."""
    assert names("asyncapi: 2.0.0\nchannels: { a: { publish: { message: { name: say } } } }") == ["say"]


def test_formats_and_contents_are_those_of_the_messages() -> None:
    """Draft 07 unless said; JSON unless said; a message without a payload has no schema."""
    found = received(yaml.safe_load(THREE), None)
    assert isinstance(found, list)
    told = {message.name: (message.draft, message.content, message.path) for message in found}
    assert told == {
        "said": ("Draft6Validator", "json", ("channels", "chat", "messages", "said", "payload", "schema")),
        "gone": ("Draft7Validator", "json", ("components", "messages", "gone", "payload")),
        "tick": ("Draft7Validator", "text", ("channels", "prices", "messages", "tick", "payload")),
        "none": ("Draft7Validator", "json", None),
    }


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("{}", (), "no AsyncAPI document of version 2 or 3"),
        ("asyncapi: 1.2.0", ("asyncapi",), "no AsyncAPI document of version 2 or 3"),
        ("asyncapi: 3.0.0", (), "no message of this document is one that clients receive"),
        (
            "asyncapi: 2.0.0\nchannels: { a: { $ref: 'http://example.com/a' } }",
            ("channels", "a", "$ref"),
            "nothing outside of this file is read",
        ),
        (
            "asyncapi: 2.0.0\nchannels: { a: { $ref: '#/channels/a' } }",
            (),
            "no message of this document",
        ),
        (
            "asyncapi: 2.0.0\nchannels: { a: { subscribe: { message: { contentType: image/png } } } }",
            ("channels", "a", "subscribe", "message", "contentType"),
            "what is image/png is not checked",
        ),
        (
            "asyncapi: 2.0.0\n"
            "channels: { a: { subscribe: { message: { schemaFormat: avro, payload: {} } } } }",
            ("channels", "a", "subscribe", "message"),
            "schemas in the format avro are not read",
        ),
        ("asyncapi: 3.0.0\nchannels: { a: 5 }", ("channels", "a"), "this is no mapping"),
    ],
)
def test_a_document_that_cannot_be_used_is_refused_at_its_place(
    text: str, path: tuple[Any, ...], says: str
) -> None:
    """With what is wrong, and nothing is ever fetched."""
    found = received(yaml.safe_load(text), None)
    assert isinstance(found, Mistake)
    assert found.path == path
    assert says in found.message
