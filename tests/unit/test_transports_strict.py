"""The strict layer, fed frames without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.transports.strict import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_FRAGMENTS,
    NO_CODE,
    PING,
    PONG,
    TEXT,
    CloseFrame,
    Event,
    Message,
    Ping,
    Pong,
    Strict,
    Violation,
    is_sendable_code,
    read_close,
)

LIMIT = 64


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: bool = False


def feed(frames: list[Frame], limit: int = LIMIT) -> list[Event]:
    """Feed frames to a new connection's state; return what each of them means."""
    strict = Strict(limit)
    return [strict.take(frame.opcode, frame.fin, frame.rsv, frame.payload) for frame in frames]


def last(*frames: Frame) -> Event:
    """Return what the last of the frames means; those before mean nothing by themselves."""
    *before, event = feed(list(frames))
    assert before == [None] * len(before)
    return event


def broken(event: Event, code: int, cause: str) -> bool:
    return isinstance(event, Violation) and (event.code, event.cause) == (code, cause)


def test_a_whole_text_message_is_a_str() -> None:
    """Text in one frame is decoded; its size is that of its bytes."""
    assert last(Frame(TEXT, "né".encode())) == Message("né", 3)


def test_a_whole_binary_message_is_bytes() -> None:
    """Binary in one frame comes as it is."""
    assert last(Frame(BINARY, b"\x00\xff")) == Message(b"\x00\xff", 2)


def test_fragments_become_one_message() -> None:
    """A character may lie across the border of two fragments, and a border may have nothing around it."""
    event = last(
        Frame(TEXT, b"a\xe2\x82", fin=False), Frame(CONTINUATION, fin=False), Frame(CONTINUATION, b"\xacb")
    )
    assert event == Message("a€b", 5)


def test_control_frames_may_interrupt_a_message() -> None:
    """A ping inside a fragmented message is answered, a pong told, and the message still completes."""
    events = feed(
        [Frame(BINARY, b"a", fin=False), Frame(PING, b"p"), Frame(PONG, b"q"), Frame(CONTINUATION, b"b")]
    )
    assert events == [None, Ping(b"p"), Pong(b"q"), Message(b"ab", 2)]


def test_the_common_path_is_open_between_messages_only() -> None:
    """``between_messages`` lets a transport pass whole messages by: not within one, not after the end."""
    strict = Strict(LIMIT)
    assert strict.between_messages
    strict.take(TEXT, False, False, b"a")
    assert not strict.between_messages
    strict.take(PING, True, False, b"")
    assert not strict.between_messages
    strict.take(CONTINUATION, True, False, b"b")
    assert strict.between_messages
    strict.take(CLOSE, True, False, b"")
    assert not strict.between_messages


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_unknown_opcodes_break_the_protocol(opcode: int) -> None:
    """Opcodes that no standard defines end the connection with 1002."""
    assert broken(last(Frame(opcode)), 1002, "protocol-error")


@pytest.mark.parametrize("opcode", [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG])
def test_a_reserved_bit_breaks_the_protocol(opcode: int) -> None:
    """Reserved bits belong to extensions, and none was agreed on."""
    assert broken(last(Frame(opcode, rsv=True)), 1002, "protocol-error")


@pytest.mark.parametrize(
    "frames",
    [
        [Frame(CONTINUATION, b"x")],
        [Frame(CONTINUATION, b"x", fin=False)],
        [Frame(TEXT, b"a", fin=False), Frame(TEXT, b"b")],
        [Frame(TEXT, b"a", fin=False), Frame(BINARY, b"b", fin=False)],
        [Frame(PING, fin=False)],
        [Frame(PONG, fin=False)],
        [Frame(CLOSE, fin=False)],
        [Frame(PING, b"x" * 126)],
        [Frame(PONG, b"x" * 126)],
        [Frame(CLOSE, b"\x03\xe8" + b"x" * 124)],
        [Frame(CLOSE, b"\x03")],
    ],
)
def test_frames_out_of_place_break_the_protocol(frames: list[Frame]) -> None:
    """Orphans, nested messages and control frames that are too large or in pieces end it with 1002."""
    assert broken(last(*frames), 1002, "protocol-error")


@pytest.mark.parametrize(
    "frames",
    [
        [Frame(TEXT, b"\xff")],
        [Frame(TEXT, b"\xc0\xaf")],
        [Frame(TEXT, b"\xed\xa0\x80")],
        [Frame(TEXT, b"\xf4\x90\x80\x80")],
        [Frame(TEXT, b"a\xc3")],
        [Frame(TEXT, b"a", fin=False), Frame(CONTINUATION, b"\xff", fin=False)],
        [Frame(TEXT, b"a\xc3", fin=False), Frame(CONTINUATION, b"")],
        [Frame(CLOSE, b"\x03\xe8\xff")],
    ],
)
def test_text_that_is_not_utf8_is_refused(frames: list[Frame]) -> None:
    """Bad UTF-8 ends the connection with 1007, in a fragment as soon as it shows."""
    assert broken(last(*frames), 1007, "bad-utf8")


