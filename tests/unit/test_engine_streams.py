"""Streams that ignore frames, and JSON inside of messages, in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from performing import causes, perform, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.source import parse


def ran(
    target: str, text: str, answer: Callable[[FakeConnection, bytes], None]
) -> tuple[FakeTransport, list[Snapshot], Store]:
    """Perform a scenario against a server that is a function."""
    head = f'wsrun: 1\ntarget: {{ url: "ws://127.0.0.1:1/", {target} }}\n'
    transport = FakeTransport(answer)
    plan = compile_plan(parse(head + text, "test.yaml", environ={}), seed=1)
    snapshots = perform(plan, transport)
    return transport, snapshots, stored(snapshots)


LINES = r"split: { regex: '\r\n' }"
ONE = "phases: [ { duration: 2s, clients: 1 } ]"


def asking(match: str, *, then: str = "") -> str:
    """Write a client that asks once and then thinks."""
    return (
        f"messages: {{ ask: {{ text: ask, reply: {{ match: {match}, timeout: 500ms }} }} }}\n"
        f"profiles: {{ p: {{ start: [ {{ send: ask }}{then} ] }} }}\n{ONE}"
    )


def test_messages_in_one_frame_are_told_apart_and_counted() -> None:
    """Messages and their bytes are counted, not frames."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("+OK\r\nPING\r\nMSG", 0.01)
        connection.reply(" 1\r\n", 0.02)

    then = r', { expect: { text: "PING\r\n" } }, { expect: { text: "MSG 1\r\n" } }'
    _, snapshots, store = ran(LINES, asking(r'{ text: "+OK\r\n" }', then=then), answer)
    assert causes(snapshots) == {}
    assert store.counter("messages.received") == 3
    assert store.counter("bytes.received") == len("+OK\r\nPING\r\nMSG 1\r\n")
    assert store.counter("expect.passed") == 2


def test_a_message_in_many_frames_is_one_at_its_end() -> None:
    """It came when its last byte came."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        for number, byte in enumerate(b"\x20\x02\x00\x00"):
            connection.reply(bytes([byte]), 0.01 * (number + 1))

    text = asking("{ hex: '20020000' }")
    _, snapshots, store = ran("split: { length: varint, at: 1 }", text, answer)
    assert causes(snapshots) == {}
    assert store.counter("messages.received") == 1
    assert abs((store.distribution("service_time").average or 0) - 0.04) < 0.001


def test_text_frames_make_text_and_binary_frames_make_bytes() -> None:
    """What completes a message says which it is."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("grün\r\n", 0.01)
        connection.reply("grün\r\n".encode(), 0.02)

    then = r", { expect: { hex: '6772 c3bc 6e0d0a' } }"
    _, snapshots, _ = ran(LINES, asking(r'{ text: "grün\r\n" }', then=then), answer)
    assert causes(snapshots) == {}


def test_what_cannot_be_split_ends_the_connection_and_is_an_error() -> None:
    """A length without an end is nobody's message."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(b"\x20\x02\x00\x00\x20\xff\xff\xff\xff\xff\x00", 0.01)
        connection.reply(b"\x20\x02\x00\x00", 0.02)

    text = asking("{ hex: '20020000' }", then=", { think: 1s }")
    _, snapshots, store = ran("split: { length: varint, at: 1 }", text, answer)
    assert causes(snapshots) == {"split-failed": 1}
    assert "a length of more than 5 bytes" in sentences(snapshots)[0]
    assert store.counter("messages.received") == 1
    assert store.counter("closed", side="client") == 1


def test_a_message_beyond_the_limit_ends_the_connection() -> None:
    """As a frame beyond it does."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        for _ in range(20):
            connection.reply("x" * 100, 0.01)

    _, snapshots, store = ran(f"{LINES}, max_message: 1KiB", asking("{ text: x }"), answer)
    assert causes(snapshots) == {"message-too-big": 1, "reply-lost": 1}
    assert store.counter("messages.received") == 0


def test_a_server_that_ends_within_a_message_is_told_of() -> None:
    """A close in good order does not hide that something is missing."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("+OK\r\nMSG", 0.01)
        connection.drop(0.1, 1000)

    _, snapshots, _ = ran(LINES, asking(r'{ text: "+OK\r\n" }', then=", { think: 1s }"), answer)
    assert causes(snapshots) == {"split-failed": 1}
    assert "3 bytes into it" in sentences(snapshots)[0]


def test_a_client_that_leaves_within_a_message_has_done_nothing_wrong() -> None:
    """What was on its way to it concerns nobody."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("+OK\r\nMSG", 0.01)

    _, snapshots, _ = ran(LINES, asking(r'{ text: "+OK\r\n" }'), answer)
    assert causes(snapshots) == {}


def test_each_connection_begins_a_stream_of_its_own() -> None:
    """What one left unfinished is not the beginning of the next."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("+OK\r\nrest", 0.01)

    text = (
        r'messages: { ask: { text: ask, reply: { match: { text: "+OK\r\n" }, timeout: 500ms } } }'
        "\n"
        "profiles: { p: { start: [ { connect: main }, { send: ask }, { connect: main }, { send: ask } ] } }\n"
        + ONE
    )
    _, snapshots, store = ran(LINES, text, answer)
    assert causes(snapshots) == {}
    assert store.counter("replies.answered") == 2


def test_json_is_read_where_the_regex_finds_it() -> None:
    """As Socket.IO has it: a number, then the JSON."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("42" + payload.decode().removeprefix("42"), 0.01)
        connection.reply(b'42["bytes",{"n":7}]', 0.02)
        connection.reply("2", 0.03)

    text = (
        """messages: { say: { text: '42["say",{"mid":"{{ id }}"}]',"""
        """ reply: { match: { "$[1].mid": "{{ id }}" }, timeout: 500ms } } }\n"""
        """profiles: { p: { start: [ { send: say }, { expect: { "$[0]": bytes, "$[1].n": 7 } },"""
        """ { expect: { text: "2", $: { exists: false } } } ] } }\n""" + ONE
    )
    _, snapshots, store = ran("json_in: '^\\d+(.*)'", text, answer)
    assert causes(snapshots) == {}
    assert store.counter("replies.answered") == 1
    assert store.counter("expect.passed") == 2


def test_json_of_any_length_is_found() -> None:
    """Beyond what other regexes look at."""
    pad = "x" * 100_000

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(f'9{{"pad":"{pad}","ok":1}}', 0.01)

    _, snapshots, _ = ran("json_in: '^\\d(.*)'", asking("{ $.ok: 1 }"), answer)
    assert causes(snapshots) == {}


def test_messages_that_are_json_already_are_not_what_json_in_means() -> None:
    """A reply is looked for where the regex says, also where one field tells all of them."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(payload.decode(), 0.01)

    reply = '{ match: { $.id: "{{ id }}" }, timeout: 500ms }'
    text = (
        f'messages: {{ ask: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {reply} }} }}\n'
        f"profiles: {{ p: {{ start: [ {{ send: ask }} ] }} }}\n{ONE}"
    )
    _, snapshots, _ = ran("json_in: '^\\d(.*)'", text, answer)
    assert causes(snapshots) == {"reply-timeout": 1}
