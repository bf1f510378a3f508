"""Contracts over real sockets and real workers: counted, named, shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import options_in, validate_result

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run
from wsrun.demo.process import DemoServer
from wsrun.outputs import write_all
from wsrun.source import parse

SCENARIO = """
messages:
  subscribe:
    json: { op: subscribe, id: "{{ id }}", symbols: [ ACME ] }
    reply: { match: { $.id: "{{ id }}" } }
profiles: { reader: { start: [ { send: subscribe } ] } }
contracts: [ { where: { $.op: tick }, schema: tick.schema.json } ]
phases: [ { duration: 1500ms, clients: 4 } ]
criteria: [ contract.violations(message=tick) == 0 ]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


@pytest.mark.parametrize(
    ("least", "met"), [(0, True), (1_000_000, False)], ids=["a schema that holds", "one that does not"]
)
def test_ticks_are_held_against_their_schema(
    server: DemoServer, tmp_path: Path, least: int, met: bool
) -> None:
    """Every tick is checked, in two workers, and all of them or none break it."""
    schema = {"required": ["symbol"], "properties": {"price": {"exclusiveMinimum": least}}}
    (tmp_path / "tick.schema.json").write_text(json.dumps(schema))
    text = f"wsrun: 1\ntarget: {{ url: '{server.url('/prices')}' }}\n{SCENARIO}"
    plan = compile_plan(parse(text, str(tmp_path / "scenario.yaml"), environ={}), seed=1)
    result = run(plan, options_in(tmp_path, workers=2), lambda progress: None)
    write_all(result, tmp_path)

    validate_result(result)
    (contract,) = result["contracts"]
    assert contract["checked"] == result["message_metrics"]["messages_received"] - 4 > 0
    assert contract["violations"] == ({} if met else {"tick": contract["checked"]})
    (criterion,) = result["criteria"]
    assert criterion["status"] == ("met" if met else "missed")
    told = [sample["text"] for error in result["errors"] for sample in error["samples"]]
    assert all(text.startswith("tick: $.price must be more than 1000000, and is ") for text in told)
    assert bool(told) is not met
    assert f"of {contract['checked']} checked" in (tmp_path / "report.html").read_text()
