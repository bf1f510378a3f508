"""Fan-out over real sockets: what the embedded server did wrong once is found and named, and nothing else."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from demo_http import fetch_json
from running import run_scenario, validate_result

from wsrun.demo.process import DemoServer

CHAT = """
messages:
  join:
    json: { type: join, id: "{{ id }}", room: "{{ room }}" }
    reply: { match: { $.reply_to: "{{ id }}" } }
  say:
    json: { type: say, id: "{{ id }}", room: "{{ room }}" }
    deliver: { to: { room: "{{ room }}" }, where: { $.type: said }, id: $.id, within: 1s }
profiles: { member: { start: [ { send: join } ], mix: { say: 1 } } }
interval: 200ms
clients:
  people:
    assign: { room: "r{{ client.index % 2 }}" }
    sequence: [ { where: { $.type: said }, value: $.n } ]
    never: [ { where: { $.type: said, $.room: { not: "{{ room }}" } }, because: not their room } ]
phases:
  - { name: arrive, duration: 800ms, clients: 10, rate: 0.001/s }
  - { name: talk, duration: 1500ms, rate: 200/s }
  - { name: listen, duration: 1200ms, rate: 0.001/s }
criteria: [ errors == 0 ]
"""

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}

KINDS = ("lose", "duplicate", "leak", "reorder")


def table(result: dict[str, Any]) -> dict[str, int]:
    """Return what is not zero of the counts of deliveries, and of what else was broken."""
    (entry,) = result["deliveries"]
    names = ("expected", "received", "late", "missed", "duplicates", "unsure", "leaks")
    found = {name: entry[name] for name in names} | {one["metric"]: one["count"] for one in result["broken"]}
    return {name: number for name, number in found.items() if number}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["", *KINDS])
def test_one_mistake_among_a_thousand_deliveries_is_found_and_named(kind: str, workers: int) -> None:
    """Counts equal the server's own, and the one that was different is told with its id."""
    with DemoServer() as server:
        mistake = f"&mistake={kind}&at=500" if kind else ""
        result = run_scenario(CHAT, server.url(f"/chat?numbers=1&stamps=1{mistake}"), workers=workers)
        theirs = fetch_json(server, "/monitoring/chat")
    validate_result(result)

    expected = theirs["said"] * 4
    found = table(result)
    assert found.pop("expected") == expected
    assert found.pop("received") == expected - (kind == "lose")
    assert (
        found
        == {
            "": {},
            "lose": {"missed": 1, "sequence.lost": 1},
            "duplicate": {"duplicates": 1, "sequence.duplicated": 1},
            "leak": {"leaks": 1},
            "reorder": {"sequence.reordered": 1},
        }[kind]
    )
    assert theirs["delivered"] == expected + {"lose": -1, "duplicate": 1, "leak": 1}.get(kind, 0)
    (entry,) = result["deliveries"]
    assert entry["time"]["count"] == expected - (kind == "lose")
    assert len(theirs["mistakes"]) == bool(kind)
    told = [sample for kept in result["samples"].values() for sample in kept]
    told += [sample for error in result["errors"] for sample in error["samples"]]
    assert bool(told) == bool(kind)
    if kind in ("lose", "duplicate", "leak"):
        assert any(theirs["mistakes"][0]["id"] in sample["text"] for sample in told)
    assert {error["cause"] for error in result["errors"]} == (
        {"forbidden", "leak"} if kind == "leak" else set()
    )
    assert ("leak" in {reason["code"] for reason in result["reasons"]}) == (kind == "leak")


def test_a_mistake_that_is_none_is_refused() -> None:
    """With the ones that there are."""
    with DemoServer() as server, pytest.raises(HTTPError) as refusal:
        request = Request(server.http_url("/chat?mistake=forget"), headers=UPGRADE)
        urlopen(request, timeout=10)

    with refusal.value as answer:
        assert answer.code == 400
        assert b"lose, duplicate, leak, reorder" in answer.read()
