"""The journal: what was written is read back, and nothing that is damaged is believed."""

from __future__ import annotations

from array import array
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from wsrun.coordinator.journal import Journal, read_journal, snapshots
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import ErrorDetail, Gauge, Snapshot, series


def _snapshot(index: int) -> Snapshot:
    histogram = Histogram()
    histogram.add_array(array("d", [0.001 * (index + 1), 0.2, 3.0]))
    return Snapshot(
        worker=1,
        index=index,
        start=float(index),
        end=index + 1.0,
        counters={series("messages.sent", phase="steady", message="say"): 7 + index},
        distributions={series("round_trip", phase="steady"): histogram},
        gauges={series("open", worker="1"): Gauge.of(12.0)},
        errors={"eof": ErrorDetail(0.5, 0.75, 2, {"all/0001": 2}, [(0.5, "all/0001", "gone")])},
    )


def _written(path: Path) -> bytes:
    journal = Journal(path, {"name": "test"})
    for index in range(3):
        journal.snapshot(_snapshot(index))
    journal.close({"state": "completed"})
    assert journal.failure is None
    return path.read_bytes()


def test_snapshots_come_back_as_they_were(tmp_path: Path) -> None:
    """Counters, distributions, gauges and error details survive the way through the file."""
    path = tmp_path / "journal.jsonl"
    _written(path)

    assert list(snapshots(path)) == [_snapshot(index) for index in range(3)]
    assert [next(iter(document)) for document in read_journal(path)] == ["journal"] + ["snapshot"] * 3 + [
        "end"
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_or_flipped_journal_yields_an_exact_prefix(
    tmp_path_factory: object, data: st.DataObject
) -> None:
    """Whatever byte is damaged or wherever the file ends, what is read is what was written first."""
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"  # type: ignore[attr-defined]
    whole = _written(path)
    documents = list(read_journal(path))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        damaged = whole[:at]
    else:
        damaged = whole[:at] + bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[at + 1 :]
    path.write_bytes(damaged)

    read = list(read_journal(path))

    assert read == documents[: len(read)]
    assert len(read) >= whole[:at].count(b"\n")


def test_a_journal_that_cannot_be_written_says_so_once_and_goes_on(tmp_path: Path) -> None:
    """The first failure is kept; later snapshots are let go without an exception."""
    journal = Journal(tmp_path / "missing" / "journal.jsonl", {})
    journal.snapshot(_snapshot(0))
    journal.close({})

    assert journal.failure is not None
    assert "journal.jsonl" in journal.failure


def test_an_existing_journal_is_never_written_over(tmp_path: Path) -> None:
    """A file that stands there already is a failure, and stays as it is."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"precious")

    journal = Journal(path, {})
    journal.close({})

    assert journal.failure is not None
    assert path.read_bytes() == b"precious"


def test_a_name_that_is_no_utf8_does_not_cost_the_numbers(tmp_path: Path) -> None:
    """It is written out; everything else is as it was."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, {"path": "caf\udce9.yaml"})
    journal.close({"state": "completed"})

    assert journal.failure is None
    assert next(read_journal(path)) == {"journal": 1, "path": "caf\\udce9.yaml"}
