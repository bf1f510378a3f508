"""The witness reads frames by itself: what it says can only count if that is right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.witness.frames import TEXT, accept_value, frame, frames_in, unmask
from websockets.frames import Frame, Opcode


def masked(opcode: int, payload: bytes) -> bytes:
    """Return the frame as another library writes it."""
    return Frame(Opcode(opcode), payload).serialize(mask=True)


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_frames_are_found_however_the_bytes_arrive(payloads: list[bytes], chunk: int) -> None:
    """The payloads come back whole and in order, for any cut of the stream."""
    stream = b"".join(masked(TEXT, payload) for payload in payloads)
    data, found = bytearray(), []
    for at in range(0, len(stream), chunk):
        data += stream[at : at + chunk]
        found += frames_in(data)
    assert found == [(TEXT, payload) for payload in payloads]
    assert not data


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]))
def test_frames_are_written_as_another_library_writes_them(size: int) -> None:
    """Every form of the length is the shortest one (RFC 6455 §5.2)."""
    payload = bytes(size)
    assert frame(TEXT, payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_the_handshake_and_the_mask_follow_the_examples_of_the_standard() -> None:
    """RFC 6455 §1.3 and §5.7 give a key with its answer, and a masked Hello."""
    assert accept_value(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert unmask(bytes.fromhex("37fa213d"), bytes.fromhex("7f9f4d5158")) == b"Hello"
