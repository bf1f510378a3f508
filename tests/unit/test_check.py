"""What a scenario means: what the golden texts do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsrun import source
from wsrun.check import all_mistakes, check_meaning, load_scenario
from wsrun.check.load import measured_connects, most_clients
from wsrun.check.scene import Scene
from wsrun.compiler import compile_plan
from wsrun.criteria import DEFAULT_CRITERIA
from wsrun.errors import ScenarioError
from wsrun.source import Document

HEAD = "wsrun: 1\ntarget: { url: demo:/echo }\n"
PING = 'messages: { ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } } }\n'
PHASES = "phases: [ { duration: 5s, clients: 1 } ]\n"


def read(text: str, path: str = "a.yaml", environ: dict[str, str] | None = None) -> Document:
    return source.examine(text, path, environ=environ or {})


def codes(text: str) -> list[str]:
    return [mistake.code for mistake in all_mistakes(read(text))]


def phases(*rows: str) -> Scene:
    lines = "".join(f"  - {row}\n" for row in rows)
    return Scene(read(f"{HEAD}{PING}clients: {{ a: {{}}, b: {{}} }}\nphases:\n{lines}"))


@pytest.mark.parametrize(
    ("rows", "most"),
    [
        (["{ clients: 10 }"], 20),
        (["{ clients: { a: 10 } }", "{ clients: { b: 5 } }"], 15),
        (["{ clients: { a: 10 } }", "{ clients: { a: 0, b: 5 } }"], 15),
        (["{ clients: { a: { from: 0, to: 30 } } }", "{ clients: { a: { from: 30, to: 5 } } }"], 30),
        (["{ clients: { a: many } }", "{ clients: 7 }"], 14),
        (["{ duration: 5s }"], 0),
    ],
)
def test_the_most_clients_at_a_time_are_known(rows: list[str], most: int) -> None:
    """Groups that a phase does not name stay; those that leave overlap with those that come."""
    assert most_clients(phases(*rows)) == most


@pytest.mark.parametrize(
    ("rows", "measured"),
    [
        (["{ duration: 5s, clients: 10 }"], [True]),
        (["{ duration: 5s, clients: 10, warm_up: true }", "{ duration: 5s }"], [False, False]),
        (["{ duration: 5s, clients: 10, warm_up: true }", "{ duration: 5s, clients: 20 }"], [False, True]),
        (["{ duration: 5s, clients: 10, warm_up: true }", "{ duration: 5s, clients: 5 }"], [False, False]),
        (["{ duration: 9s, clients: 10, connect_rate: 10/s, warm_up: 2s }"], [False]),
        (["{ duration: 9s, clients: 10, connect_rate: 10/s, warm_up: 1s }"], [True]),
        (["{ duration: 9s, clients: { a: { from: 0, to: 5 } }, connect_rate: 9/s, warm_up: 2s }"], [True]),
        (["{ duration: 9s, clients: 10, warm_up: 2s }"], [True]),
        (["{ duration: 9s, clients: many }", "{ duration: 9s }"], [True, True]),
    ],
)
def test_only_a_certain_lack_of_connects_is_one(rows: list[str], measured: list[bool]) -> None:
    """A phase counts as without connects when nobody comes, or all do before its warm-up ends."""
    assert measured_connects(phases(*rows)) == measured


def test_a_flow_that_connects_does_so_in_every_phase() -> None:
    """Connects are measured although all clients come in the warm-up, also where no criteria are written."""
    body = (
        f"{HEAD}{PING}profiles: {{ p: {{ flow: [ {{ repeat: [ {{ connect: main }} ], times: 2 }} ] }} }}\n"
        "phases: [ { duration: 5s, clients: 1, warm_up: true }, { duration: 5s } ]\n"
    )
    assert measured_connects(Scene(read(body))) == [True, True]
    assert [criterion.text for criterion in compile_plan(read(body)).criteria] == list(DEFAULT_CRITERIA)


def test_mistakes_are_sorted_and_complete() -> None:
    """Shape, meaning and environment are told together, in the order of the file, each once."""
    text = (
        'wsrun: 1\ntarget: { url: "${NOPE}" }\nmessages: { a: { text: "{{ b }}", c: 1 } }\n'
        "phases: [ { duration: 5 } ]\n"
    )
    assert codes(text) == ["unset-variable", "unknown-name", "unknown-key", "no-clients", "unit"]


def test_nothing_is_said_twice_of_one_value() -> None:
    """What is missing in the environment is not blamed for being no URL, nor a wrong type for its meaning."""
    assert codes(f'wsrun: 1\ntarget: {{ url: "${{NOPE}}" }}\n{PING}{PHASES}') == ["unset-variable"]
    assert codes(f"wsrun: 1\ntarget: {{ url: 5 }}\n{PING}{PHASES}") == ["wrong-type"]
    assert codes(f"{HEAD}{PING}phases: [ {{ duration: 5s, clients: {{ from: 1, too: 2 }} }} ]\n") == [
        "unknown-key"
    ]


def test_meaning_alone_can_be_checked() -> None:
    """A document of right shape gets the mistakes of its meaning."""
    document = read(f"{HEAD}{PING}profiles: {{ p: {{ mix: {{ pong: 1 }} }} }}\n{PHASES}")
    assert [mistake.code for mistake in check_meaning(document)] == ["unknown-message"]


def test_a_variable_may_be_written_anywhere() -> None:
    """``assign``, the capture of a reply and the capture of a step all write."""
    text = (
        f"{HEAD}messages:\n"
        '  a: { text: "{{ one }} {{ two }} {{ three }}", reply: { match: {}, capture: { two: text } } }\n'
        "profiles: { p: { start: [ { expect: {}, capture: { three: text } } ], mix: { a: 1 } } }\n"
        f"clients: {{ all: {{ assign: {{ one: 1 }} }} }}\n{PHASES}"
    )
    assert codes(text) == []


def test_the_defaults_have_names_that_criteria_may_use() -> None:
    """Without profiles, clients and phase names there are default, all, and phase-1."""
    labels = "round_trip(profile=default group=all phase=phase-1 message=ping).p95 < 1s"
    assert codes(f"{HEAD}{PING}{PHASES}criteria: [ {labels} ]\n") == []


@pytest.mark.parametrize(
    "url",
    [
        "ws://localhost",
        "ws://[::1]:8000/ws?a=b",
        "wss://chat.example:443/",
        "demo:",
        "demo:/chat?x=1",
        "demo2:/echo",
        "{{ server }}/ws",
        "ws://{{ host }}:80/",
        "ws://host/{{ client.index }}",
        "WS://HOST/",
    ],
)
def test_urls_that_may_be_right_are_taken(url: str) -> None:
    """Templates leave open what cannot be known before the run."""
    variables = "clients: { all: { assign: { server: a, host: b } } }\n"
    text = f"wsrun: 1\ntarget: {{ url: '{url}' }}\n{variables}{PHASES}"
    assert codes(text) == []


@pytest.mark.parametrize(
    "url",
    ["http://h/", "localhost", "localhost:80/x", "//h/x", "ftp://h/", "ws:/h", "ws://", "ws://h:x/", "ws://h:0/",
     "ws://h/ x", "ws://[::1/", "demo:echo", "demo2:echo", "/echo"],
)  # fmt: skip
def test_urls_that_cannot_be_right_are_refused(url: str) -> None:
    """Before any connection is tried."""
    assert codes(f"wsrun: 1\ntarget: {{ url: '{url}' }}\n{PHASES}") == ["url"]


def test_a_url_of_the_environment_is_never_shown() -> None:
    """It may hold a password; the message speaks of it without a letter of it."""
    text = f'wsrun: 1\ntarget: {{ url: "${{URL}}" }}\n{PHASES}'
    (mistake,) = all_mistakes(read(text, environ={"URL": "http://user:hunter2@host/"}))
    assert "hunter2" not in f"{mistake.message} {mistake.help}"


def test_files_are_looked_for_beside_the_scenario_and_never_outside(tmp_path: Path) -> None:
    """Links are followed before the place is judged; a link that stays inside is fine."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (folder / "inside.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(folder / "inside.csv")
    (folder / "leak.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "folder.csv").mkdir()
    scenario = folder / "a.yaml"
    outcomes = []
    absolute = str(tmp_path / "secret.csv")
    for name in ("inside.csv", "link.csv", "leak.csv", "../secret.csv", absolute, "folder.csv"):
        scenario.write_text(f"{HEAD}data: {{ d: {{ file: '{name}' }} }}\n{PHASES}")
        try:
            load_scenario(scenario, {})
            outcomes.append("taken")
        except ScenarioError as error:
            outcomes.append(error.diagnostics[0].message.rpartition("' ")[2])
    assert outcomes == [
        "taken",
        "taken",
        "lies outside the scenario's folder",
        "lies outside the scenario's folder",
        "lies outside the scenario's folder",
        "is not a file",
    ]


def test_a_body_of_more_than_a_mebibyte_is_refused(tmp_path: Path) -> None:
    """A file is sent whole, each time."""
    (tmp_path / "large.bin").write_bytes(bytes((1 << 20) + 1))
    scenario = tmp_path / "a.yaml"
    scenario.write_text(f"{HEAD}messages: {{ a: {{ file: large.bin }} }}\n{PHASES}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, {})
    assert [mistake.code for mistake in caught.value.diagnostics] == ["too-large"]


def test_overrides_are_checked_like_the_file(tmp_path: Path) -> None:
    """A wrong value of an option is told after those of the file."""
    scenario = tmp_path / "a.yaml"
    scenario.write_text(HEAD + PING + PHASES)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, {}, [("phases.0.warm_up", "1m"), ("colour", "blue")])
    assert [(m.code, m.location.path) for m in caught.value.diagnostics] == [
        ("out-of-range", "--set"),
        ("unknown-key", "--set"),
    ]
    assert load_scenario(scenario, {}, [("phases.0.clients", "9")]).data["phases"][0]["clients"] == 9
