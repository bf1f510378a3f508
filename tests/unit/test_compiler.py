"""Compiling a scenario: every default of the language, every unit, every name to its index."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest
from compiled import FIVE_LINES, HEAD, PHASES, REPLY, compiled, with_target

from wsrun.compiler import compile_plan
from wsrun.plan import (
    GroupPlan,
    Level,
    ProfilePlan,
    TargetPlan,
    TlsPlan,
)
from wsrun.plan_steps import ExpectStep, PausePlan, SendStep, ThinkStep
from wsrun.source import parse


def profile(text: str) -> ProfilePlan:
    messages = f"messages: {{ a: {{ text: a }}, b: {{ text: b, {REPLY} }}, c: {{ text: c }} }}\n"
    return compiled(HEAD + messages + f"profiles: {{ p: {text} }}\n" + PHASES).profiles[0]


# The run


def test_five_lines_have_a_default_for_everything() -> None:
    """Target, one message and one phase are a whole plan."""
    plan = compiled(FIVE_LINES)

    assert (plan.name, plan.description, plan.path) == ("spike", None, "spike.yaml")
    assert (plan.interval, plan.drain, plan.jwt, plan.data) == (1.0, 5.0, None, ())
    assert (plan.source, plan.digest) == (FIVE_LINES, hashlib.sha256(FIVE_LINES.encode()).hexdigest()[:12])
    assert plan.target == TargetPlan(
        url="ws://h/",
        headers=(),
        subprotocols=(),
        compression="none",
        max_message=1024 * 1024,
        tls=TlsPlan(ca=None, cert=None, key=None, server_name=None, verify=True),
        connect_timeout=10.0,
        close_timeout=5.0,
        wait_until_ready=0.0,
    )
    assert plan.profiles == (
        ProfilePlan(
            index=0, name="default", mix=((0, 1.0),), think=PausePlan(kind="fixed", values=(1.0,)), start=()
        ),
    )
    assert plan.groups == (GroupPlan(index=0, name="all", profiles=((0, 1.0),), assign=()),)
    (phase,) = plan.phases
    assert (phase.index, phase.name, phase.start, phase.duration, phase.end) == (0, "phase-1", 0, 10.0, 10.0)
    assert phase.clients == {0: Level(start=2.0, end=2.0)}
    assert (phase.warm_up, phase.connect_rate, phase.handshakes, phase.poisson) == (0.0, None, 100, False)
    assert (phase.rate, phase.bursts, phase.mix, phase.profiles) == ({}, {}, {}, ())
    assert [criterion.text for criterion in plan.criteria] == ["connect.success == 100%", "errors == 0"]


def test_what_is_written_goes_before_the_defaults() -> None:
    """Name, description, interval, drain and seed are the scenario's."""
    plan = compile_plan(
        parse(FIVE_LINES + "name: n\ndescription: d\ninterval: 250ms\ndrain: 1m\nseed: 7\n", "x", environ={})
    )

    assert (plan.name, plan.description, plan.interval, plan.drain, plan.seed) == ("n", "d", 0.25, 60.0, 7)


def test_a_seed_is_drawn_unless_the_scenario_or_the_caller_names_one() -> None:
    """The caller's goes first, zero included; two drawn ones differ."""
    document = parse(FIVE_LINES + "seed: 7\n", "x.yaml", environ={})
    drawn = {compile_plan(parse(FIVE_LINES, "x.yaml", environ={})).seed for _ in range(5)}

    assert compile_plan(document, seed=0).seed == 0
    assert compile_plan(document).seed == 7
    assert len(drawn) > 1 and all(0 <= seed < 2**32 for seed in drawn)


def test_another_target_replaces_the_url_alone() -> None:
    """``target`` is the URL; everything else of the scenario's target stays."""
    text = FIVE_LINES.replace("ws://h/", "ws://h/, close_timeout: 1s")

    assert compiled(text, target="ws://other/").target == TargetPlan(url="ws://other/", close_timeout=1.0)


