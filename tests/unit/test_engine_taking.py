"""Messages that a rule takes and does nothing more with: the short way decides as the long way does."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from echoing import perform
from hypothesis import example, given
from hypothesis import strategies as st
from performing import plan_of
from rigged import QUIET, Network, Wire
from tests.fakes import FakeConnection

from wsrun.engine.line import Line
from wsrun.transports import Endpoint

PLAIN = "{ where: { $.type: push } }"
SAME_BY_LIST = "{ where: { $.type: { in: [ push ] } } }"
"""What fits is the same, and no rule of one text in one field."""

SCENARIO = """
messages:
  ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 9ms } }
  told: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, expect: { $.n: 4 }, timeout: 9ms } }
  any: { text: hi, reply: { match: { $.n: { min: 3 } }, timeout: 20ms } }
MORE
profiles: { p: { mix: { SENT } } }
clients: { all: { react: [ RULE, { where: { $.n: 1 }, capture: { seen: $.n } } ] } }
phases: [ { duration: 200ms, clients: 1, rate: 20/s } ]
"""

OTHER_FIELD = '  other: { json: { id: "{{ id }}" }, reply: { match: { $.re: "{{ id }}" } } }'
"""With it there is no one field that finds every reply."""

VALUES = st.sampled_from(["push", "push", "push", "other", 1, None, ["push"], {"push": 1}])
IDS = st.sampled_from(["own", "own", "none", 5])
NUMBERS = st.sampled_from([1, 3, 4])
DOCUMENTS = st.fixed_dictionaries({"type": VALUES}, optional={"id": IDS, "re": IDS, "n": NUMBERS})
ODD = st.sampled_from(["push", '"push"', '["push"]', "{", "3", "null", b'{"type":"push"}', b"\xff"])
FRAMES = st.lists(st.tuples(st.sampled_from([1, 2, 10, 45]), DOCUMENTS | DOCUMENTS | ODD), max_size=6)
SENT = st.sampled_from(["any: 1", "ping: 1", "told: 1", "any: 1, ping: 1", "any: 1, told: 1"])


def outcome(rule: str, more: str, sent: str, frames: list[tuple[int, Any]]) -> dict[str, Any]:
    """Run with a rule; each message is answered by all ``frames``, some milliseconds later."""
    text = SCENARIO.replace("RULE", rule).replace("MORE", more).replace("SENT", sent)

    def answer(connection: FakeConnection, payload: bytes) -> None:
        own = json.loads(payload)["id"] if payload.startswith(b"{") else "none"
        for after, frame in frames:
            if isinstance(frame, dict):
                frame = json.dumps({key: own if value == "own" else value for key, value in frame.items()})
            connection.reply(frame, after / 1000)

    store = perform(plan_of(text), Network(answer))
    counted: Counter[str] = Counter()
    for (name, _), number in store.counters.items():
        counted[name] += number
    return {"round_trips": store.distribution("round_trip").maximum, **counted}


# Pushes that are replies as well: by a pattern, after the timeout, and by an id with more to look at.
@example(more="", sent="any: 1", frames=[(1, {"type": "push", "n": 3})])
@example(more="", sent="ping: 1", frames=[(45, {"type": "push", "id": "own"})])
@example(more="", sent="told: 1", frames=[(1, {"type": "push", "id": "own", "n": 4})])
@example(more=OTHER_FIELD, sent="told: 1", frames=[(1, {"type": "push", "id": "own", "n": 4})])
@given(more=st.sampled_from(["", OTHER_FIELD]), sent=SENT, frames=FRAMES)
def test_the_short_way_takes_what_the_long_way_takes(
    more: str, sent: str, frames: list[tuple[int, Any]]
) -> None:
    """Whoever waits comes first, by id or by pattern, or has waited; every number is the same."""
    assert outcome(PLAIN, more, sent, frames) == outcome(SAME_BY_LIST, more, sent, frames)


class Pushing(Network):
    """Sends a new connection ten messages; ``line`` is who hears them."""

    line: Line

    async def open(self, endpoint: Endpoint, sink: Any) -> Wire:
        wire = await super().open(endpoint, sink)
        self.line = sink
        for number in range(10):
            wire.reply(json.dumps({"type": "push" if number % 2 else "other", "n": number}), 0.1)
        return wire


def heard(client: str, target: str = "") -> tuple[Line, dict[str, int]]:
    """Let a client hear ten messages of two types; return its line, and what was counted."""
    network = Pushing(QUIET)
    text = f"profiles: {{ p: {{}} }}\nclients: {{ all: {{ {client} }} }}\n"
    store = perform(plan_of(text + "phases: [ { duration: 1s, clients: 1 } ]\n", target=target), network)
    names = ("messages.received", "messages.unmatched", "forbidden")
    return network.line, {name: store.counter(name) for name in names}


@pytest.mark.parametrize(
    ("rules", "field", "values"),
    [
        (PLAIN, "type", {"push"}),
        ("{ where: { \"$['type']\": push } }, { where: { $.type: other } }", "type", {"push", "other"}),
        ("{ where: { $.type: push } }, { where: { $.kind: other } }", "type", {"push"}),
        ("{ where: { $.type: push } }, { where: { $.type: b }, close: 4000 }", "type", {"push"}),
        ("{ where: { $.type: push }, capture: { n: $.n } }", None, None),
        ("{ where: { $.type: push }, close: 4000 }, { where: { $.type: b } }", None, None),
        ("{ where: { $.type: push, $.n: 1 } }", None, None),
        ("{ where: [ { $.type: push }, { $.n: 1 } ] }", None, None),
        ("{ where: { $.a.type: push } }", None, None),
        ("{ where: { '$[0]': push } }", None, None),
        ("{ where: { text: push } }", None, None),
        ("{ where: { $.n: 1 } }", None, None),
        ("{ where: { $.type: '{{ client.id }}' } }", None, None),
        ("{ where: { $.type: { prefix: push } } }", None, None),
        (SAME_BY_LIST, None, None),
    ],
)
def test_rules_that_only_take_are_known(rules: str, field: str | None, values: set[str] | None) -> None:
    """Those of one text in one top-level field, from the first on."""
    line, _ = heard(f"react: [ {rules} ]")
    found = line.taking
    assert (found and found.field, found and set(found.values)) == (field, values)


def test_what_is_taken_is_received_and_not_unmatched() -> None:
    """The others are unmatched."""
    line, counted = heard(f"react: [ {PLAIN} ]")
    assert line.taking is not None
    assert counted == {"messages.received": 10, "messages.unmatched": 5, "forbidden": 0}


def test_rules_that_look_on_see_what_another_rule_takes() -> None:
    """Then nothing goes the short way."""
    line, counted = heard(f"react: [ {PLAIN} ], never: [ {{ where: {{ $.n: {{ min: 6 }} }} }} ]")
    assert line.taking is None
    assert counted == {"messages.received": 10, "messages.unmatched": 5, "forbidden": 4}


def test_json_that_is_embedded_goes_the_long_way() -> None:
    """A field is looked up where the scenario says that the JSON is, not in the whole message."""
    line, counted = heard(f"react: [ {PLAIN} ]", target=", json_in: '^x(.*)$'")
    assert line.taking is None
    assert counted["messages.unmatched"] == 10
