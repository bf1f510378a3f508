"""The store: sums over snapshots, and what is selected from them."""

from __future__ import annotations

from array import array
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Gauge, Series, Snapshot, series
from wsrun.metrics.store import Store, stored


def histogram_of(*values: float) -> Histogram:
    histogram = Histogram()
    histogram.add_array(array("d", values))
    return histogram


def snapshot(worker: int = 0, index: int = 0, **fields: Any) -> Snapshot:
    return Snapshot(worker=worker, index=index, start=float(index), end=index + 1.0, **fields)


SAY = {"message": "say", "profile": "active"}
WHO = {"message": "who", "profile": "active"}


def example() -> Store:
    return stored(
        [
            snapshot(
                counters={
                    series("messages.sent", phase="steady", **SAY): 5,
                    series("messages.sent", phase="steady", **WHO): 2,
                    series("messages.sent", phase="steady", part="warm-up", **SAY): 100,
                    series("bytes.sent", phase="steady", **SAY): 999,
                },
                distributions={
                    series("round_trip", phase="steady", **SAY): histogram_of(1.0, 2.0),
                    series("round_trip", phase="steady", part="warm-up", **SAY): histogram_of(50.0),
                },
            ),
            snapshot(
                index=1,
                counters={series("messages.sent", phase="spike", **SAY): 7},
                distributions={series("round_trip", phase="spike", **SAY): histogram_of(4.0)},
            ),
        ]
    )


def test_counters_are_selected_by_the_labels_they_contain() -> None:
    """All, some by one label, some by two, none."""
    store = example()
    assert store.counter("messages.sent") == 114
    assert store.counter("messages.sent", message="say") == 112
    assert store.counter("messages.sent", message="say", phase="spike") == 7
    assert store.counter("messages.sent", message="nothing") == 0
    assert store.counter("messages.sent", colour="red") == 0
    assert store.counter("no.such.metric") == 0


def test_warm_ups_are_left_out_where_judged() -> None:
    """They stay in the total."""
    store = example()
    assert store.counter("messages.sent", judged=True) == 14
    assert store.counter("messages.sent", judged=True, phase="steady") == 7
    assert store.counter("messages.sent", part="warm-up") == 100
    assert store.distribution("round_trip", judged=True).maximum == 4.0
    assert store.distribution("round_trip").maximum == 50.0


def test_distributions_are_merged_over_the_selected_series() -> None:
    """And empty where nothing is selected."""
    store = example()
    assert store.distribution("round_trip", judged=True) == histogram_of(1.0, 2.0, 4.0)
    assert store.distribution("round_trip", phase="spike") == histogram_of(4.0)
    assert store.distribution("round_trip", phase="nothing").count == 0


def test_asking_changes_nothing() -> None:
    """A merged distribution is a copy."""
    store = example()
    store.distribution("round_trip", phase="spike").add(9.0)
    assert store.distribution("round_trip", phase="spike") == histogram_of(4.0)


def test_adding_a_snapshot_leaves_it_as_it_was() -> None:
    """It may be sent elsewhere as well."""
    first = snapshot(distributions={series("round_trip"): histogram_of(1.0)})
    store = stored([first, snapshot(index=1, distributions={series("round_trip"): histogram_of(2.0)})])
    assert store.distribution("round_trip").count == 2
    assert first.distributions[series("round_trip")] == histogram_of(1.0)


def test_numbers_can_be_grouped_by_a_label() -> None:
    """Sorted by value; series without the label have no part in it."""
    store = example()
    assert store.by_label("messages.sent", "message") == {"say": 112, "who": 2}
    assert store.by_label("messages.sent", "message", judged=True, phase="steady") == {"say": 5, "who": 2}
    assert store.by_label("messages.sent", "code") == {}
    assert store.distributions_by_label("round_trip", "phase", judged=True) == {
        "spike": histogram_of(4.0),
        "steady": histogram_of(1.0, 2.0),
    }
    assert store.values("messages.sent", "phase", message="who") == ["steady"]