@pytest.mark.parametrize(
    ("messages", "drain"),
    [
        (f"a: {{ text: a, {REPLY} }}", 5.0),
        ("a: { text: a }", 5.0),
        ("a: { text: a, reply: { match: {}, timeout: 3s } }", 3.0),
        (
            "a: { text: a, reply: { match: {}, timeout: 3s } },"
            " b: { text: b, reply: { match: {}, timeout: 9s } }",
            9.0,
        ),
    ],
)
def test_the_drain_is_as_long_as_the_longest_timeout(messages: str, drain: float) -> None:
    """So that a message sent at the very end has all its time; 5 s where nobody waits."""
    assert compiled(HEAD + f"messages: {{ {messages} }}\n" + PHASES).drain == drain


def test_only_timeouts_in_use_lengthen_the_drain() -> None:
    """A message that nobody sends does not count; steps, mixes of phases and expectations do."""
    messages = (
        "messages: { a: { text: a, reply: { match: {}, timeout: 2s } },"
        " b: { text: b, reply: { match: {}, timeout: 1m } } }\n"
    )

    def drain(profile: str, phase: str = "") -> float:
        text = f"profiles: {{ p: {profile} }}\nphases: [ {{ duration: 1s, clients: 1{phase} }} ]\n"
        return compiled(HEAD + messages + text).drain

    assert drain("{ mix: { a: 1 } }") == 2.0
    assert drain("{ mix: { a: 1, b: 0 } }") == 2.0
    assert drain("{ mix: { a: 1 }, start: [ { send: b } ] }") == 60.0
    assert drain("{ mix: { a: 1 }, end: [ { send: [ a, b ] } ] }") == 60.0
    assert drain("{ mix: { a: 1 } }", ", mix: { p: { b: 1 } }") == 60.0
    assert drain("{ start: [ { expect: {}, timeout: 7s } ] }") == 7.0


# The target


def test_a_target_in_full() -> None:
    """Sizes and durations are numbers; headers keep their order and become text."""
    target = with_target(
        "{ url: ws://h/, headers: { B: x, A: 1 }, subprotocols: [ v2, v1 ], compression: deflate,"
        " max_message: 64KiB, connect_timeout: 250ms, close_timeout: 1s, wait_until_ready: 1m30s }"
    )

    assert target.headers == (("B", "x"), ("A", "1"))
    assert target.subprotocols == ("v2", "v1")
    assert (target.compression, target.max_message) == ("deflate", 65536)
    assert (target.connect_timeout, target.close_timeout, target.wait_until_ready) == (0.25, 1.0, 90.0)


def test_files_of_tls_start_at_the_scenario_and_are_absolute(tmp_path: Path) -> None:
    """Whatever the working directory of a worker is; an absolute path stays."""
    tls = with_target(
        "{ url: wss://h/,"
        " tls: { ca: ca.pem, cert: ../c.pem, key: /etc/k.pem, server_name: s, verify: false } }",
        path=str(tmp_path / "spike.yaml"),
    ).tls

    assert tls == TlsPlan(
        ca=str(tmp_path / "ca.pem"),
        cert=str(tmp_path / "../c.pem"),
        key="/etc/k.pem",
        server_name="s",
        verify=False,
    )


def test_a_relative_scenario_gives_absolute_paths_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of the scenario is as the user gave it, its files are absolute."""
    monkeypatch.chdir(tmp_path)
    plan = compiled(FIVE_LINES.replace("ws://h/", "wss://h/, tls: { ca: ca.pem }"), path="folder/spike.yaml")

    assert plan.path == "folder/spike.yaml"
    assert plan.target.tls.ca == str(tmp_path / "folder" / "ca.pem")


def test_a_token_has_defaults_but_for_its_key(tmp_path: Path) -> None:
    """HS256, no claims, an hour; the key is a secret as written or the content of a file."""
    (tmp_path / "key.pem").write_text("PEM\n")
    plan = compiled(FIVE_LINES + "auth: { jwt: { secret: s } }\n")
    from_file = compiled(
        FIVE_LINES + "auth: { jwt: { key: key.pem, algorithm: ES256, claims: { sub: x }, lifetime: 5m } }\n",
        path=str(tmp_path / "s.yaml"),
    )

    assert plan.jwt is not None and from_file.jwt is not None
    assert (plan.jwt.key, plan.jwt.algorithm, plan.jwt.claims, plan.jwt.lifetime) == ("s", "HS256", {}, 3600)
    assert (from_file.jwt.key, from_file.jwt.algorithm) == ("PEM\n", "ES256")
    assert (from_file.jwt.claims, from_file.jwt.lifetime) == ({"sub": "x"}, 300.0)


def test_data_are_read_once_with_their_manner_of_taking(tmp_path: Path) -> None:
    """Rows come from the scenario's folder; in cycles and per client unless said."""
    (tmp_path / "users.csv").write_text("name,room\nann,1\nbob,2\n")
    plan = compiled(
        FIVE_LINES + "data: { u: { file: users.csv }, v: { file: users.csv, take: random, per: message } }\n",
        path=str(tmp_path / "s.yaml"),
    )

    assert [(data.name, data.take, data.per) for data in plan.data] == [
        ("u", "cycle", "client"),
        ("v", "random", "message"),
    ]
    assert plan.data[0].rows == ({"name": "ann", "room": "1"}, {"name": "bob", "room": "2"})


