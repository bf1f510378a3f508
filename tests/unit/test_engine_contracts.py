"""Contracts on received messages: which are checked, what counts as broken, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from performing import causes, perform, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.source import parse

TICK: dict[str, Any] = {
    "type": "object",
    "required": ["op", "price"],
    "properties": {"op": {"const": "tick"}, "price": {"$ref": "#/$defs/price"}},
    "additionalProperties": False,
    "$defs": {"price": {"type": "number", "minimum": 0}},
}
QUOTE: dict[str, Any] = {
    "type": "object",
    "required": ["op"],
    "properties": {"op": {"enum": ["quote", "ask"]}, "size": {"type": "integer"}},
}
API: dict[str, Any] = {
    "asyncapi": "3.0.0",
    "channels": {
        "all": {
            "messages": {
                "tick": {"payload": {key: value for key, value in TICK.items() if key != "$defs"}},
                "quote": {"payload": QUOTE},
                "line": {"contentType": "text/plain", "payload": {"pattern": "^> "}},
            }
        }
    },
    "$defs": TICK["$defs"],
}


def hear(folder: Path, contract: str, frames: Sequence[Any], clients: int = 1) -> list[Snapshot]:
    """Let each client say hello once; the server answers with ``frames``, which the contract looks at."""
    (folder / "tick.json").write_text(json.dumps(TICK))
    (folder / "api.json").write_text(json.dumps(API))

    def answer(connection: FakeConnection, payload: bytes) -> None:
        for number, frame in enumerate(frames):
            sent = frame if isinstance(frame, str | bytes) else json.dumps(frame)
            connection.reply(sent, number / 10_000)

    text = (
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n"
        "messages: { hello: { text: hello } }\n"
        "profiles: { guest: { start: [ { send: hello } ] } }\n"
        f"contracts: [ {contract} ]\n"
        f"phases: [ {{ duration: 1s, clients: {clients} }} ]\n"
    )
    document = parse(text, str(folder / "scenario.yaml"), environ={})
    return perform(compile_plan(document, seed=1), FakeTransport(answer))


def broken(store: Store) -> dict[str, int]:
    """Return the violations that there were, by message."""
    found = store.by_label("contract.violations", "message")
    return {name: number for name, number in found.items() if number}


GOOD = {"op": "tick", "price": 5}


def test_what_fits_its_schema_is_checked_and_counted_with_zero(tmp_path: Path) -> None:
    """A zero is data: something was looked at."""
    store = stored(hear(tmp_path, "{ schema: tick.json }", [GOOD, GOOD]))

    assert store.counter("contract.checked") == 2
    assert store.is_counted("contract.violations", message="tick")
    assert store.counter("contract.violations") == 0
    assert store.counter("errors") == 0


def test_nothing_looked_at_is_no_zero(tmp_path: Path) -> None:
    """What the pattern leaves out is not checked."""
    store = stored(hear(tmp_path, "{ where: { $.op: other }, schema: tick.json }", [GOOD, {"op": 1}]))

    assert not store.is_counted("contract.violations")


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"op": "tick"}, "$ lacks 'price'"),
        ({"op": "tick", "price": "5"}, "$.price must be of type number, and is '5'"),
        ({"op": "tick", "price": -1}, "$.price must be at least 0, and is -1"),
        ({"op": "tock", "price": 1}, "$.op must be 'tick', and is 'tock'"),
        ({**GOOD, "more": 1}, "$ must not have 'more'"),
        ([1], "$ must be of type object, and is a list of 1"),
        ("{", "it is no JSON"),
        (b"\x00", "the message is binary"),
    ],
)
def test_a_violation_is_told_with_its_place(tmp_path: Path, frame: Any, says: str) -> None:
    """Path in the frame, what was expected, what came; and the message it came in."""
    snapshots = hear(tmp_path, "{ schema: tick.json }", [GOOD, frame])

    assert broken(stored(snapshots)) == {"tick": 1}
    assert causes(snapshots) == {"contract-violation": 1}
    (told,) = sentences(snapshots)
    assert told.startswith(f"tick: {says}, in ")


def test_a_frame_must_be_one_of_the_messages_of_a_document(tmp_path: Path) -> None:
    """JSON by its schemas, text as text; references lead into the document."""
    frames = [GOOD, {"op": "quote", "size": 3}, {"op": "ask"}, "> hello"]
    snapshots = hear(tmp_path, "{ asyncapi: api.json }", frames)

    assert stored(snapshots).counter("contract.checked") == 4
    assert causes(snapshots) == {}


@pytest.mark.parametrize(
    ("frame", "name", "says"),
    [
        ({"op": "tick", "price": -1}, "tick", "tick: $.price must be at least 0, and is -1"),
        ({"op": "ask", "size": "x"}, "quote", "quote: $.size must be of type integer, and is 'x'"),
        ({"op": "other"}, "api", "api: $ is none of tick, quote or line"),
        ("hello", "line", "line: $ must fit /^> /, and is 'hello'"),
    ],
)
def test_a_violation_names_the_message_that_a_frame_can_be(
    tmp_path: Path, frame: Any, name: str, says: str
) -> None:
    """By the fields that have one value in each message; else the contract is named."""
    snapshots = hear(tmp_path, "{ asyncapi: api.json }", [GOOD, frame])

    assert broken(stored(snapshots)) == {name: 1}
    (told,) = sentences(snapshots)
    assert told.startswith(f"{says}, in ")


@pytest.mark.parametrize(
    ("draft", "violations"),
    [
        ("http://json-schema.org/draft-04/schema#", {}),
        ("http://json-schema.org/draft-06/schema#", {"old": 1}),
    ],
)
def test_const_is_no_word_of_draft_04(tmp_path: Path, draft: str, violations: dict[str, int]) -> None:
    """It came with draft 06; a schema of an older draft that has it says nothing by it."""
    schema = {"$schema": draft, "type": "object", "properties": {"op": {"const": "tick"}}}
    (tmp_path / "old.json").write_text(json.dumps(schema))
    assert broken(stored(hear(tmp_path, "{ schema: old.json }", [{"op": "tock"}]))) == violations


def test_a_share_is_drawn_the_same_way_each_time(tmp_path: Path) -> None:
    """About so many, whatever period the messages have."""
    frames = [GOOD if number % 4 else {**GOOD, "price": -1} for number in range(2000)]
    contract = "{ schema: tick.json, share: 25% }"
    first, again = (stored(hear(tmp_path, contract, frames)) for _ in range(2))

    assert 400 < first.counter("contract.checked") < 600
    assert 80 < first.counter("contract.violations") < 170
    assert first.counter("contract.checked") == again.counter("contract.checked")
    assert first.counter("contract.violations") == again.counter("contract.violations")


def test_contracts_look_on_and_take_nothing_away(tmp_path: Path) -> None:
    """What they check is for whoever waits for it; here nobody does."""
    store = stored(hear(tmp_path, "{ schema: tick.json }, { asyncapi: api.json }", [GOOD], clients=3))

    assert store.counter("contract.checked") == 2 * 3
    assert store.counter("messages.unmatched") == 3