def test_the_store_knows_how_far_the_run_got() -> None:
    """From the first start to the last end; nothing at first."""
    store = Store()
    assert (store.begin, store.end) == (0.0, 0.0)
    store.add(snapshot(index=4))
    store.add(snapshot(index=3))
    assert (store.begin, store.end) == (3.0, 5.0)


def test_open_connections_add_up_over_workers_and_groups() -> None:
    """One reading an interval, whatever the number of series."""
    store = stored(
        [
            snapshot(0, 0, gauges={series("open", group="a", worker="0"): Gauge.of(10.0)}),
            snapshot(1, 0, gauges={series("open", group="a", worker="1"): Gauge(2.0, 6.0, 8.0, 2, 6.0)}),
            snapshot(0, 1, gauges={series("open", group="b", worker="0"): Gauge.of(1.0)}),
        ]
    )
    assert store.gauge_series("open") == [(0.0, Gauge(12.0, 16.0, 14.0, 1, 16.0)), (1.0, Gauge.of(1.0))]
    assert store.gauge_series("open", group="b") == [(1.0, Gauge.of(1.0))]


def test_the_cpu_is_that_of_the_busiest_worker() -> None:
    """Half a core twice is not a whole one."""
    store = stored(
        snapshot(worker, 0, gauges={series("generator.cpu", worker=str(worker)): Gauge.of(share)})
        for worker, share in enumerate((0.5, 0.7, 0.4))
    )
    assert store.gauge_series("generator.cpu") == [(0.0, Gauge.of(0.7))]


def test_workers_share_the_time_of_an_interval_though_their_clocks_differ() -> None:
    """An interval is told by its number."""
    readings = [Gauge.of(1.0), Gauge.of(2.0)]
    store = stored(
        Snapshot(
            worker=n, index=7, start=7 + n / 1000, end=8.0, gauges={series("open", worker=str(n)): gauge}
        )
        for n, gauge in enumerate(readings)
    )
    assert store.gauge_series("open") == [(7.0, Gauge.of(3.0))]


def test_a_gauge_that_is_read_often_comes_as_a_distribution() -> None:
    """Each interval is one reading with its own extremes; the distribution is there as well."""
    key = series("generator.lag", worker="0")
    store = stored(
        [
            snapshot(0, 0, distributions={key: histogram_of(0.001, 0.003)}),
            snapshot(0, 1, distributions={key: histogram_of(0.2)}),
        ]
    )
    assert store.gauge_series("generator.lag") == [
        (0.0, Gauge(0.001, 0.003, 0.002, 1, 0.003)),
        (1.0, Gauge(0.2, 0.2, 0.2, 1, 0.2)),
    ]
    assert store.distribution("generator.lag").count == 3


KEYS = st.sampled_from(
    [series("errors", cause=cause, phase=phase) for cause in ("timeout", "close") for phase in ("a", "b")]
)
SNAPSHOTS = st.lists(
    st.builds(
        snapshot,
        worker=st.integers(min_value=0, max_value=3),
        index=st.integers(min_value=0, max_value=3),
        counters=st.dictionaries(KEYS, st.integers(min_value=1, max_value=9)),
        distributions=st.dictionaries(
            KEYS, st.lists(st.floats(min_value=0, max_value=9), min_size=1).map(lambda v: histogram_of(*v))
        ),
    ),
    max_size=8,
)


@given(SNAPSHOTS, st.integers())
def test_the_order_of_snapshots_does_not_matter(snapshots: list[Snapshot], seed: int) -> None:
    """Workers and intervals come as they come."""
    shuffled = list(snapshots)
    Random(seed).shuffle(shuffled)
    one, other = stored(snapshots), stored(shuffled)
    assert one.counters == other.counters
    assert one.distributions == other.distributions
    assert (one.begin, one.end) == (other.begin, other.end)


@given(SNAPSHOTS)
def test_the_groups_of_a_label_make_the_whole(snapshots: list[Snapshot]) -> None:
    """For a label that every series has."""
    store = stored(snapshots)
    expected: dict[Series, int] = {}
    for one in snapshots:
        for key, number in one.counters.items():
            expected[key] = expected.get(key, 0) + number
    assert store.counters == expected
    assert sum(store.by_label("errors", "cause").values()) == store.counter("errors")
