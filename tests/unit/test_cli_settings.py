"""A plan written as a scenario is that scenario, with every default."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun import source
from wsrun.check import load_scenario
from wsrun.cli.settings import MASK, settings
from wsrun.cli.yaml_writer import as_yaml
from wsrun.compiler import compile_plan
from wsrun.diagnostics import Location
from wsrun.plan import PhasePlan, Plan

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

DENSE = r"""
wsrun: 1
name: "dense: all of it"
description: "Two lines,\nwith a # and 'quotes'."
seed: 18446744073709551615
interval: 500ms
drain: 1m30s
target:
  url: ws://127.0.0.1:9/a?room={{ client.index }}
  headers: { X-Trace: "{{ uuid() }}", Accept-Language: "on" }
  subprotocols: [ chat, v2.chat ]
  compression: none
  max_message: 1536KiB
  connect_timeout: 2500ms
data:
  people: { file: people.csv, take: random, per: message }
messages:
  hello: { text: "42[\"hi\",{{ seq }}]", kind: event }
  raw: { hex: "00 ff {{ seq | u32 }}", frame: text }
  ask:
    json: { id: "{{ id }}", who: "{{ people.name }}", list: [ 1, 2.5, null, true, "yes", "1:30" ] }
    reply:
      match: [ { $.id: "{{ id }}" }, { '/^(\d+)/': "{{ seq }}" } ]
      until: { $.done: true }
      expect: { $.n: { min: 1, max: 5 } }
      error: { $.error: { exists: true } }
      capture: { last: $.n }
      timeout: 750ms
profiles:
  busy:
    start:
      - { send: [ hello, ask ], times: 2, wait: false }
      - { expect: { $.type: welcome }, count: 2, timeout: 3s }
    mix: { ask: 0.25, hello: 3 }
    think: { lognormal: { median: 2s, p95: 9s } }
    end: [ { think: { uniform: [ 10ms, 20ms ] } }, { send: hello } ]
  listener: {}
clients:
  left: { profiles: { busy: 0.7, listener: 0.3 }, assign: { room: "r{{ client.index % 5 }}", n: 3 } }
  right: { profiles: { busy: 1 }, tolerate: { refusals: [ 429, 503 ], closes: [ 1001 ] } }
phases:
  - { duration: 10s, clients: { left: { from: 0, to: 40 }, right: 5 }, warm_up: true, connect_rate: 1/300ms }
  - duration: 20s
    rate: { left: { from: 1/s, to: 9/s, step: 2/s, every: 3s } }
    poisson: true
    warm_up: 2s
  - name: end
    duration: 5s
    bursts: { right: { every: 2s, length: 500ms, rate: 20/m } }
    mix: { busy: { ask: 1 } }
    profiles: { listener: 1, busy: 3 }
    clients: { left: 10 }
    handshakes: 7
contracts: [ { where: { $.type: said }, schema: said.json, share: 12.5% }, { asyncapi: api.yaml } ]
criteria:
  - round_trip(message=ask group=left).p99.9 < 250ms
  - { check: errors.ratio < 5%, good: errors.ratio < 1%, severity: warning, because: "it is, so" }
  - { check: round_trip.p95 < 1s, abort: { after: 2s, over: 3s, for: 1s } }
"""


def again(plan: Plan, data: dict[str, Any], folder: Path) -> Plan:
    """Write a plan's settings to a file and compile that."""
    path = folder / "again.yaml"
    path.write_text(as_yaml(settings(plan, data)), encoding="utf-8")
    return compile_plan(load_scenario(path, {}))


def bare(plan: Plan) -> Plan:
    """Take away what belongs to the file and not to its meaning, and the secret that settings mask."""
    nowhere = Location("", 0, 0)
    criteria = tuple(dataclasses.replace(criterion, location=nowhere) for criterion in plan.criteria)
    jwt = None if plan.jwt is None else dataclasses.replace(plan.jwt, key="")
    phases = tuple(_without_places(phase, nowhere) for phase in plan.phases)
    plan = dataclasses.replace(plan, criteria=criteria, phases=phases)
    return dataclasses.replace(plan, path="", source="", digest="", jwt=jwt)


def _without_places(phase: PhasePlan, nowhere: Location) -> PhasePlan:
    """The conditions of a search know where they stand too."""
    if phase.search is None:
        return phase
    such_that, degraded = (
        tuple(dataclasses.replace(condition, location=nowhere) for condition in conditions)
        for conditions in (phase.search.such_that, phase.search.degraded)
    )
    search = dataclasses.replace(phase.search, such_that=such_that, degraded=degraded)
    return dataclasses.replace(phase, search=search)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_settings_of_a_scenario_compile_to_the_same_plan(path: Path, tmp_path: Path) -> None:
    """For every scenario that is shipped."""
    shutil.copytree(path.parent / "data", tmp_path / "data")
    document = load_scenario(path, {})
    plan = compile_plan(document)
    shutil.copytree(path.parent / "schemas", tmp_path / "schemas")
    assert bare(plan) == bare(again(plan, document.data, tmp_path))


def test_settings_keep_everything_that_a_scenario_can_say(tmp_path: Path) -> None:
    """Also where every key is used, and texts need quotes."""
    (tmp_path / "people.csv").write_text("name\nada\nbob\n")
    (tmp_path / "said.json").write_text('{ "required": [ "text" ] }')
    (tmp_path / "api.yaml").write_text(
        "asyncapi: 3.0.0\nchannels: { a: { messages: { said: { payload: {} } } } }"
    )
    path = tmp_path / "dense.yaml"
    path.write_text(DENSE)
    document = load_scenario(path, {})
    plan = compile_plan(document)
    assert bare(plan) == bare(again(plan, document.data, tmp_path))


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither the key of tokens nor what a header says who is asking."""
    path = tmp_path / "secret.yaml"
    path.write_text(
        "wsrun: 1\n"
        'target: { url: "ws://h/?t={{ token }}", headers: { Authorization: hush, Cookie: hush } }\n'
        "auth: { jwt: { secret: hush, claims: { sub: me } } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    document = load_scenario(path, {})
    text = as_yaml(settings(compile_plan(document), document.data))
    assert "hush" not in text
    assert text.count(MASK) == 3


keys = st.text("aZ09 :#-_.$[{", max_size=8)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["json", "a b", "$.x", "1"]), json_values, min_size=1))
def test_what_is_written_as_yaml_reads_back(data: dict[str, Any]) -> None:
    """Texts that look like numbers, with colons or control characters, nested lists, empty ones: all."""
    read = source.parse(as_yaml({"top": data}), "x.yaml", environ={}).data
    assert json.dumps(read) == json.dumps({"top": data})
