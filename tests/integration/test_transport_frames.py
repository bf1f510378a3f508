"""What both transports make of what a server sends, right and wrong, byte for byte on the wire."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.scripted import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    WAYS,
    Memory,
    Peer,
    close_frame,
    frame,
    scripted,
)

from wsrun.transports import Endpoint, transports
from wsrun.transports.strict import CloseFrame, Message, Strict, Violation

MAX_MESSAGE = 1000
BYE = close_frame(1000)
GOOD = (1000, "server", None)
BROKEN = (1006, "client", "protocol-error")
NOT_UTF8 = (1006, "client", "bad-utf8")
TOO_BIG = (1006, "client", "message-too-big")
CUT = (1006, "server", "eof")


@dataclass(frozen=True)
class Case:
    """A server's bytes after the handshake and what has to come of them.

    ``end``: code, side and cause of the ``Closing``; ``answer``: the payload of our close frame as far as it
    matters (its code), None for no close frame; ``reference``: fields in which the reference transport
    differs, with ``because`` saying why.
    """

    name: str
    wire: bytes
    end: tuple[int, str, str | None]
    messages: tuple[str | bytes, ...] = ()
    answer: bytes | None = None
    leaves: bool = False
    reference: dict[str, Any] = field(default_factory=dict)
    because: str = ""


def broken(name: str, wire: bytes, *messages: str | bytes, **more: Any) -> Case:
    return Case(name, wire, BROKEN, messages, b"\x03\xea", **more)


def not_utf8(name: str, wire: bytes, **more: Any) -> Case:
    return Case(name, wire, NOT_UTF8, (), b"\x03\xef", **more)


def too_big(name: str, wire: bytes, **more: Any) -> Case:
    return Case(name, wire, TOO_BIG, (), b"\x03\xf1", **more)


def good(name: str, wire: bytes, *messages: str | bytes, **more: Any) -> Case:
    return Case(name, wire + BYE, GOOD, messages, b"\x03\xe8", **more)


def bad_text(payload: bytes) -> bytes:
    return frame(TEXT, payload)


OPENED = frame(TEXT, b"a", fin=False)
LENIENT_LENGTH = "websockets takes lengths that are longer than they need to be"

MALFORMED = [
    # Reserved bits.
    *(broken(f"text with reserved bits {rsv:03b}", frame(TEXT, b"x", rsv=rsv)) for rsv in range(1, 8)),
    broken("binary with a reserved bit", frame(BINARY, b"x", rsv=4)),
    broken("ping with a reserved bit", frame(PING, b"x", rsv=4)),
    broken("pong with a reserved bit", frame(PONG, b"x", rsv=2)),
    broken("close with a reserved bit", frame(CLOSE, b"\x03\xe8", rsv=1)),
    broken("continuation with a reserved bit", OPENED + frame(CONTINUATION, b"b", rsv=4)),
    # Opcodes that nobody has defined.
    *(
        broken(f"opcode {code:#x}", frame(code))
        for code in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)
    ),
    broken("unknown opcode inside a message", OPENED + frame(0x3, b"x")),
    broken("message, then an unknown opcode", frame(TEXT, b"before") + frame(0xF), "before"),
    # Fragments.
    broken("continuation of nothing", frame(CONTINUATION, b"x")),
    broken("unfinished continuation of nothing", frame(CONTINUATION, b"x", fin=False)),
    broken("continuation after a whole message", frame(TEXT, b"x") + frame(CONTINUATION, b"y"), "x"),
    broken("continuation after a finished message", OPENED + frame(CONTINUATION, b"b") * 2, "ab"),
    broken("text inside a message", OPENED + frame(TEXT, b"x")),
    broken("binary inside a message", OPENED + frame(BINARY, b"x")),
    broken("unfinished text inside a message", OPENED + OPENED),
    # Control frames.
    broken("fragmented ping", frame(PING, b"x", fin=False)),
    broken("fragmented pong", frame(PONG, b"x", fin=False)),
    broken("fragmented close", frame(CLOSE, b"\x03\xe8", fin=False)),
    broken("ping of 126 bytes", frame(PING, b"x" * 126)),
    broken("pong of 126 bytes", frame(PONG, b"x" * 126)),
    broken("close of 126 bytes", frame(CLOSE, b"\x03\xe8" + b"x" * 124)),
    broken(
        "ping with a 16-bit length",
        frame(PING, b"x", form=16) + BYE,
        reference={"end": GOOD, "answer": b"\x03\xe8"},
        because=LENIENT_LENGTH,
    ),
    # Lengths and masks.
    broken(
        "5 bytes with a 16-bit length",
        frame(TEXT, b"hello", form=16) + BYE,
        reference={"end": GOOD, "messages": ("hello",), "answer": b"\x03\xe8"},
        because=LENIENT_LENGTH,
    ),
    broken(
        "5 bytes with a 64-bit length",
        frame(TEXT, b"hello", form=64) + BYE,
        reference={"end": GOOD, "messages": ("hello",), "answer": b"\x03\xe8"},
        because=LENIENT_LENGTH,
    ),
    broken(
        "length with the highest bit",
        frame(TEXT, b"x", form=64, claims=1 << 63),
        reference={"end": TOO_BIG, "answer": b"\x03\xf1"},
        because="websockets does not look at the bit; the length is too big all the same",
    ),
    too_big("length of 2**62", frame(TEXT, b"x", form=64, claims=1 << 62)),
    broken("masked text", frame(TEXT, b"x", masked=True)),
    broken("masked close", frame(CLOSE, b"\x03\xe8", masked=True)),
    broken("not WebSocket at all", b"HTTP/1.1 400 Bad Request\r\n" * 5),
    # UTF-8.
    not_utf8("lone continuation byte", bad_text(b"\x80")),
    not_utf8("byte that never occurs", bad_text(b"ok\xff")),
    not_utf8("overlong slash", bad_text(b"\xc0\xaf")),
    not_utf8("surrogate", bad_text(b"\xed\xa0\x80")),
    not_utf8("beyond U+10FFFF", bad_text(b"\xf4\x90\x80\x80")),
    not_utf8("character cut off at the end", bad_text("é".encode()[:1])),
    not_utf8("bad byte in the second fragment", OPENED + frame(CONTINUATION, b"\xff")),
    not_utf8(
        "bad byte in the first of two fragments",
        frame(TEXT, b"\xff", fin=False) + frame(CONTINUATION, b"x"),
    ),
    not_utf8("character cut off over fragments", OPENED + frame(CONTINUATION, "é".encode()[:1])),
    not_utf8("close reason that is not UTF-8", close_frame(1000, b"\xff")),
    # Close frames.
    broken("close with half a code", frame(CLOSE, b"\x03")),
    *(
        broken(f"close with the code {code}", close_frame(code))
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ),
    Case("message after the close", BYE + frame(TEXT, b"late"), GOOD, (), b"\x03\xe8"),
    Case(
        "broken frame after the close",
        BYE + frame(0x3),
        GOOD,
        (),
        b"\x03\xea",
        reference={"answer": b"\x03\xe8"},
        because="picows looks one frame ahead and answers the later one first",
    ),
    Case(
        "second close",
        BYE + close_frame(1001),
        GOOD,
        (),
        b"\x03\xea",
        reference={"answer": b"\x03\xe8"},
        because="picows looks one frame ahead and answers the later one first",
    ),
    # Sizes.
    too_big("one byte too many", frame(TEXT, b"x" * (MAX_MESSAGE + 1))),
    too_big("binary too big", frame(BINARY, b"x" * 70_000)),
    too_big(
        "fragments of one byte too many",
        frame(TEXT, b"x" * 500, fin=False) + frame(CONTINUATION, b"x" * 501),
    ),
    too_big(
        "1025 empty fragments",
        frame(BINARY, fin=False) + frame(CONTINUATION, fin=False) * 1023 + frame(CONTINUATION) + BYE,
        reference={"end": GOOD, "messages": (b"",), "answer": b"\x03\xe8"},
        because="websockets allows 4096 fragments",
    ),
    too_big(
        "endless empty fragments",
        frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 10_000,
    ),
    # Ends that come too early.
    Case("end without a close frame", b"", CUT, leaves=True),
    Case("end in the middle of a header", frame(TEXT, b"x")[:1], CUT, leaves=True),
    Case("end in the middle of a payload", frame(TEXT, b"hello")[:-1], CUT, leaves=True),
    Case("end in the middle of a message", frame(TEXT, b"x") + OPENED, CUT, ("x",), leaves=True),
]

WELL_FORMED = [
    good("text", frame(TEXT, b"hello"), "hello"),
    good("binary", frame(BINARY, b"\x00\xff"), b"\x00\xff"),
    good("empty text and empty binary", frame(TEXT) + frame(BINARY), "", b""),
    good("characters of two, three and four bytes", frame(TEXT, "é€😀".encode()), "é€😀"),
    good("the largest message", frame(TEXT, b"x" * MAX_MESSAGE), "x" * MAX_MESSAGE),
    good(
        "fragments with a character over their border",
        frame(TEXT, b"a\xc3", fin=False) + frame(CONTINUATION, b"\xa9b"),
        "aéb",
    ),
    good(
        "1024 fragments",
        frame(BINARY, b"x", fin=False) + frame(CONTINUATION, fin=False) * 1022 + frame(CONTINUATION, b"y"),
        b"xy",
    ),
    good(
        "ping and pong inside a message",
        OPENED + frame(PING, b"p") + frame(PONG) + frame(CONTINUATION, b"b"),
        "ab",
    ),
    good("pong that nobody asked for", frame(PONG, b"x") + frame(TEXT, b"y"), "y"),
    good("300 messages in one packet", frame(TEXT, b"x") * 300, *["x"] * 300),
    Case("close without a code", frame(TEXT, b"x") + close_frame(), (1005, "server", None), ("x",), b""),
    *(
        Case(f"close with the code {code}", close_frame(code, b"why"), (code, "server", None), (), close_code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999)
        for close_code in [code.to_bytes(2, "big")]
    ),
    Case(
        "close inside a message",
        OPENED + BYE,
        GOOD,
        (),
        b"\x03\xe8",
        because="",
        reference={"answer": b"\x03\xea"},
    ),
]


def identity(case: Case) -> str:
    return case.name.replace(" ", "-")


async def outcome(transport: str, case: Case) -> tuple[Any, list[str | bytes], bytes | None]:
    """Play a case; return how it ended, the messages, and the payload of our close frame."""

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.write(case.wire)
        if not case.leaves:
            await peer.listen()

    async with scripted(script) as server:
        memory = Memory()
        endpoint = Endpoint(server.url, max_message=MAX_MESSAGE, close_timeout=2.0)
        await transports()[transport]().open(endpoint, memory)
        closing = await memory.end()
        closes = server.peers[0].close_payloads
    return closing, memory.messages, closes[0] if closes else None


def check(way: str, case: Case) -> None:
    transport, run = WAYS[way]
    differs = case.reference if transport == "reference" else {}
    end = differs.get("end", case.end)
    messages = differs.get("messages", case.messages)
    answer = differs.get("answer", case.answer)
    closing, heard, sent = run(outcome(transport, case))
    assert (closing.code, closing.side, closing.cause) == end
    assert heard == list(messages)
    assert (sent if sent is None else sent[:2]) == answer


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", MALFORMED, ids=identity)
def test_a_broken_rule_ends_the_connection_with_its_cause(case: Case, way: str) -> None:
    """Nothing malformed is delivered, and the end says what was wrong."""
    check(way, case)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", WELL_FORMED, ids=identity)
def test_what_the_standard_allows_is_delivered(case: Case, way: str) -> None:
    """Everything well formed comes through whole, in order, and the close is answered in kind."""
    check(way, case)


def random_stream(dice: random.Random) -> list[tuple[int, bool, bool, bytes]]:
    """Frames as ``Strict.take`` wants them: many right, some wrong, in any order."""
    stream = []
    for _ in range(dice.randint(1, 8)):
        opcode = dice.choice([CONTINUATION, TEXT, BINARY, PING, PONG, CLOSE, *[3] * (dice.random() < 0.1)])
        size = dice.choice([0, 1, 5, 125])
        payload = dice.choice([b"a" * size, ("é€" * size).encode()[:size], dice.randbytes(size)])
        if opcode == CLOSE:
            payload = dice.choice([b"", b"\x03", b"\x03\xe8bye", dice.randbytes(2)])
        fin = opcode >= CLOSE or dice.random() < 0.6
        stream.append((opcode, fin, dice.random() < 0.05, payload))
    return stream


@pytest.mark.parametrize("way", ["fast", "fast-on-asyncio"])
def test_the_wire_agrees_with_the_strict_layer(way: str) -> None:
    """150 random streams, cut at random: the messages and the end are those of the strict layer alone."""
    transport, run = WAYS[way]
    dice = random.Random(42)
    streams = [random_stream(dice) for _ in range(150)]

    async def play(stream: list[tuple[int, bool, bool, bytes]]) -> tuple[Any, list[str | bytes]]:
        wire = b"".join(frame(op, payload, fin=fin, rsv=rsv << 2) for op, fin, rsv, payload in stream)
        size = dice.choice([1, 50, 10_000])

        async def script(peer: Peer) -> None:
            await peer.upgrade()
            for start in range(0, len(wire), size):
                await peer.write(wire[start : start + size])
                await asyncio.sleep(0)
            await peer.write(BYE)
            await peer.listen()

        async with scripted(script) as server:
            memory = Memory()
            await transports()[transport]().open(Endpoint(server.url, max_message=MAX_MESSAGE), memory)
            return await memory.end(), memory.messages

    async def play_all() -> None:
        for stream in streams:
            strict = Strict(MAX_MESSAGE)
            events = [strict.take(*of_frame) for of_frame in [*stream, (CLOSE, True, False, b"\x03\xe8")]]
            (end,) = [event for event in events if isinstance(event, CloseFrame | Violation)]
            closing, messages = await play(stream)
            assert messages == [event.payload for event in events if isinstance(event, Message)]
            if isinstance(end, CloseFrame):
                assert (closing.code, closing.side, closing.cause) == (end.code, "server", None)
            else:
                assert (closing.code, closing.side, closing.cause) == (1006, "client", end.cause)

    run(play_all())


@pytest.mark.parametrize("way", WAYS)
def test_frames_may_arrive_in_pieces_of_any_size(way: str) -> None:
    """Where the network cuts a stream of frames makes no difference to the messages."""
    transport, run = WAYS[way]
    stream = (
        frame(TEXT, "né".encode())
        + frame(PING, b"p")
        + OPENED
        + frame(CONTINUATION, b"b" * 200)
        + frame(BINARY, bytes(range(256)))
        + BYE
    )

    async def play() -> None:
        for size in (1, 2, 3, 5, 7):

            async def script(peer: Peer, size: int = size) -> None:
                await peer.upgrade()
                for start in range(0, len(stream), size):
                    await peer.write(stream[start : start + size])
                    await asyncio.sleep(0)
                await peer.listen()

            async with scripted(script) as server:
                memory = Memory()
                await transports()[transport]().open(Endpoint(server.url), memory)
                assert (await memory.end()).code == 1000
                assert memory.messages == ["né", "a" + "b" * 200, bytes(range(256))]
                assert server.peers[0].heard[0] == (PONG, b"p")

    run(play())
