"""Several sockets a client, where people look: the plan, the result, the report, the way to the target."""

from __future__ import annotations

import copy
import dataclasses
import json
from contextlib import ExitStack
from typing import Any

import jsonschema
import pytest
from tests.synthetic import load

from wsrun import resources
from wsrun.cli.settings import settings
from wsrun.compiler import compile_plan
from wsrun.coordinator import target as module
from wsrun.coordinator.target import find_target
from wsrun.criteria import parse as parse_criterion
from wsrun.estimate import CLIENT_MEMORY, CONNECTION_MEMORY, estimate
from wsrun.measure import measure
from wsrun.metrics.snapshot import Snapshot, series
from wsrun.metrics.store import stored
from wsrun.outputs.html import render_html
from wsrun.plan import Plan
from wsrun.result.secrets import Secrets
from wsrun.result.sockets import sockets
from wsrun.source import parse
from wsrun.view import build_view

TEXT = """
wsrun: 1
target:
  url: "ws://h/main?key=abc"
  headers: { X-Key: "main-secret-value" }
  sockets:
    feed: { url: "wss://ann:feed-password@f:9/x", close_timeout: 9s, headers: { X-Key: feed-secret-value } }
    bell: { proxy: "http://ben:bell-password@p:3128" }
messages: { hi: { text: hi, socket: feed } }
profiles:
  two: { start: [ { connect: main }, { connect: feed }, { connect: bell, refused: { status: 429 } } ] }
  one: { mix: { hi: 1 } }
clients: { all: { profiles: { two: 1, one: 1 } } }
phases: [ { duration: 10s, clients: 10 }, { duration: 10s, clients: 20 } ]
"""


def planned() -> Plan:
    """Compile it."""
    return compile_plan(parse(TEXT, "test.yaml", environ={}), seed=1)


def test_what_a_socket_does_not_say_is_as_in_the_target() -> None:
    """Key by key; a URL that is given on the command line is main's, and of those that have none."""
    plan = planned()
    assert [target.name for target in plan.targets] == ["main", "feed", "bell"]
    assert plan.sockets[1].url == plan.target.url
    assert plan.sockets[1].headers == plan.target.headers
    assert plan.close_timeout == 9.0
    other = compile_plan(parse(TEXT, "test.yaml", environ={}), seed=1, target="ws://other/")
    assert [target.url for target in other.targets] == [
        "ws://other/",
        "wss://ann:feed-password@f:9/x",
        "ws://other/",
    ]


def test_a_plan_counts_connections_and_clients_apart() -> None:
    """Half of the clients have two, and a connect that must be refused is none."""
    found = estimate(planned())
    assert found.clients_most == 20
    assert found.connections_most == found.descriptors == 30
    assert found.memory == 20 * CLIENT_MEMORY + 10 * CONNECTION_MEMORY


def test_settings_hide_the_password_of_a_proxy() -> None:
    """What they write compiles, and says nothing that nobody may read."""
    data = parse(TEXT, "test.yaml", environ={}).data
    written = settings(planned(), data)
    assert written["target"]["sockets"]["bell"]["proxy"] == "http://***@p:3128"
    assert written["messages"]["hi"]["socket"] == "feed"


def test_the_secrets_of_every_socket_are_kept() -> None:
    """In headers, URLs and proxies."""
    secrets = Secrets(planned())
    words = ("main-secret-value", "feed-secret-value", "feed-password", "bell-password")
    for word in words:
        assert word not in secrets.hidden(f"it said {word}")
        assert word not in secrets.source()


def counted(plan: Plan, name: str, socket: str, number: int) -> Snapshot:
    """Return a snapshot with one counter of a socket."""
    key = series(name, socket=socket, phase=plan.phases[0].name)
    return Snapshot(worker=0, index=0, start=0.0, end=20.0, counters={key: number})


def test_results_count_each_socket() -> None:
    """Main first; where it is the only one, there is nothing to tell apart."""
    plan = planned()
    store = stored([counted(plan, "messages.sent", "feed", 7), counted(plan, "messages.sent", "main", 2)])
    rows = sockets(plan, store, is_demo=False)
    assert [(row["name"], row["sent"]) for row in rows] == [("main", 2), ("feed", 7), ("bell", 0)]
    assert rows[1]["url"] == "wss://***@f:9/x"
    assert sockets(dataclasses.replace(plan, sockets=()), store, is_demo=False) == []


def test_criteria_select_a_socket_and_main_is_all_where_it_is_alone() -> None:
    """The label says the same of plans with one socket and with several."""
    plan = planned()
    store = stored([counted(plan, "messages.sent", "feed", 7), counted(plan, "messages.sent", "main", 2)])
    of_feed = parse_criterion("messages.sent(socket=feed) > 0").metric
    of_main = parse_criterion("messages.sent(socket=main) > 0").metric
    assert measure(of_feed, store, plan).value == 7
    assert measure(of_main, store, plan).value == 2
    alone = stored(
        [
            Snapshot(
                worker=0, index=0, start=0.0, end=20.0, counters={series("messages.sent", phase="phase-1"): 5}
            )
        ]
    )
    assert measure(of_main, alone, dataclasses.replace(plan, sockets=())).value == 5


def test_the_report_has_a_row_for_each_socket() -> None:
    """And no table where there is one socket, or a result of before."""
    result: dict[str, Any] = copy.deepcopy(load("pass"))
    result.pop("sockets", None)
    assert build_view(result).sockets == ()
    plan = planned()
    result["sockets"] = sockets(plan, stored([counted(plan, "messages.sent", "feed", 1234)]), is_demo=False)
    jsonschema.Draft202012Validator(json.loads(resources.schema("result"))).validate(result)
    rows = build_view(result).sockets
    assert [row.name for row in rows] == ["main", "feed", "bell"]
    assert "1\u202f234" in rows[1].cells
    page = render_html(build_view(result), charts=False)
    assert "By socket" in page
    assert "wss://***@f:9/x" in page


def test_every_socket_is_knocked_at_and_a_proxy_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trouble of any is the trouble of the run; the addresses are main's."""
    seen: list[tuple[str, int]] = []

    def answer(host: str, port: int) -> tuple[tuple[str, ...], str | None]:
        seen.append((host, port))
        return (("127.0.0.1",), None) if host != "p" else ((), "p has no address")

    monkeypatch.setattr(module, "_knock_once", answer)
    with ExitStack() as stack:
        destination = find_target(planned(), stack, lambda: True)
    assert seen == [("h", 80), ("f", 9), ("p", 3128)]
    assert destination.addresses == ("127.0.0.1",)
    assert destination.trouble == "p has no address"
    assert not destination.is_local
