"""``sync``: who waits for whom, and for how long. Whole runs of one worker in virtual time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

import pytest
from performing import causes, perform, plan_of, sentences
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.coordinator.barriers import Barriers
from wsrun.engine.control import Ask, FromWorker, Gathered, Release
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.plan import Plan
from wsrun.transports import ConnectFailure

SAY = 'messages: { say: { text: "{{ client.index }}" }, late: { text: late } }\n'


def times(transport: FakeTransport, payload: bytes = b"") -> list[list[float]]:
    """When each client sent (what begins with ``payload``), to a tenth of a second."""
    return [
        [round(at, 1) for at, sent in connection.sent if sent.startswith(payload)]
        for connection in transport.connections
    ]


def listens(connection: FakeConnection, payload: bytes) -> None:
    """Answer nothing."""


def run(text: str, transport: FakeTransport | None = None) -> tuple[list[Any], FakeTransport]:
    """Run a scenario against a server that only listens."""
    there = transport or FakeTransport(listens)
    return perform(plan_of(SAY + text), there), there


STAGGERED = (
    "profiles: { p: { flow: [ { if: '{{ client.index == 0 }}', then: [ { expect_none: {}, for: 3s } ],"
    " else: [ { expect_none: {}, for: 1s } ] }, { sync: here }, { send: say } ] } }\n"
)


def test_the_slowest_sets_the_pace() -> None:
    """Nobody speaks before it has come, and each round is a barrier of its own."""
    snapshots, transport = run(STAGGERED + "phases: [ { duration: 10s, clients: 3 } ]\n")

    assert times(transport) == [[3.0, 6.0, 9.0]] * 3
    assert causes(snapshots) == {}


def test_groups_do_not_wait_for_each_other() -> None:
    """The same name in another group is another barrier."""
    _, transport = run(
        "profiles: { slow: { flow: [ { expect_none: {}, for: 4s }, { sync: here }, { send: late } ] },"
        " quick: { flow: [ { expect_none: {}, for: 1s }, { sync: here }, { send: say } ] } }\n"
        "clients: { a: { profiles: { slow: 1 } }, b: { profiles: { quick: 1 } } }\n"
        "phases: [ { duration: 9s, clients: { a: 2, b: 2 } } ]\n"
    )
    assert sorted(times(transport, b"late")) == [[], [], [4.0, 8.0], [4.0, 8.0]]
    assert max(len(sent) for sent in times(transport)) == 8


def test_who_has_no_such_step_is_not_waited_for() -> None:
    """Clients of the group with another profile never come."""
    _, transport = run(
        "profiles: { chorus: { flow: [ { expect_none: {}, for: 2s }, { sync: here }, { send: say } ] },"
        " audience: }\n"
        "clients: { all: { profiles: { chorus: 1, audience: 1 } } }\n"
        "phases: [ { duration: 5s, clients: 4 } ]\n"
    )
    assert sorted(times(transport)) == [[], [], [2.0, 4.0], [2.0, 4.0]]


def test_who_joins_meanwhile_is_waited_for() -> None:
    """From its birth on; it is in the run."""
    _, transport = run(
        "profiles: { p: { flow: [ { expect_none: {}, for: 2s }, { sync: here }, { send: say } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 }, { duration: 6s, clients: 2 } ]\n"
    )
    assert times(transport) == [[3.0, 5.0], [3.0, 5.0]]


def test_who_leaves_is_not_waited_for() -> None:
    """And stops waiting without harm."""
    snapshots, transport = run(
        STAGGERED + "phases: [ { duration: 2s, clients: 3 }, { duration: 6s, clients: 0 } ]\n"
    )
    assert times(transport) == [[], [], []]
    assert causes(snapshots) == {}

    one_leaves = "phases: [ { duration: 2s, clients: { from: 3, to: 3 } }, { duration: 6s, clients: 1 } ]\n"
    slow_one_leaves = STAGGERED.replace("client.index == 0", "client.index == 2") + one_leaves
    _, transport = run(slow_one_leaves)
    assert times(transport)[0][:2] == [2.0, 3.0]


def test_who_is_lost_is_not_waited_for() -> None:
    """Whether it waits itself, or was still on its way."""
    cut: list[FakeConnection] = []

    def cuts(connection: FakeConnection, payload: bytes) -> None:
        if payload == b"late" and not cut:
            cut.append(connection)
            connection.drop(after=1.0)

    snapshots, transport = run(
        "profiles: { p: { start: [ { send: late } ], flow: [ { if: '{{ client.index == 0 }}',"
        " then: [ { expect_none: {}, for: 5s } ], else: [ { expect_none: {}, for: 500ms } ] },"
        " { sync: here }, { send: say } ] } }\n"
        "phases: [ { duration: 3s, clients: 3 } ]\n",
        FakeTransport(cuts),
    )
    assert [sent[:2] for sent in times(transport, b"1") + times(transport, b"2") if sent] == [
        [1.0, 1.5],
        [1.0, 1.5],
    ]
    assert causes(snapshots) == {"eof": 1}


def test_who_cannot_connect_is_not_waited_for() -> None:
    """It has ended; the others are all there are."""
    refused = ConnectFailure("refused", "refused-503", "no", status=503)
    transport = FakeTransport(listens, refuse=lambda number: refused if number == 1 else None)
    _, transport = run(
        "profiles: { p: { flow: [ { expect_none: {}, for: 1s }, { sync: here }, { send: say } ] } }\n"
        "phases: [ { duration: 2500ms, clients: 3 } ]\n",
        transport,
    )
    assert times(transport) == [[1.0, 2.0], [1.0, 2.0]]


def test_a_sync_of_start_waits_for_those_who_start() -> None:
    """Whoever has done its ``start`` does not come again."""
    _, transport = run(
        "profiles: { p: { start: [ { expect_none: {}, for: 1s }, { sync: ready }, { send: say } ] } }\n"
        "phases: [ { duration: 3s, clients: 2 }, { duration: 3s, clients: 4 } ]\n"
    )
    assert times(transport) == [[1.0], [1.0], [4.0], [4.0]]


def test_rounds_that_are_over_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand rounds a minute, each with an hour of patience, are one entry of the agenda at a time."""
    sizes = []
    push = heapq.heappush

    def counting(heap: list[Any], entry: Any) -> None:
        push(heap, entry)
        # The agenda's entries are a time, a number and what is to be done; the loop has others.
        if isinstance(entry, tuple) and len(entry) == 3 and isinstance(entry[0], float):
            sizes.append(len(heap))

    monkeypatch.setattr(heapq, "heappush", counting)
    run(
        "profiles: { p: { flow: [ { expect_none: {}, for: 60ms }, { sync: here, timeout: 1h } ] } }\n"
        "phases: [ { duration: 60s, clients: 3 } ]\n"
    )

    assert 1 < max(sizes) < 20


