"""Python of a scenario's author: only where it is allowed, and every mistake of it a failed step."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from performing import causes, perform, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.errors import ScenarioError
from wsrun.extensions import ExtensionError, ExtensionPlan, load
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "extensions"
GUIDE = Path(__file__).parents[2] / "docs" / "extensions.md"

MODULE = """
import asyncio

class Makers:
    @staticmethod
    def static(client):
        return f"{client.id} {client.index} {client.group} {client.profile} {client.seq}"

def text(client):
    return "text é"

def raw(client):
    return b"\\x00\\xff"

def listed(client):
    return [client.message_id, client.variables.get("room"), dict(client.data)]

def wrong(client):
    return {1, 2}

def broken(client):
    value = {}
    return value["nothing"]

def leaving(client):
    raise SystemExit(3)

def writing(client):
    client.variables["x"] = 1

async def setting(client, value, more=0):
    await asyncio.sleep(0.05)
    return {"room": value + more}

def setting_at_once(client):
    return {"room": "now"}

def nothing(client):
    return None

def number(client):
    return 5

async def slow(client):
    await asyncio.sleep(10)

async def cancelled(client):
    raise asyncio.CancelledError

async def timed_out(client):
    raise TimeoutError("mine")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a module, which no other test sees."""
    (tmp_path / "own_module.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("own_module", None)
    sys.path[:] = [path for path in sys.path if path != str(tmp_path)]


def run(folder: Path, name: str, body: str, flow: str) -> tuple[list[Snapshot], list[bytes]]:
    """Let one client go through a flow once a second, and return what it sent."""
    path = folder / "scenario.yaml"
    path.write_text(
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n"
        f"extensions: {{ it: 'own_module:{name}' }}\n"
        f"messages: {{ one: {{ {body} }}, room: {{ text: 'room {{{{ room }}}}' }} }}\n"
        f"profiles: {{ p: {{ flow: [ {flow}, {{ think: 700ms }} ] }} }}\n"
        "clients: { g: { assign: { room: lobby } } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    plan = compile_plan(load_scenario(path, {}, allow_python=True), seed=1)
    transport = FakeTransport(lambda connection, payload: None)
    return perform(plan, transport), [payload for one in transport.connections for _, payload in one.sent]


@pytest.mark.parametrize(
    ("name", "body", "sent"),
    [
        ("text", "python: it", "text é".encode()),
        ("raw", "python: it, frame: binary", b"\x00\xff"),
        ("Makers.static", "python: it", b"g/0000 0 g p 1"),
    ],
)
def test_an_extension_makes_a_body(folder: Path, name: str, body: str, sent: bytes) -> None:
    """Text and bytes as they are; an object within an object is found too."""
    snapshots, came = run(folder, name, body, "{ send: one }")

    assert came[0] == sent
    assert causes(snapshots) == {}


def test_anything_else_is_sent_as_json(folder: Path) -> None:
    """With what the extension sees of its client: the id is that of this message."""
    _, came = run(folder, "listed", "python: it", "{ send: one }")

    identity, room, data = json.loads(came[0])
    assert (len(identity), room, data) == (20, "lobby", {})


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("broken", "python: it", r"one: it: KeyError: 'nothing' \(own_module.py, line 23\)"),
        ("leaving", "python: it", r"one: it: SystemExit: 3 \(own_module.py, line 26\)"),
        ("wrong", "python: it", "one: it: it returned a set, which is no text, bytes or JSON"),
        ("raw", "python: it", "one: it: it returned bytes, and the frame is text: write frame: binary"),
        ("writing", "python: it", r"one: it: TypeError: 'mappingproxy' object .* \(own_module.py, line 29\)"),
    ],
)
def test_a_body_that_cannot_be_made_is_an_error_with_its_line(
    folder: Path, name: str, body: str, says: str
) -> None:
    """Nothing is sent, and the run goes on."""
    snapshots, came = run(folder, name, body, "{ send: one }")

    assert came == []
    assert set(causes(snapshots)) == {"python-failed"}
    assert re.fullmatch(says, sentences(snapshots)[0])


@pytest.mark.parametrize(
    ("name", "call", "room"),
    [
        ("setting", "call: it, with: { value: 'r{{ client.index }}', more: x }, timeout: 1s", b"room r0x"),
        ("setting_at_once", "call: it", b"room now"),
        ("nothing", "call: it", b"room lobby"),
    ],
)
def test_what_a_call_returns_is_written_to_variables(folder: Path, name: str, call: str, room: bytes) -> None:
    """An async function is awaited; None writes nothing."""
    snapshots, came = run(folder, name, "text: x", f"{{ {call} }}, {{ send: room }}")

    assert came[0] == room
    assert causes(snapshots) == {}
    assert stored(snapshots).counter("call.made") == len(came)


@pytest.mark.parametrize(
    ("name", "cause", "says"),
    [
        ("broken", "call-failed", r"it: KeyError: 'nothing' \(own_module.py, line 23\)"),
        ("leaving", "call-failed", r"it: SystemExit: 3 \(own_module.py, line 26\)"),
        ("number", "call-failed", "it: it returned a int, and not variables by their names"),
        ("slow", "call-timeout", "it: it took more than 0.1 s"),
        ("timed_out", "call-failed", r"it: TimeoutError: mine \(own_module.py, line 51\)"),
        ("cancelled", "call-failed", r"it: CancelledError \(own_module.py, line 48\)"),
        ("setting", "call-failed", "it: TypeError: setting.* missing 1 required positional argument.*"),
    ],
)
def test_a_call_that_fails_ends_the_pass(folder: Path, name: str, cause: str, says: str) -> None:
    """What comes after it is not done."""
    snapshots, came = run(folder, name, "text: x", "{ call: it, timeout: 100ms }, { send: room }")

    assert came == []
    assert set(causes(snapshots)) == {cause}
    assert re.fullmatch(says, sentences(snapshots)[0])


def test_without_leave_of_the_operator_nothing_is_imported(folder: Path) -> None:
    """The scenario is refused, and told which option there is."""
    (folder / "own_module.py").write_text("raise AssertionError('it was imported')")
    path = folder / "scenario.yaml"
    path.write_text(
        "wsrun: 1\ntarget: { url: demo:/echo }\nextensions: { it: 'own_module:text' }\n"
        "messages: { one: { python: it } }\nphases: [ { duration: 1s, clients: 1 } ]\n"
    )
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path, {})
    (mistake,) = refused.value.diagnostics
    assert mistake.code == "python-not-allowed"
    assert "--allow-python" in str(mistake.help)


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        (None, "no_such_module:f", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\n", "own_module:f", "there is no f in own_module"),
        ("x = 1\n", "own_module:x", "x in own_module cannot be called"),
        ("x = 1\n1 / 0\n", "own_module:x", "ZeroDivisionError: division by zero (own_module.py, line 2)"),
        ("x = (\n", "own_module:x", "SyntaxError: '(' was never closed (own_module.py, line 1)"),
        ("exit(2)\n", "own_module:x", "SystemExit: 2 (own_module.py, line 1)"),
    ],
)
def test_what_cannot_be_had_is_told_beforehand(
    folder: Path, source: str | None, target: str, says: str
) -> None:
    """With the line of the author's file where there is one."""
    if source is not None:
        (folder / "own_module.py").write_text(source)
    with pytest.raises(ExtensionError) as error:
        load(ExtensionPlan(name="it", target=target, folder=str(folder)))
    assert str(error.value).endswith(says)