# Messages


@pytest.mark.parametrize(
    ("body", "kind", "source", "frame"),
    [
        ("json: { a: [ 1, null ] }", "json", {"a": [1, None]}, "text"),
        ("text: hi", "text", "hi", "text"),
        ("hex: 'c0 00'", "hex", "c0 00", "binary"),
        ("file: body.bin", "file", b"\x00\xff", "binary"),
        ("text: hi, frame: binary", "text", "hi", "binary"),
        ("hex: '6869', frame: text", "hex", "6869", "text"),
    ],
)
def test_a_body_says_its_frame_unless_the_message_does(
    body: str, kind: str, source: Any, frame: str, tmp_path: Path
) -> None:
    """JSON and text are text frames, hex and files binary ones; a file is read as bytes."""
    (tmp_path / "body.bin").write_bytes(b"\x00\xff")
    text = HEAD + f"messages: {{ m: {{ {body} }} }}\n" + PHASES
    (message,) = compiled(text, path=str(tmp_path / "s.yaml")).messages

    assert (message.body.kind, message.body.source, message.frame) == (kind, source, frame)
    assert (message.index, message.name, message.kind, message.priority) == (0, "m", None, "normal")
    assert message.reply is None


def test_a_reply_waits_five_seconds_and_asks_for_nothing_more() -> None:
    """Only ``match`` must be given."""
    plan = compiled(HEAD + f"messages: {{ m: {{ text: hi, {REPLY} }} }}\n" + PHASES)
    reply = plan.messages[0].reply

    assert reply is not None
    assert (reply.match, reply.timeout, reply.capture) == ({"$.id": 1}, 5.0, ())
    assert (reply.until, reply.expect, reply.error) == (None, None, None)


def test_a_message_in_full() -> None:
    """Labels, patterns, captures and the timeout are all in the plan."""
    plan = compiled(
        HEAD + "messages: { m: { text: hi, kind: query, priority: high,"
        " reply: { match: { $.a: 1 }, until: { $.b: 1 },"
        " expect: { $.c: 1 }, error: { $.d: 1 }, capture: { x: $.x, y: /y(.)/ }, timeout: 250ms } } }\n"
        + PHASES
    )
    message = plan.messages[0]

    assert (message.kind, message.priority) == ("query", "high")
    assert message.reply is not None
    assert (message.reply.until, message.reply.expect, message.reply.error) == (
        {"$.b": 1},
        {"$.c": 1},
        {"$.d": 1},
    )
    assert message.reply.capture == (("x", "$.x"), ("y", "/y(.)/"))
    assert message.reply.timeout == 0.25


# Profiles and groups


def test_without_profiles_everybody_sends_every_message_alike() -> None:
    """One profile with all messages, in the order of the scenario."""
    plan = compiled(HEAD + "messages: { a: { text: a }, b: { text: b } }\n" + PHASES)

    assert plan.profiles[0].mix == ((0, 1.0), (1, 1.0))


def test_a_profile_without_a_mix_listens() -> None:
    """Also when nothing at all stands behind its name."""
    assert profile("{}").mix == ()
    assert compiled(FIVE_LINES + "profiles: { p: }\n").profiles[0].mix == ()


