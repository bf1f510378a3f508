"""A shelf keeps data of differing lengths, in memory that is there from the start."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from wsrun.result.shelf import Place, Shelf


@given(st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 5)), max_size=80))
def test_what_was_put_there_can_be_read_until_it_is_taken(steps: list[bytes | int]) -> None:
    """Whatever was put and taken before and after, and however often the rest was moved or room was made."""
    shelf = Shelf(64)
    kept: list[tuple[Place, bytes]] = []
    for step in steps:
        if isinstance(step, bytes):
            kept.append((shelf.put(step), step))
        elif step < len(kept):
            place, data = kept.pop(step)
            assert shelf.take(place) == data
        assert [shelf.read(place) for place, _ in kept] == [data for _, data in kept]
        assert shelf.kept == sum(len(data) for _, data in kept)
        assert shelf.kept <= shelf.room


def test_room_is_used_again() -> None:
    """A hundred thousand pieces, each in place of an older one and of another length, need no more room."""
    random, shelf = Random(1), Shelf(100_000)
    kept = [shelf.put(bytes(1000)) for _ in range(50)]
    for _ in range(100_000):
        number = random.randrange(50)
        shelf.take(kept[number])
        kept[number] = shelf.put(bytes(random.randrange(1400)))

    assert shelf.room == 100_000


def test_more_room_is_made_when_it_is_needed() -> None:
    """Nothing is lost by it."""
    shelf = Shelf(100)
    places = [shelf.put(bytes([number]) * 30) for number in range(100)]

    assert [shelf.read(place) for place in places] == [bytes([number]) * 30 for number in range(100)]
    assert 3000 <= shelf.room <= 8000