def test_a_file_of_the_scenario_never_hides_a_module_of_ours(folder: Path) -> None:
    """One that is called as a part of Python is the extension's, and nobody else's."""
    (folder / "json.py").write_text("def f(client):\n    return 'mine'\n")
    function = load(ExtensionPlan(name="it", target="json:f", folder=str(folder)))

    assert function(None) == "mine"
    assert sys.modules["json"] is json
    assert str(folder) not in sys.path[:1]


def test_the_guide_s_scenario_is_right(tmp_path: Path) -> None:
    """Beside the module that is shipped."""
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "signing.py").write_text((SCENARIOS / "signing.py").read_text())
    (tmp_path / "example.yaml").write_text(example)
    assert compile_plan(load_scenario(tmp_path / "example.yaml", {}, allow_python=True)).extensions


def test_the_shipped_scenario_talks_to_an_echo() -> None:
    """Signed text, packed bytes, and a key that a call has derived, in one session after the other."""

    def echo(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(payload.decode() if payload[:1] == b"{" else payload, 0.001)

    environ = {"URL": "ws://127.0.0.1:1/"}
    document = load_scenario(SCENARIOS / "signed.yaml", environ, allow_python=True)
    snapshots = perform(compile_plan(document, seed=1), FakeTransport(echo))

    assert causes(snapshots) == {}
    answered = stored(snapshots).by_label("replies.answered", "message")
    assert answered["order"] > answered["packed"] > 0
    assert answered["hello"] > 10
