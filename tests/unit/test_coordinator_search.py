"""Searches in the coordinator: which level comes next, and when that is decided. No processes."""

from __future__ import annotations

from typing import Any

from performing import plan_of

from wsrun.coordinator.search import LEAD, Searches
from wsrun.engine.control import EndSearch, HoldLevel
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Gauge, Snapshot, series
from wsrun.plan import Plan
from wsrun.result.collector import Collector

HEAD = (
    'messages: { ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 3s } } }\n'
)


def plan(
    such_that: str = "round_trip.p95 < 100ms", more: str = "", levels: str = "from: 10, to: 40, step: 10"
) -> Plan:
    """A search over clients, each level held for 4 s and judged less one."""
    search = f"clients: {{ {levels} }}, hold: 4s, settle: 1s, such_that: [ {such_that} ]{more}"
    return plan_of(
        f"{HEAD}phases: [ {{ name: limit, search: {{ {search} }} }}, {{ name: after, duration: 5s }} ]\n"
    )


class Run:
    """A run whose target answers each level of ``value`` clients after ``latency(value)`` seconds."""

    def __init__(self, plan: Plan, workers: int = 1) -> None:
        self.collector = Collector(plan, workers)
        self.searches = Searches(plan, self.collector)
        self.workers = workers
        self.second = 0
        self.told: list[tuple[int, HoldLevel | EndSearch]] = []

    def tell(self, **measured: Any) -> None:
        """Let every worker tell of another second of the level that is held."""
        for worker in range(self.workers):
            self.collector.add(self.snapshot(worker, **measured))
        self.second += 1
        told = self.searches.decide(float(self.second))
        if isinstance(told, HoldLevel | EndSearch):
            self.told.append((self.second, told))

    def snapshot(
        self,
        worker: int,
        *,
        latency: float = 0.01,
        expected: int = 100,
        answered: int = 100,
        clients: float | None = None,
        lag: float = 0.001,
        refused: int = 0,
    ) -> Snapshot:
        """A second of a worker, all of it in the judged part of the level."""
        held = self.searches.level
        number, value = (held.number, held.value) if held is not None else (1, 0.0)
        place = {"group": "all", "profile": "default", "phase": "limit", "level": str(number)}
        made = Snapshot(worker=worker, index=self.second, start=float(self.second), end=self.second + 1.0)
        trips, lags = Histogram(), Histogram()
        for _ in range(answered):
            trips.add(latency)
        for _ in range(100):
            lags.add(lag)
        message = {**place, "message": "ping"}
        made.distributions = {
            series("round_trip", **message): trips,
            series("generator.lag", phase="limit", level=str(number), worker=str(worker)): lags,
        }
        made.counters = {
            series("messages.sent", **message): expected,
            series("replies.expected", **message): expected,
            series("replies.answered", **message): answered,
        }
        if refused:
            made.counters[series("connect.attempted", **place)] = refused
            made.counters[series("connect.refused", **place, status="503")] = refused
        open_now = value if clients is None else clients
        made.gauges = {
            series("open", **place, worker=str(worker)): Gauge.of(open_now / self.workers),
            series("generator.cpu", worker=str(worker)): Gauge.of(0.2),
        }
        return made

    def values(self) -> list[float]:
        """The values of the levels that workers were told to hold."""
        return [message.held.value for _, message in self.told if isinstance(message, HoldLevel)]


def follow(plan: Plan, latency: Any, *, seconds: int = 80, workers: int = 1, **measured: Any) -> Run:
    """Let a search go its way against a target with a latency at each level."""
    run = Run(plan, workers)
    while run.second < seconds and run.searches.level is not None:
        run.tell(latency=latency(run.searches.level.value), **measured)
    return run


def test_levels_follow_until_one_misses() -> None:
    """What comes after the miss is the phase behind the search."""
    run = follow(plan(), lambda value: 0.05 if value <= 20 else 0.2)
    (record,) = run.collector.searches

    assert run.values() == [20, 30]
    assert isinstance(run.told[-1][1], EndSearch)
    assert (record.best, record.broken, record.degraded, record.is_over) == (20, 30, 30, True)
    assert [level["met"] for level in record.levels] == [True, True, False]
    assert run.searches.plan.phases[1].start == run.told[-1][1].at


def test_a_level_is_judged_when_it_was_held() -> None:
    """Not a second earlier, and by every worker alike."""
    run = follow(plan(), lambda value: 0.01, workers=2)
    first, second, third, _ = run.told

    assert first[0] == 4
    assert isinstance(first[1], HoldLevel)
    assert first[1].held.start == 4 + LEAD
    # Held until 8.1 s, which the interval that ends at 9 s tells of.
    assert [second[0], third[0]] == [9, 14]


def test_a_worker_that_says_nothing_is_waited_for() -> None:
    """A level is judged by what all of them saw."""
    run = Run(plan(), workers=2)
    for second in range(10):
        run.second = second
        run.collector.add(run.snapshot(0))
        assert run.searches.decide(second + 1.0) is None
    for second in range(4):
        run.second = second
        run.collector.add(run.snapshot(1))
    assert isinstance(run.searches.decide(11.0), HoldLevel)