def test_the_largest_message_passes_and_one_byte_more_does_not() -> None:
    """The limit holds for whole messages and for those in fragments."""
    assert last(Frame(BINARY, b"x" * LIMIT)) == Message(b"x" * LIMIT, LIMIT)
    assert broken(last(Frame(BINARY, b"x" * (LIMIT + 1))), 1009, "message-too-big")
    half = b"x" * (LIMIT // 2)
    assert broken(
        last(Frame(TEXT, half, fin=False), Frame(CONTINUATION, half + b"x", fin=False)),
        1009,
        "message-too-big",
    )


def test_a_message_may_not_have_endless_fragments() -> None:
    """Empty fragments use no bytes of the limit, so that they have one of their own."""
    most = [Frame(BINARY, fin=False), *[Frame(CONTINUATION, fin=False)] * (MAX_FRAGMENTS - 2)]
    assert last(*most, Frame(CONTINUATION, b"x")) == Message(b"x", 1)
    events = feed([*most, Frame(CONTINUATION, fin=False), Frame(CONTINUATION)])
    assert broken(events[-1], 1009, "message-too-big")


def test_limits_count_from_zero_for_each_message() -> None:
    """What one message used of the limits does not weigh on the next."""
    message = [Frame(BINARY, b"x" * 40, fin=False), Frame(CONTINUATION, b"y" * 24)]
    assert feed(message * 3) == [None, Message(b"x" * 40 + b"y" * 24, 64)] * 3


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x13\x87" + b"y" * 123])
def test_a_close_frame_says_code_and_reason(payload: bytes) -> None:
    """A close frame's code and reason come out of it; without a code it is 1005."""
    code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
    assert last(Frame(CLOSE, payload)) == CloseFrame(code, payload[2:].decode())


def test_exactly_the_registered_and_private_codes_may_be_sent() -> None:
    """The whole range of codes, against RFC 6455 §7.4.2 and the IANA registry."""
    registered = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
    allowed = {code for code in range(65_536) if is_sendable_code(code)}
    assert allowed == registered | set(range(3000, 5000))
    assert all(
        isinstance(read_close(code.to_bytes(2, "big")), CloseFrame if code in allowed else Violation)
        for code in range(65_536)
    )


def test_nothing_is_said_after_stop() -> None:
    """A connection that its user has ended discards what still comes."""
    strict = Strict(LIMIT)
    strict.take(TEXT, False, False, b"a")
    strict.stop()
    assert strict.take(CONTINUATION, True, False, b"b") is None
    assert strict.take(PING, True, False, b"") is None


frames = st.builds(
    Frame,
    opcode=st.sampled_from([CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG, 3, 12]),
    payload=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=20).map(str.encode),
        st.integers(0, 65_535).map(lambda code: code.to_bytes(2, "big")),
    ),
    fin=st.booleans(),
    rsv=st.sampled_from([False] * 9 + [True]),
)


@given(st.lists(frames, max_size=30))
def test_no_stream_of_frames_is_too_strange(stream: list[Frame]) -> None:
    """Nothing is raised, every message is within its limit, and after an end there is silence."""
    events = feed(stream)
    ends = [index for index, event in enumerate(events) if isinstance(event, CloseFrame | Violation)]
    if ends:
        assert events[ends[0] + 1 :] == [None] * (len(events) - ends[0] - 1)
    for event in events:
        if isinstance(event, Message):
            payload = event.payload.encode() if isinstance(event.payload, str) else event.payload
            assert len(payload) == event.size <= LIMIT
        elif isinstance(event, CloseFrame):
            assert event.code == NO_CODE or is_sendable_code(event.code)
        elif isinstance(event, Violation):
            assert is_sendable_code(event.code)
            assert len(event.text.encode()) <= 123


@st.composite
def fragmented(draw: st.DrawFn) -> tuple[list[Message], list[Frame]]:
    """Messages, and one way to send them: cut anywhere, with pings and pongs between the pieces."""
    messages, stream = [], []
    for payload in draw(st.lists(st.one_of(st.text(max_size=16), st.binary(max_size=LIMIT)), max_size=6)):
        data = payload.encode() if isinstance(payload, str) else payload
        messages.append(Message(payload, len(data)))
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
        borders = [0, *cuts, len(data)]
        pieces = [data[start:end] for start, end in pairwise(borders)]
        for number, piece in enumerate(pieces):
            opcode = CONTINUATION if number else TEXT if isinstance(payload, str) else BINARY
            stream.append(Frame(opcode, piece, fin=number == len(pieces) - 1))
            stream.extend(
                Frame(control) for control in draw(st.lists(st.sampled_from([PING, PONG]), max_size=2))
            )
    return messages, stream


@given(fragmented())
def test_what_was_sent_in_pieces_arrives_whole(sent: tuple[list[Message], list[Frame]]) -> None:
    """However messages are cut and whatever control frames lie between, exactly they come out, in order."""
    messages, stream = sent
    events = feed(stream)
    assert [event for event in events if isinstance(event, Message)] == messages
    assert sum(isinstance(event, Ping) for event in events) == sum(frame.opcode == PING for frame in stream)
    assert not any(isinstance(event, Violation) for event in events)
