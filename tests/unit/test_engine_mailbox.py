"""The mailbox: frames wait for whoever expects them, the oldest first, and none is lost uncounted."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsrun.engine import mailbox as module
from wsrun.engine.mailbox import Expectation, Mailbox
from wsrun.engine.programs import compile_captures
from wsrun.engine.room import LEAST_MAIL, MAIL_IN_ALL, MOST_MAIL, MOST_NUMBERS, Room
from wsrun.metrics.recorder import Traffic
from wsrun.patterns import Frame


def frame(text: str) -> Frame:
    return Frame(text, 0.0)


def expecting(prefix: str, wanted: int = 1, captures: Any = ()) -> Expectation:
    return Expectation(lambda one: str(one.payload).startswith(prefix), captures, wanted)


class Box:
    """A mailbox with its traffic and variables."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.traffic = Traffic(())
        self.unmatched: list[Frame] = []
        self.variables: dict[str, Any] = {}
        self.room = Room()
        self.mailbox = Mailbox(self.variables, self.unmatched.append, self.room, is_open=is_open)

    def arrive(self, *texts: str) -> None:
        """Let frames come that belong to no request."""
        for text in texts:
            if not self.mailbox.offer(frame(text)):
                self.mailbox.keep(frame(text), self.traffic)

    @property
    def kept(self) -> list[str]:
        return [str(one.payload) for one in self.mailbox.frames]


def test_what_came_before_is_read_oldest_first_and_the_rest_stays() -> None:
    """A greeting that came before anybody expected it is found; others keep their order."""
    box = Box()
    box.arrive("a1", "b1", "a2", "b2", "a3")

    assert box.mailbox.expect(expecting("a", wanted=2)) is True
    assert box.kept == ["b1", "b2", "a3"]


def test_what_is_missing_is_taken_as_it_comes() -> None:
    """The future ends with the last wanted frame; what comes after it waits for the next expectation."""

    async def main() -> None:
        box = Box()
        box.arrive("a1")
        expectation = expecting("a", wanted=3)
        assert box.mailbox.expect(expectation) is False
        expectation.future = asyncio.get_running_loop().create_future()
        box.arrive("a2", "b1")
        assert not expectation.future.done()
        box.arrive("a3", "a4")
        assert await expectation.future is True
        assert box.kept == ["b1", "a4"]

    asyncio.run(main())


def test_an_expectation_that_is_given_up_takes_nothing_more() -> None:
    """Its future ends unmet, once; later frames are kept."""

    async def main() -> None:
        box = Box()
        expectation = expecting("a")
        box.mailbox.expect(expectation)
        expectation.future = asyncio.get_running_loop().create_future()
        box.mailbox.release()
        box.mailbox.release()
        assert await expectation.future is False
        box.arrive("a1")
        assert box.kept == ["a1"]

    asyncio.run(main())


def test_captures_are_written_by_the_frames_that_were_taken() -> None:
    """The latest wins; a frame that lacks the value leaves it as it was."""
    box = Box()
    captures = compile_captures((("user", "$.user"), ("room", "$.room")))
    box.arrive('{"user": 1, "room": "x"}', '{"user": 2}', '{"other": 3}')

    assert box.mailbox.expect(Expectation(lambda one: "user" in str(one.payload), captures, 2))
    assert box.variables == {"user": 2, "room": "x"}


def test_a_closed_mailbox_keeps_nothing() -> None:
    """Where nothing will be expected, a frame that nobody takes is unmatched at once."""
    box = Box(is_open=False)
    box.arrive("a", "b")

    assert box.kept == []
    assert len(box.unmatched) == 2
    assert box.mailbox.expect(expecting("a")) is False


def test_closing_counts_what_was_for_nobody_and_ends_the_wait() -> None:
    """Nothing is lost uncounted, and nobody waits for a connection that is gone."""

    async def main() -> None:
        box = Box()
        box.arrive("b1", "b2")
        expectation = expecting("a")
        box.mailbox.expect(expectation)
        expectation.future = asyncio.get_running_loop().create_future()
        box.mailbox.close()
        assert await expectation.future is False
        assert (len(box.unmatched), box.kept, box.mailbox.is_open) == (2, [], False)
        box.mailbox.close()
        assert len(box.unmatched) == 2

    asyncio.run(main())


def test_beyond_its_room_the_oldest_frame_goes_and_is_counted() -> None:
    """A server that never stops talking costs a bounded memory."""
    box = Box()
    box.arrive(*(f"n{number}" for number in range(module.CAPACITY + 5)))

    assert len(box.kept) == module.CAPACITY
    assert box.kept[0] == "n5"
    assert (box.traffic.mailbox_dropped, len(box.unmatched)) == (5, 5)


def test_large_frames_take_no_more_than_the_room_of_the_mailbox() -> None:
    """The oldest go, counted; the newest stays, however large it is; what was taken makes room again."""
    box = Box()
    tenth = MOST_MAIL // 10
    box.arrive(*(f"{number}" * tenth for number in range(10)))
    assert (len(box.kept), box.traffic.mailbox_dropped) == (10, 0)
    assert box.mailbox.expect(expecting("0", wanted=1))
    box.arrive("a" * tenth)
    assert (len(box.kept), box.traffic.mailbox_dropped) == (10, 0)
    box.arrive("b" * tenth)
    assert (len(box.kept), box.traffic.mailbox_dropped, len(box.unmatched)) == (10, 1, 1)
    box.arrive("c" * 2 * MOST_MAIL)
    assert [one[0] for one in box.kept] == ["c"]
    assert box.traffic.mailbox_dropped == 11


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["a", "b", "c"]).map(lambda text: ("arrive", text)),
            st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3)).map(lambda pair: ("expect", pair)),
        ),
        max_size=60,
    )
)
def test_every_frame_is_taken_kept_or_counted(steps: list[tuple[str, Any]]) -> None:
    """Whatever comes and whatever is expected: nothing is taken twice, nothing vanishes."""
    box = Box()
    arrived, expectations = 0, []
    for verb, what in steps:
        if verb == "arrive":
            box.arrive(what)
            arrived += 1
        else:
            box.mailbox.release()
            prefix, wanted = what
            expectation = expecting(prefix, wanted)
            box.mailbox.expect(expectation)
            expectations.append((expectation, wanted))
    taken = sum(wanted - expectation.wanted for expectation, wanted in expectations)
    kept = len(box.kept)
    box.mailbox.close()

    assert arrived == taken + kept
    assert len(box.unmatched) == kept


def test_many_connections_have_less_room_each() -> None:
    """What they keep together is bounded, down to a least; a few have all that one may have."""
    room = Room()
    assert (room.mail, room.numbers) == (MOST_MAIL, MOST_NUMBERS)
    room.share(4096)
    assert room.mail == MAIL_IN_ALL // 4096 == 256 * 1024
    assert room.numbers < MOST_NUMBERS
    room.share(1_000_000)
    assert room.mail == LEAST_MAIL
    room.share(0)
    assert room.mail == MOST_MAIL


def test_a_mailbox_drops_what_there_is_no_room_for_any_more() -> None:
    """With the connections that come, the oldest frames go, and are counted."""
    box = Box()
    box.arrive("a" * 2 * LEAST_MAIL)
    box.room.share(1_000_000)
    box.arrive("b")

    assert box.kept == ["b"]
    assert box.traffic.mailbox_dropped == 1