def test_each_waits_as_long_as_its_own_step_says() -> None:
    """Two steps of one name with different patience: one gives up each second, the other each three."""
    snapshots, _ = run(
        "profiles:\n"
        "  quick: { flow: [ { sync: here, timeout: 1s }, { expect_none: {}, for: 1h } ] }\n"
        "  slow: { flow: [ { sync: here, timeout: 3s }, { expect_none: {}, for: 1h } ] }\n"
        "  never: { flow: [ { expect_none: {}, for: 1h }, { sync: here } ] }\n"
        "clients: { all: { profiles: { quick: 1, slow: 1, never: 1 } } }\n"
        "phases: [ { duration: 10s, clients: 3 } ]\n"
    )
    found = [
        round(at, 1)
        for snapshot in snapshots
        for cause, detail in snapshot.errors.items()
        if cause == "sync-timeout"
        for at, _, _ in detail.samples
    ]

    assert sorted(found)[:6] == [1.0, 2.0, 3.0, 3.0, 4.0, 5.0]


def test_who_waits_too_long_gives_up() -> None:
    """Its step fails, with a cause of its own, and its flow begins anew."""
    snapshots, transport = run(
        "profiles: { p: { flow: [ { if: '{{ client.index == 0 }}', then: [ { expect_none: {}, for: 60s } ] },"
        " { sync: here, timeout: 2s }, { send: say } ] } }\n"
        "phases: [ { duration: 5s, clients: 3 } ]\n"
    )
    assert times(transport) == [[], [], []]
    assert causes(snapshots) == {"sync-timeout": 4}
    assert sentences(snapshots)[0] == "2 of 3 clients had come to 'here' within 2 s"


@pytest.mark.parametrize("clients", [1, 2])
def test_a_flow_that_does_nothing_else_does_not_run_away(clients: int) -> None:
    """Alone, or with another one, at no more than the pace of any flow that neither sends nor waits."""
    snapshots, _ = run(
        "profiles: { p: { flow: [ { sync: here } ] } }\n"
        f"phases: [ {{ duration: 2s, clients: {clients} }} ]\n"
    )
    assert causes(snapshots) == {}


# Over several workers


class Together:
    """Workers in one loop, and their coordinator's barriers; what is said takes ``delay`` seconds."""

    def __init__(self, plan: Plan, workers: int, delay: float = 0.001) -> None:
        self.plan, self.workers, self.delay = plan, workers, delay
        self.transports = [FakeTransport(listens) for _ in range(workers)]
        self.snapshots: list[Any] = []
        self.said: list[tuple[int, FromWorker]] = []
        self.barriers = Barriers()
        self.performances: list[Performance] = []

    def perform(self) -> None:
        """Run all of them to their end."""
        run_virtual(asyncio.wait_for(self._all(), 300))

    async def _all(self) -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        for number in range(self.workers):
            world = World(
                self.plan,
                self.transports[number],
                loop,
                worker=number,
                workers=self.workers,
                surroundings=around,
            )
            world.begin(loop.time())
            assert world.rendezvous is not None
            world.rendezvous.tell = self._hears(number)
            self.performances.append(Performance(world, self.snapshots.append))
        await asyncio.gather(*(performance.run() for performance in self.performances))

    def _hears(self, number: int) -> Callable[[FromWorker], None]:
        def hear(message: FromWorker) -> None:
            asyncio.get_running_loop().call_later(self.delay * (1 + number), self._take, number, message)

        return hear

    def _take(self, number: int, message: FromWorker) -> None:
        self.said.append((number, message))
        assert isinstance(message, Gathered)
        answer = self.barriers.hear(number, message, range(self.workers))
        for performance in self.performances:
            if isinstance(answer, Ask):
                asyncio.get_running_loop().call_later(self.delay, performance.ask, answer)
            elif isinstance(answer, Release):
                asyncio.get_running_loop().call_later(self.delay, performance.release, answer)