def test_a_mix_names_messages_by_index_and_leaves_zeros_out() -> None:
    """Weights are relative numbers."""
    assert profile("{ mix: { c: 2, a: 0.5, b: 0 } }").mix == ((2, 2.0), (0, 0.5))


@pytest.mark.parametrize(
    ("think", "kind", "values"),
    [
        ("2s", "fixed", (2.0,)),
        ("{ uniform: [ 1s, 1m ] }", "uniform", (1.0, 60.0)),
        ("{ exponential: 250ms }", "exponential", (0.25,)),
        ("{ lognormal: { median: 1s, p95: 5s } }", "lognormal", (1.0, 5.0)),
    ],
)
def test_pauses_of_every_kind(think: str, kind: str, values: tuple[float, ...]) -> None:
    """In the body of a profile and as a step."""
    pause = PausePlan(kind=kind, values=values)  # type: ignore[arg-type]

    assert profile(f"{{ think: {think} }}").think == pause
    assert profile(f"{{ start: [ {{ think: {think} }} ] }}").start == (ThinkStep(pause=pause),)


def test_steps_have_defaults() -> None:
    """A send once, awaited; one frame expected within 5 s, not optional."""
    found = profile("{ start: [ { send: b }, { expect: { $.x: 1 } } ], end: [ { send: [ a, c ] } ] }")

    assert found.start == (
        SendStep(messages=(1,), times=1, wait=True),
        ExpectStep(pattern={"$.x": 1}, count=1, timeout=5.0, capture=(), optional=False),
    )
    assert found.end == (SendStep(messages=(0, 2), times=1, wait=True),)


def test_steps_in_full() -> None:
    """Everything that a step may say."""
    found = profile(
        "{ start: [ { send: a, times: 3, wait: false },"
        " { expect: {}, count: 2, timeout: 100ms, capture: { v: $.v }, optional: true } ] }"
    )

    assert found.start == (
        SendStep(messages=(0,), times=3, wait=False),
        ExpectStep(pattern={}, count=2, timeout=0.1, capture=(("v", "$.v"),), optional=True),
    )


def test_messages_in_place_come_after_the_named_ones_and_in_no_mix() -> None:
    """Each has a name of its own, also where somebody has taken it; the default mix is of named ones."""
    plan = compiled(
        HEAD
        + "messages: { inline-2: { text: a } }\n"
        + "profiles: { p: { start: [ { send: { text: x } }, { send: [ inline-2, { hex: ff } ] } ] } }\n"
        + PHASES
    )

    assert [message.name for message in plan.messages] == ["inline-2", "inline-3", "inline-4"]
    assert [step.messages for step in plan.profiles[0].start if isinstance(step, SendStep)] == [(1,), (0, 2)]
    assert [message.frame for message in plan.messages] == ["text", "text", "binary"]


def test_groups_in_full() -> None:
    """Weights by index of profile, variables in order, what is tolerated as sets."""
    plan = compiled(
        FIVE_LINES.replace("clients: 2", "clients: { a: 1, b: 2 }")
        + "profiles: { p: {}, q: {}, r: {} }\n"
        + "clients:\n"
        + "  a: { profiles: { r: 0.7, p: 0.3, q: 0 }, assign: { x: '{{ seq }}', y: [ 1 ] },"
        " tolerate: { refusals: [ 429, 503 ], closes: [ 1001 ] } }\n" + "  b:\n"
    )
    first, second = plan.groups

    assert first.profiles == ((2, 0.7), (0, 0.3))
    assert first.assign == (("x", "{{ seq }}"), ("y", [1]))
    assert (first.tolerate_refusals, first.tolerate_closes) == (frozenset({429, 503}), frozenset({1001}))
    assert second == GroupPlan(index=1, name="b", profiles=((0, 1.0),))


# The plan as a value


def test_a_plan_travels_between_processes_as_it_is() -> None:
    """Workers get it pickled."""
    plan = compiled(FIVE_LINES + "profiles: { p: { mix: { ping: 1 }, think: { exponential: 1s } } }\n")

    assert pickle.loads(pickle.dumps(plan)) == plan


def test_the_same_scenario_compiles_to_the_same_plan() -> None:
    """Nothing but the seed is drawn."""
    assert compiled(FIVE_LINES) == compiled(FIVE_LINES)
