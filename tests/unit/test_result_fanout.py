"""Joining deliveries: whatever happens, the numbers do not depend on who tells of it, nor when."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from performing import plan_of

from wsrun.expressions import IdMaker
from wsrun.metrics.facts import Arrivals, Entered, Event, Facts, Gone, Held, Left, Sent
from wsrun.metrics.snapshot import Labels, Snapshot
from wsrun.metrics.store import Store
from wsrun.result.fanout import FanOut

PLAN = plan_of(
    """
messages:
  say:
    json: { id: "{{ id }}" }
    deliver: { to: { room: a }, where: {}, id: $.id }
  shout: { json: { id: "{{ id }}" }, deliver: { to: everyone, where: {}, id: $.id, within: 2s, self: true } }
phases: [ { duration: 20s, clients: 1 } ]
"""
)
LABELS: Labels = (("message", "say"),)
CLIENTS = 6
END = 20.0

Arrival = tuple[float, int, str]
Story = tuple[list[Event], list[Arrival]]

times = st.integers(0, 160).map(lambda n: n / 8 + 0.01)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """What happens in a run: clients that live, move and send, and messages that arrive or do not."""
    events: list[Event] = []
    lives: list[tuple[float, float]] = []
    for client in range(CLIENTS):
        born, *lived = sorted(draw(st.lists(times, min_size=2, max_size=6, unique=True)))
        events.append(Held(born - 0.005, client, "room", (draw(st.sampled_from("ab")),)))
        events.append(Entered(born, client, again=False))
        events += [Held(at, client, "room", (draw(st.sampled_from("ab")),)) for at in lived[:-1]]
        if draw(st.booleans()):
            events.append(Left(lived[-1], client))
        events.append(Gone(lived[-1] + 0.004, client))
        lives.append((born - 0.005, lived[-1] + 0.004))
    arrivals: list[Arrival] = []
    makers = [IdMaker(client) for client in range(CLIENTS)]
    for at in sorted(set(draw(st.lists(times, max_size=8)))):
        sender, message = draw(st.integers(0, CLIENTS - 1)), draw(st.sampled_from((0, 1)))
        made = makers[sender].make(int(at * 1e6))
        audience = ("room", draw(st.sampled_from("ab"))) if message == 0 else ("", None)
        events.append(Sent(at + 0.001, sender, made, message, audience, LABELS))
        for client in draw(st.lists(st.integers(0, CLIENTS - 1), max_size=8)):
            came = at + 0.002 + draw(st.integers(0, 40)) / 8
            if lives[client][0] <= came < lives[client][1]:
                arrivals.append((came, client, made))
    return sorted(events, key=lambda event: event.at), sorted(arrivals)


def told(story: Story, worker_of: Callable[[int], int], workers: int, ends: Iterable[float]) -> Store:
    """Join a story that several workers tell, in intervals."""
    events, arrivals = story
    fanout = FanOut(PLAN)
    snapshots: list[Snapshot] = []
    named: set[int] = set()
    start = -1.0
    for index, end in enumerate([*sorted(ends), float("inf")]):
        for worker in range(workers):
            facts = Facts(arrivals=[{}])
            for event in events:
                if start < event.at <= end and worker_of(event.client) == worker:
                    facts.events.append(event)
                    if event.client not in named:
                        named.add(event.client)
                        facts.clients[event.client] = (f"people/{event.client}", "people")
            for at, client, made in arrivals:
                if start < at <= end and worker_of(client) == worker:
                    kept = facts.arrivals[0].setdefault(made, Arrivals(array("I"), array("d")))
                    kept.clients.append(client)
                    kept.times.append(at)
            fanout.add(facts)
        fanout.settle(end)
        snapshots.append(fanout.snapshot(index, start, min(end, END)))
        start = end
    store = Store()
    for snapshot in snapshots:
        store.add(snapshot)
    return store


def numbers(store: Store) -> dict[str, Any]:
    """Return the counters, and the sums of the distributions."""
    found: dict[str, Any] = {name: count for (name, _), count in store.counters.items() if count}
    for (name, _), histogram in store.distributions.items():
        found[name] = (histogram.count, round(histogram.total, 6), histogram.minimum, histogram.maximum)
    return found


@given(
    stories(), st.lists(st.integers(0, 2), min_size=CLIENTS, max_size=CLIENTS), st.lists(times, max_size=9)
)
def test_the_numbers_do_not_depend_on_workers_and_intervals(
    story: Story, spread: list[int], ends: list[float]
) -> None:
    """Three workers that tell of nine intervals say what one says that tells of everything at once."""
    alone = told(story, lambda client: 0, 1, [])
    together = told(story, lambda client: spread[client], 3, ends)

    assert numbers(together) == numbers(alone)


@given(stories())
def test_every_arrival_has_one_meaning(story: Story) -> None:
    """In time, late, again, leaked or nobody's business: never two of these, and no more than came."""
    found = numbers(told(story, lambda client: 0, 1, []))
    meanings = ("delivery.received", "delivery.late", "delivery.duplicates", "isolation.leaks")

    assert sum(found.get(name, 0) for name in meanings) <= len(story[1])
    expected = found.get("delivery.expected", 0)
    assert found.get("delivery.received", 0) + found.get("delivery.late", 0) <= expected
    assert found.get("delivery.time", (0,))[0] == sum(found.get(name, 0) for name in meanings[:2])


def test_what_never_came_is_not_remembered_without_end() -> None:
    """A server that passes nothing on: the count is exact, and the memory of who missed what is bounded."""
    fanout, crowd, sends = FanOut(PLAN), 2000, 400
    facts = Facts(clients={number: (f"people/{number}", "people") for number in range(crowd)})
    facts.events = [Entered(0.0, number, again=False) for number in range(crowd)]
    maker = IdMaker(0)
    facts.events += [Sent(1.0, 0, maker.make(1), 1, ("", None), LABELS) for _ in range(sends)]
    fanout.add(facts)
    fanout.settle(10.0)
    store = Store()
    store.add(fanout.snapshot(0, 0.0, END))

    assert numbers(store) == {"delivery.expected": crowd * sends}
    assert sum(len(message.missing) for message in fanout._settled.values()) <= 500_000


def test_what_is_gone_and_old_is_forgotten() -> None:
    """A run of any length keeps what the last minute needs: nothing grows with those who were there."""
    fanout = FanOut(PLAN)
    for number in range(500):
        at = float(number)
        facts = Facts(clients={number: (f"people/{number}", "people")}, arrivals=[{}])
        facts.events = [
            Held(at, number, "room", ("a",)),
            Entered(at, number, again=False),
            Sent(at + 0.1, number, IdMaker(number).make(1), 0, ("room", "a"), LABELS),
            Left(at + 0.5, number),
            Gone(at + 0.6, number),
        ]
        facts.arrivals[0][IdMaker(number).make(99)] = Arrivals(array("I", [number]), array("d", [at]))
        fanout.add(facts)
        fanout.settle(at + 1)

    assert len(fanout._audiences.clients) < 80
    assert len(fanout._arrivals) < 80
    assert fanout._audiences._members == {}
    assert not fanout._events