def test_clients_of_two_workers_wait_for_each_other() -> None:
    """As if they were in one, but for the way that the news takes."""
    together = Together(plan_of(SAY + STAGGERED + "phases: [ { duration: 10s, clients: 5 } ]\n"), 2)
    together.perform()

    sent = [when for transport in together.transports for when in times(transport)]
    assert sent == [[3.0, 6.0, 9.0]] * 5
    assert causes(together.snapshots) == {}


def test_a_worker_without_clients_holds_nobody_up() -> None:
    """It has its say when it is asked."""
    together = Together(plan_of(SAY + STAGGERED + "phases: [ { duration: 7s, clients: 1 } ]\n"), 3)
    together.perform()

    assert times(together.transports[0]) == [[3.0, 6.0]]


def test_a_worker_whose_clients_come_later_is_waited_for() -> None:
    """Nobody there yet and nobody there ever are told apart as soon as the first one is born."""
    together = Together(
        plan_of(
            SAY
            + "profiles: { p: { flow: [ { expect_none: {}, for: 2s }, { sync: here }, { send: say } ] } }\n"
            "phases: [ { duration: 1s, clients: 1 }, { duration: 7s, clients: 2 } ]\n"
        ),
        2,
    )
    together.perform()

    assert [times(transport) for transport in together.transports] == [[[3.0, 5.0, 7.0]], [[3.0, 5.0, 7.0]]]


def test_who_leaves_another_worker_is_not_waited_for() -> None:
    """The others learn of it at once."""
    text = STAGGERED.replace("client.index == 0", "client.index == 1").replace("for: 3s", "for: 60s")
    together = Together(
        plan_of(SAY + text + "phases: [ { duration: 4s, clients: 2 }, { duration: 3s, clients: 1 } ]\n"), 2
    )
    together.perform()

    assert times(together.transports[0])[0][:2] == [4.0, 5.0]
    assert times(together.transports[1]) == [[]]


def test_little_is_said() -> None:
    """Some messages a round and worker, however many clients there are."""
    together = Together(plan_of(SAY + STAGGERED + "phases: [ { duration: 7s, clients: 60 } ]\n"), 2)
    together.perform()

    assert [len(when) for transport in together.transports for when in times(transport)] == [2] * 60
    assert len(together.said) <= 20


# The coordinator


def told(whole: bool, number: int = 0) -> Gathered:
    """What a worker says of the barrier in these tests."""
    return Gathered(0, "here", number, whole)


def test_nobody_is_released_before_all_have_answered() -> None:
    """Also not by what was said before the question, which may be so no longer."""
    barriers = Barriers()

    assert barriers.hear(0, told(False), (0, 1)) is None
    assert barriers.hear(0, told(True), (0, 1)) == Ask(0, "here", 0)
    assert barriers.hear(0, told(True), (0, 1)) is None
    assert barriers.hear(1, told(True), (0, 1)) == Release(0, "here", 0)


def test_who_is_not_ready_says_so_later() -> None:
    """The one that answered no is waited for, and who takes back a yes too."""
    barriers = Barriers()
    barriers.hear(0, told(True), (0, 1))
    barriers.hear(0, told(True), (0, 1))

    assert barriers.hear(1, told(False), (0, 1)) is None
    assert barriers.hear(0, told(False), (0, 1)) is None
    assert barriers.hear(1, told(True), (0, 1)) is None
    assert barriers.hear(0, told(True), (0, 1)) == Release(0, "here", 0)


def test_what_is_said_of_a_round_that_is_over_means_nothing() -> None:
    """It was on its way while all were released."""
    barriers = Barriers()
    barriers.hear(0, told(True), (0,))
    assert barriers.hear(0, told(True), (0,)) == Release(0, "here", 0)

    assert barriers.hear(0, told(True), (0,)) is None
    assert barriers.hear(0, told(True, 1), (0,)) == Ask(0, "here", 1)


def test_a_worker_that_is_gone_is_not_asked() -> None:
    """Those that are still at work decide among themselves."""
    barriers = Barriers()
    barriers.hear(0, told(True), (0, 1))

    assert barriers.hear(0, told(True), (0,)) == Release(0, "here", 0)