def test_replies_that_are_still_awaited_are_waited_for() -> None:
    """The slowest would be missing; but nobody waits longer than any reply may take."""
    run = Run(plan())
    run.tell(expected=100, answered=90)
    for _ in range(3):
        run.tell()
    assert run.told == []
    run.tell(expected=0, answered=10)
    assert [second for second, _ in run.told] == [5]

    stuck = Run(plan())
    while not stuck.told:
        stuck.tell(expected=100, answered=90)
    # The connect timeout of 10 s is the longest, and a second for the sweep.
    assert stuck.told[0][0] == 15


def test_deliveries_that_may_still_come_are_waited_for() -> None:
    """Whom a message reached is known two times ``within`` after it; a level would have no data before."""
    deliver = 'say: { json: { id: "{{ id }}" }, deliver: { to: everyone, where: {}, id: $.id, within: 3s } }'
    search = "clients: { from: 10, to: 40, step: 10 }, hold: 4s, settle: 1s, such_that: [ errors == 0 ]"
    run = Run(
        plan_of(
            f"{HEAD.replace('ping:', deliver + ', ping:', 1)}"
            f"phases: [ {{ name: limit, search: {{ {search} }} }} ]\n"
        )
    )
    while not run.told:
        run.tell()

    assert run.told[0][0] == 4 + 2 * 3
    assert run.searches.slack > 2 * 3


def test_a_search_ends_at_its_last_level() -> None:
    """Then nothing broke, and a criterion on what broke has no data."""
    run = follow(plan(), lambda value: 0.05)
    (record,) = run.collector.searches

    assert run.values() == [20, 30, 40]
    assert (record.best, record.broken, record.degraded) == (40, None, None)
    assert record.to_json()["finished"]


def test_a_first_level_that_misses_leaves_no_best() -> None:
    """0 is what criteria then compare with."""
    (record,) = follow(plan(), lambda value: 1.0).collector.searches

    assert (record.best, record.broken) == (0, 10)


def test_bisection_is_followed_too() -> None:
    """Up by doubling, then into the gap."""
    run = follow(
        plan(levels="from: 10, to: 100, step: 10", more=", bisect: true"), lambda v: 0.01 if v <= 50 else 1
    )

    assert run.values() == [20, 40, 80, 60, 50]
    assert (run.collector.searches[0].best, run.collector.searches[0].broken) == (50, 60)


def test_degradation_is_what_the_scenario_says_it_is() -> None:
    """Its own conditions, in place of twice the first p95."""
    text = ", degraded: [ round_trip.p95 < 30ms ]"
    run = follow(plan(more=text), lambda value: {10: 0.01, 20: 0.025, 30: 0.04}.get(value, 0.05))

    assert run.collector.searches[0].degraded == 30
    assert follow(plan(), lambda value: value / 1000).collector.searches[0].degraded == 30


def test_a_miss_while_the_generator_was_not_fit_says_nothing() -> None:
    """It is held again, twice, and then there is no answer; a level that is met is met all the same."""
    run = Run(plan())
    for _ in range(4):
        run.tell(lag=0.2)
    while run.searches.level is not None:
        run.tell(latency=0.5, lag=0.2)
    (record,) = run.collector.searches

    assert [(level["value"], level["met"]) for level in record.levels] == [
        (10, True),
        (20, None),
        (20, None),
        (20, None),
    ]
    assert record.problem is not None
    assert "event-loop lag" in record.problem
    assert (record.best, record.broken) == (10, None)


def test_a_level_whose_clients_are_not_there_is_missed() -> None:
    """A target that refuses the rest would look as good as ever."""
    (record,) = follow(plan(), lambda value: 0.01, clients=20.0).collector.searches

    assert (record.best, record.broken) == (20, 30)
    assert record.levels[-1]["note"] == "33% of the clients were not there"


def test_a_condition_on_connections_judges_who_is_missing_by_itself() -> None:
    """Refusals count in the level that they were for; a level that needs no connections misses nothing."""
    run = Run(plan(such_that="connect.success >= 50%"))
    for _ in range(4):
        run.tell(clients=1.0)
    for _ in range(5):
        run.tell(clients=1.0, refused=10)
    first, second = run.collector.searches[0].levels

    assert (first["met"], first["conditions"][0]["note"]) == (True, "nothing was measured for phase=limit")
    assert (second["met"], second["conditions"][0]["observed"]) == (False, 0)


def test_there_is_a_limit_to_how_long_a_search_takes() -> None:
    """Each decision moves the end of the plan, and the last one takes away what was kept for it."""
    run = Run(plan())
    assert run.searches.plan.duration == 25
    assert run.searches.slack > 3
    for _ in range(9):
        run.tell(latency=0.5)
    assert run.searches.slack == 0
    assert run.searches.plan.duration == 4 + LEAD + 5


def test_a_level_that_is_held_again_may_be_known_then() -> None:
    """What disturbed the generator has passed; what it saw meanwhile counts for nothing."""
    run = Run(plan())
    for _ in range(4):
        run.tell(latency=0.5, lag=0.2)
    while run.searches.level is not None:
        run.tell(latency=0.01 if run.searches.level.value <= 20 else 0.5)
    (record,) = run.collector.searches

    assert [(level["value"], level["met"]) for level in record.levels] == [
        (10, None),
        (10, True),
        (20, True),
        (30, False),
    ]
    assert (record.best, record.broken, record.problem) == (20, 30, None)
