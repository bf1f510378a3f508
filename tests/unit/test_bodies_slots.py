"""Joining constant bytes and slots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scopes import Client

from wsrun.bodies.slots import Slot, id_slot, join_slots
from wsrun.expressions import Scope


def slot_of(piece: bytes) -> Slot:
    """Return a slot that always gives these bytes."""

    def give(scope: Scope) -> bytes:
        return piece

    return give


PIECES = st.lists(st.tuples(st.booleans(), st.binary(max_size=4)), max_size=12)


@given(PIECES)
def test_all_parts_stand_in_their_order(pieces: list[tuple[bool, bytes]]) -> None:
    """However many slots there are, and whatever stands between them."""
    build = join_slots([slot_of(piece) if is_slot else piece for is_slot, piece in pieces])
    assert b"".join(piece for _, piece in pieces) == build(Client())


def test_a_body_without_slots_is_the_same_object_each_time() -> None:
    """Nothing is built for a constant."""
    build = join_slots([b"a", b"", b"b"])
    assert build(Client()) == b"ab"
    assert build(Client()) is build(Client())


def test_an_id_alone_may_stand_between_any_letters() -> None:
    """Its text is joined and then encoded, which must come to the same."""
    build = join_slots(["<é".encode(), id_slot, "€>".encode()])
    assert "<é0000€>".encode() == build(Client(message_id="0000"))
