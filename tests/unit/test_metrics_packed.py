"""What is made small is the same when it is looked at again."""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from wsrun.metrics.connections import PACKED, ConnectionRecord, ConnectionRows
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.packed import PackedGauges, PackedHistogram
from wsrun.metrics.readings import Selection, following, selection
from wsrun.metrics.small import compressed
from wsrun.metrics.snapshot import Gauge, Snapshot, StepRecord

NAMES = tuple(selection("open", {"group": name}) for name in "abcd")
numbers = st.floats(allow_nan=False)
gauges = st.builds(Gauge, numbers, numbers, numbers, st.integers(1, 2**53), numbers)
some_gauges = st.dictionaries(st.sampled_from(NAMES), gauges)


@given(st.binary(max_size=20_000))
def test_compressed_data_is_what_zlib_reads(data: bytes) -> None:
    """Beyond the window too."""
    assert zlib.decompress(compressed(data * 3)) == data * 3


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from([1, 255, 256, 65_536, 2**32, 2**40])), max_size=60)
)
def test_a_packed_histogram_is_the_same(values: list[tuple[float, int]]) -> None:
    """With all its figures, however far its buckets are apart and however much is in them."""
    histogram = Histogram()
    for value, times in values:
        histogram.add(value, times)
    packed = PackedHistogram.of(histogram)

    assert packed.unpacked() == histogram
    assert packed.unpacked().total == histogram.total
    assert PackedHistogram(packed.data).unpacked() == histogram


def test_a_packed_histogram_is_small() -> None:
    """That of five thousand replies takes less than two bytes a bucket, that of a million no more."""
    random = Random(1)
    histogram = Histogram()
    for _ in range(5000):
        histogram.add(random.lognormvariate(-9.0, 0.5))
    assert len(PackedHistogram.of(histogram).data) < 2 * len(histogram.buckets)
    for index in histogram.buckets:
        histogram.buckets[index] *= 200
    assert len(PackedHistogram.of(histogram).data) < 2 * len(histogram.buckets)


@given(some_gauges)
def test_packed_gauges_are_the_same(some: dict[Selection, Gauge]) -> None:
    """Those that are there, and none that is not."""
    packed = PackedGauges.of(NAMES, some)

    assert {name: packed.get(name) for name in NAMES} == {name: some.get(name) for name in NAMES}
    assert packed.get(selection("open", {})) is None
    assert PackedGauges.of(NAMES[:2], some).get(NAMES[3]) is None


@given(some_gauges, some_gauges, st.integers(0, 4), st.integers(0, 4))
def test_packed_gauges_follow_each_other(
    one: dict[Selection, Gauge], other: dict[Selection, Gauge], first: int, second: int
) -> None:
    """As they do unpacked, also when not the same ones were selected."""
    before, after = PackedGauges.of(NAMES[first:], one), PackedGauges.of(NAMES[:second], other)
    together = before.followed_by(after)

    for name in NAMES:
        pair = [gauge for gauge in (before.get(name), after.get(name)) if gauge is not None]
        assert together.get(name) == (following(*pair) if len(pair) == 2 else next(iter(pair), None))


def row(number: int) -> ConnectionRecord:
    """Return the row of a connection, with a cause now and then, and a name that is not UTF-8."""
    is_lost = number % 7 == 0
    return ConnectionRecord(
        begun=number / 3,
        client=f"all/{number % 20:04}",
        group="all\udcff",
        socket=None,
        server=None,
        state="failed" if is_lost else "closed",
        connect=None if is_lost else 0.001 / (1 + number),
        lasted=4.0 + number / 7,
        sent=number,
        received=2**40,
        code=None if is_lost else 1000,
        cause="refused" if is_lost else None,
    )


def test_rows_of_connections_are_kept_as_they_are() -> None:
    """In their order, whether they have been made small or not."""
    kept, told = ConnectionRows(), [row(number) for number in range(3 * PACKED + 7)]
    for start in range(0, len(told), 11):
        kept.extend(told[start : start + 11])

    assert len(kept) == len(told)
    assert list(kept) == told
    assert list(kept) == told
    assert all(type(one) is ConnectionRecord for one in kept)


def test_rows_of_connections_take_little() -> None:
    """Less than a hundred bytes each."""
    kept = ConnectionRows()
    kept.extend(map(row, range(20 * PACKED)))

    assert 0 < kept.size < 100 * len(kept)


def test_a_snapshot_with_rows_is_encoded_as_it_is() -> None:
    """Nothing in it has to be rewritten first, and it is the same when it is read again."""
    told = Snapshot(0, 0, 0.0, 1.0)
    told.connections = [row(number)._replace(group="all") for number in range(9)]
    told.steps = [StepRecord(0.5, "all/0001", "active", "send ask", False, 0.1, ("no",))]
    data: dict[str, Any] = orjson.loads(orjson.dumps(told.to_json()))

    assert Snapshot.from_json(data) == told
