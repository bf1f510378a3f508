"""Whatever happens: every ledger adds up, and each message is sent or dropped once."""

from __future__ import annotations

from random import Random
from typing import Any

from echoing import PING, ledger, perform, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from rigged import Network, connections, perform_with, scenario, spend

from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.pacing.arrivals import offsets
from wsrun.transports import Closing, ConnectFailure

# Everything at once


class Chaos:
    """A server that answers, or answers late, twice, wrongly or never; that refuses, closes, vanishes."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.delivered = 0

    def refuse(self, number: int) -> ConnectFailure | None:
        kinds = [("refused", 503), ("timed_out", None), ("failed", None)]
        if self.random.random() < 0.8:
            return None
        kind, status = self.random.choice(kinds)
        return ConnectFailure(kind, kind, kind, status)  # type: ignore[arg-type]

    def answer(self, connection: Any, payload: bytes) -> None:
        rng, text = self.random, payload.decode()
        loop = connection.loop
        if rng.random() < 0.7:
            self.deliver(connection, text, rng.choice([0.0, 0.01, 0.3]))
        if rng.random() < 0.1:
            self.deliver(connection, text, rng.uniform(0.0, 3.0))
        if rng.random() < 0.1:
            self.deliver(connection, rng.choice(['{"push": 1}', "[]", "\xe9", "no", text[:-1]]), 0.1)
        if rng.random() < 0.03:
            cause = rng.choice([None, "reset", "eof"])
            closing = Closing(1006 if cause else 1011, "", "network" if cause == "reset" else "server", cause)
            after, told = rng.uniform(0.0, 0.5), rng.choice([0.0, 0.02, 2.0])
            loop.call_later(after, connection.end_later, told, closing)
        if rng.random() < 0.05:
            spend(rng.uniform(0.0, 0.2))

    def deliver(self, connection: Any, text: str, after: float) -> None:
        def arrive() -> None:
            if connection.is_open:
                self.delivered += 1
                connection.sink.received(text, connection.loop.time())

        connection.loop.call_later(after, arrive)


LEVELS = st.sampled_from(["0", "1", "7", "30", "{ from: 0, to: 20 }", "{ from: 12, to: 2 }"])
RATES = st.sampled_from(
    ["", ", rate: 40/s", ", rate: { from: 0/s, to: 90/s }", ", rate: 30/s, poisson: true"]
)
ROLES = st.sampled_from(["", ", mix: { one: { b: 3 } }", ", profiles: { two: 1 }", ", profiles: { mute: 1 }"])
PHASES = st.lists(
    st.tuples(LEVELS, RATES, ROLES, st.sampled_from(["", ", warm_up: 700ms"])), min_size=1, max_size=4
)
STEPS = st.sampled_from(
    [
        "",
        ", start: [ { send: a }, { send: [ a, b ], wait: false } ], end: [ { send: b } ]",
        ", start: [ { expect: { $.push: 1 }, timeout: 300ms, optional: true }, { think: 400ms } ]",
        ", end: [ { think: 300ms }, { send: a, times: 2 }, { expect: { $.push: 1 }, timeout: 1s } ]",
    ]
)


@settings(deadline=None, max_examples=80)
@given(
    phases=PHASES,
    steps=STEPS,
    think=st.sampled_from(["0s", "50ms", "{ exponential: 300ms }"]),
    seed=st.integers(0, 2**32),
    stop_at=st.none() | st.floats(0.0, 5.0),
    workers=st.integers(1, 3),
    drain=st.sampled_from(["0s", "500ms", "5s"]),
)
def test_whatever_happens_every_ledger_adds_up(
    phases: list[tuple[str, ...]],
    steps: str,
    think: str,
    seed: int,
    stop_at: float | None,
    workers: int,
    drain: str,
) -> None:
    """What was tried is what came of it, counted on both sides of the wire, and the run ends in time."""
    message = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s EXPECT } }'
    judged = message.replace("EXPECT", ", expect: { $.id: { exists: true } }")
    lines = [
        f"  - {{ duration: 1500ms, clients: {level}{rate}{role}{warm_up} }}"
        for level, rate, role, warm_up in phases
    ]
    text = (
        f"drain: {drain}\nmessages:\n"
        f"  a: {message.replace('EXPECT', '')}\n  b: {judged}\n"
        f"  c: {{ text: fact }}\nprofiles:\n"
        f"  one: {{ mix: {{ a: 2, c: 1 }}, think: {think}{steps} }}\n"
        f"  two: {{ mix: {{ a: 1, b: 1 }}, think: {think} }}\n  mute:\n"
        "clients: { all: { profiles: { one: 3, two: 1 } } }\nphases:\n" + "\n".join(lines) + "\n"
    )
    plan = scenario(text, "url: ws://127.0.0.1:1/, close_timeout: 1s")
    for worker in range(workers):
        chaos = Chaos(seed + worker)
        transport = Network(chaos.answer, latency=0.05, refuse=chaos.refuse, close_takes=0.01)
        performances: list[Performance] = []

        def act(world: World, performance: Performance, seen: list[Performance] = performances) -> None:
            seen.append(performance)
            if stop_at is not None:
                world.loop.call_later(stop_at, performance.stop)

        store = perform_with(plan, transport, act, worker=worker, workers=workers)

        counts, connects = ledger(store), connections(store)
        assert connects["attempted"] == sum(connects.values()) - connects["attempted"] == transport.attempts
        assert connects["established"] == store.counter("closed") == len(transport.connections)
        assert counts["expected"] == sum(counts.values()) - counts["expected"] - counts["sent"]
        sent = [payload for connection in transport.connections for _, payload in connection.sent]
        assert counts["sent"] == len(sent)
        assert store.counter("bytes.sent") == sum(map(len, sent))
        assert counts["sent"] - counts["expected"] == sent.count(b"fact")
        assert store.counter("messages.received") == chaos.delivered
        taken = counts["answered"] + counts["failed"] + store.counter("replies.late")
        left = store.counter("replies.extra") + store.counter("messages.unmatched")
        assert chaos.delivered - taken - left <= store.counter("expect.passed")
        assert chaos.delivered - taken - left >= 0
        assert store.distribution("round_trip").count == counts["answered"] + counts["timed_out"]
        assert store.distribution("service_time").count == counts["answered"]
        causes = store.by_label("errors", "cause")
        assert causes.get("reply-timeout", 0) == counts["timed_out"]
        assert causes.get("reply-lost", 0) == counts["lost"]
        assert causes.keys().isdisjoint({"not-connected", "internal-error", "missing-variable"})
        assert (store.distribution("generator.lateness").minimum or 0.0) >= 0.0
        assert all(gauge.minimum >= 0 for _, gauge in store.gauge_series("open"))
        assert [gauge.last for _, gauge in store.gauge_series("open")][-1:] in ([], [0])
        (performance,) = performances
        assert not performance._roster.sessions
        assert not performance._world.ready.in_group(0)
        assert store.end <= (plan.duration if stop_at is None else stop_at) + plan.drain + 6.0


@settings(deadline=None, max_examples=40)
@given(
    levels=st.lists(LEVELS, min_size=1, max_size=3),
    rates=st.lists(RATES.filter(bool), min_size=3, max_size=3),
    seed=st.integers(0, 2**32),
    workers=st.integers(1, 3),
    send_takes=st.sampled_from([0.0, 0.001, 0.03]),
)
def test_whatever_happens_each_scheduled_message_is_sent_or_dropped_by_one_worker(
    levels: list[str], rates: list[str], seed: int, workers: int, send_takes: float
) -> None:
    """Over all workers, sent and dropped of a phase are its schedule, however slow they are."""
    lines = [
        f"  - {{ duration: 1500ms, clients: {level}{rate} }}"
        for level, rate in zip(levels, rates, strict=False)
    ]
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases:\n" + "\n".join(lines) + "\n")
    found = dict.fromkeys([phase.name for phase in plan.phases], 0)
    for worker in range(workers):
        chaos = Chaos(seed + worker)
        transport = Network(chaos.answer, latency=0.05, refuse=chaos.refuse, send_takes=send_takes)
        store = perform(plan, transport, worker=worker, workers=workers)
        for phase in found:
            found[phase] += store.counter("messages.sent", phase=phase)
            found[phase] += store.counter("messages.dropped", phase=phase)

    assert found == {
        phase.name: sum(
            1
            for _ in offsets(
                phase.rate[0],
                None,
                phase.duration,
                poisson=phase.poisson,
                seed=f"{plan.seed}/{phase.index}/0",
            )
        )
        for phase in plan.phases
    }
