"""Splitting a stream into messages: the same ones, however it comes in pieces."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.patterns.splitting import (
    LengthKind,
    LengthSplitter,
    RegexSplitter,
    Splitter,
    check_split_regex,
)

MOST = 1000
CUTS = st.lists(st.integers(0, 400), max_size=12)
BODIES = st.lists(st.binary(max_size=200), max_size=8)


def fed(splitter: Splitter, stream: bytes, cuts: list[int]) -> list[bytes]:
    """Feed a stream that is cut at some places."""
    places = sorted({0, *(min(cut, len(stream)) for cut in cuts), len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    return [message for piece in pieces for message in splitter.feed(piece)]


def varint(value: int) -> bytes:
    """Return a number as seven bits a byte, the lowest first."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def framed(kind: LengthKind, at: int, body: bytes) -> bytes:
    """Return a body with its length before it, and ``at`` bytes before that."""
    length = len(body)
    if kind == "varint":
        return b"#" * at + varint(length) + body
    return b"#" * at + length.to_bytes({"u8": 1, "u16": 2, "u32": 4}[kind], "big") + body


@given(
    st.sampled_from(["u8", "u16", "u32", "varint"]), st.integers(0, 5), BODIES, st.binary(max_size=3), CUTS
)
def test_lengths_give_the_same_messages_in_any_pieces(
    kind: LengthKind, at: int, bodies: list[bytes], tail: bytes, cuts: list[int]
) -> None:
    """Several messages in a piece, and parts of one in several; what is left is not lost."""
    whole = [framed(kind, at, body) for body in bodies]
    begun = framed(kind, at, b"x" * 50)[: len(tail)]
    splitter = LengthSplitter(kind, at, MOST)
    assert fed(splitter, b"".join(whole) + begun, cuts) == whole
    assert splitter.fault is None
    assert splitter.unfinished == len(begun)


@given(st.sampled_from(["u8", "u16", "u32", "varint"]), st.binary(max_size=300), CUTS)
def test_any_bytes_give_the_same_in_any_pieces_by_length(
    kind: LengthKind, stream: bytes, cuts: list[int]
) -> None:
    """Nonsense too: the messages before a fault are the same, and so is the fault."""
    one, many = LengthSplitter(kind, 1, 100), LengthSplitter(kind, 1, 100)
    assert fed(one, stream, []) == fed(many, stream, cuts)
    assert (one.fault and one.fault.cause) == (many.fault and many.fault.cause)


REGEXES = [r"\r\n", r"\r?\n", r"\x00\n*", r"^[^\n]*\n", r"(?s).*;", r"a+b", r"^(?:M[^\n]*\n[^\n]*|[^M\n]*)\n"]


@given(st.sampled_from(REGEXES), st.text("aMb;\r\n\x00 ", max_size=120), CUTS)
def test_regexes_give_the_same_messages_in_any_pieces(regex: str, text: str, cuts: list[int]) -> None:
    """Every message is the shortest beginning of the rest in which the regex is found."""
    stream = text.encode()
    wanted, rest = [], stream
    while True:
        size = next((n for n in range(1, len(rest) + 1) if re.search(regex.encode(), rest[:n])), None)
        if size is None:
            break
        wanted.append(rest[:size])
        rest = rest[size:]
    splitter = RegexSplitter(regex, MOST)
    assert fed(splitter, stream, cuts) == wanted
    assert splitter.fault is None
    assert splitter.unfinished == len(rest)


@given(st.lists(st.binary(max_size=600).filter(lambda body: b"\n" not in body), max_size=6), CUTS)
def test_long_messages_are_found_as_short_ones_are(bodies: list[bytes], cuts: list[int]) -> None:
    """Beyond the bytes that are looked at first."""
    whole = [body + b"\n" for body in bodies]
    assert fed(RegexSplitter("\\n", MOST), b"".join(whole), cuts) == whole


@pytest.mark.parametrize("pieces", [1, 7, 100])
def test_a_message_that_is_too_big_ends_the_stream(pieces: int) -> None:
    """Whether its end is known beforehand or not; nothing is kept of it."""
    for splitter, stream in (
        (RegexSplitter("\\n", 100), b"ok\n" + b"x" * 200),
        (LengthSplitter("u8", 0, 100), b"\x02ok" + b"\xc8" + b"x" * 200),
    ):
        size = -(-len(stream) // pieces)
        found = [m for n in range(0, len(stream), size) for m in splitter.feed(stream[n : n + size])]
        assert found == [stream[:3]]
        assert splitter.fault is not None
        assert splitter.fault.cause == "message-too-big"
        assert splitter.unfinished == 0
        assert list(splitter.feed(b"ok\n")) == []


def test_a_message_at_the_limit_is_taken() -> None:
    """The limit is the largest message, not the smallest that is refused."""
    assert list(RegexSplitter("\\n", 100).feed(b"x" * 99 + b"\n")) == [b"x" * 99 + b"\n"]
    assert list(LengthSplitter("u8", 0, 100).feed(b"\x63" + b"x" * 99)) == [b"\x63" + b"x" * 99]


def test_a_length_without_an_end_is_a_fault() -> None:
    """No message is that long, and no more bytes would help."""
    splitter = LengthSplitter("varint", 1, MOST)
    assert list(splitter.feed(b"\x10\xff\xff\xff\xff")) == []
    assert splitter.fault is None
    assert list(splitter.feed(b"\xff\x01")) == []
    assert splitter.fault is not None
    assert splitter.fault.cause == "split-failed"


def test_an_end_that_costs_too_much_is_a_fault() -> None:
    """A peer that sends a large message byte by byte cannot hold up everybody else."""
    splitter = RegexSplitter("\\n", 1 << 14)
    for _ in range(1 << 14):
        assert list(splitter.feed(b"x")) == []
        if splitter.fault is not None:
            break
    assert splitter.fault is not None
    assert splitter.fault.cause == "split-failed"


def test_packets_of_mqtt_are_found() -> None:
    """A type byte, a remaining length of variable width, and as many bytes."""
    publish = b"\x30" + varint(300) + b"x" * 300
    stream = b"\x20\x02\x00\x00" + publish + b"\xd0\x00"
    splitter = LengthSplitter("varint", 1, MOST)
    assert list(splitter.feed(stream)) == [b"\x20\x02\x00\x00", publish, b"\xd0\x00"]


@pytest.mark.parametrize(
    ("regex", "says"),
    [
        ("(", "does not compile"),
        ("x*", "finds nothing at all"),
        ("", "finds nothing at all"),
        ("a$", "what comes next"),
        (r"a\b", "what comes next"),
        (r"a\z", "what comes next"),
        ("€", "no such character"),
    ],
)
def test_a_regex_that_cannot_split_is_refused(regex: str, says: str) -> None:
    """Whoever wrote it learns why."""
    problem = check_split_regex(regex)
    assert problem is not None
    assert says in problem[0]


@pytest.mark.parametrize("regex", [r"\r\n", r"[$]x", r"\$", r"\\b", r"^[^\n]*\n"])
def test_a_regex_that_can_split_is_taken(regex: str) -> None:
    """What is escaped, or in a class, is a character."""
    assert check_split_regex(regex) is None
