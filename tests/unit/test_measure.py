"""Measuring: which numbers a criterion sees, and when there is none."""

from __future__ import annotations

import pytest
from judging import CHAT, judge, milliseconds, run, status

from wsrun.metrics.snapshot import Gauge, Snapshot, series
from wsrun.metrics.store import Store, stored


def test_a_rate_is_the_count_over_the_judged_seconds() -> None:
    """900 in the 30 s of steady; 1 500 in 30 + 30 + 15, not those of the drain."""
    assert judge("messages.received(phase=steady).rate > 1/s", CHAT)["observed"] == 30.0
    row = judge("messages.received.rate >= 20/s", CHAT)
    assert (row["observed"], row["status"], row["unit"]) == (20.0, "met", "per_second")
    assert judge("bytes.sent(phase=steady).rate > 1MiB/s", CHAT)["observed_text"] == "1MiB/s"


def test_a_rate_counts_the_seconds_that_were_reached() -> None:
    """Stopped 10 s into steady."""
    store = run(20.0, counters={series("messages.sent", phase="steady"): 500})
    assert judge("messages.sent(phase=steady).rate > 1/s", store)["observed"] == 50.0
    assert judge("messages.sent.rate > 1/s", store)["observed"] == 50.0


def test_a_store_of_the_last_seconds_has_the_rate_of_these_seconds() -> None:
    """As for aborts: intervals 20 to 25 of a run."""
    counters = {series("messages.sent", phase="steady"): 40}
    store = stored(
        Snapshot(worker=0, index=n, start=float(n), end=n + 1.0, counters=counters) for n in range(20, 25)
    )
    assert judge("messages.sent.rate > 1/s", store)["observed"] == 40.0


NOTHING = run()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("round_trip.p95 < 5s", "nothing was measured for round_trip"),
        ("round_trip.count >= 0", "nothing was measured for round_trip"),
        ("round_trip(message=say).p95 < 5s", "nothing was measured for message=say"),
        (
            "round_trip(message=say phase=spike).p95 < 5s",
            "nothing was measured for message=say phase=spike",
        ),
        ("connect.success >= 0%", "nothing was tried"),
        ("errors.ratio < 5%", "nothing was tried"),
        ("errors == 0", "nothing was tried"),
        ("closed(code=1006) == 0", "nothing was measured for code=1006"),
        ("replies.failed == 0", "nothing was tried"),
        ("expect.failed == 0", "nothing was tried"),
        ("messages.dropped == 0", "nothing was tried"),
        ("messages.late.rate < 1/s", "nothing was tried"),
        ("open.max < 5", "nothing was measured for open"),
        ("round_trip(phase=arrive).p95 < 5s", "phase arrive is all warm-up"),
        ("closed(phase=drain) == 0", "there is no phase drain"),
    ],
)
def test_nothing_measured_is_never_met(text: str, note: str) -> None:
    """And says why: the bound would hold for 0 in each case."""
    row = judge(text, NOTHING)
    assert (row["status"], row["note"], row["observed"], row["used"]) == ("no_data", note, None, None)
    assert row["observed_text"] == "no data"


def test_a_limit_without_data_is_never_met() -> None:
    """On the right-hand side as well."""
    row = judge("round_trip(phase=spike).p95 >= round_trip(phase=after).p95", CHAT)
    assert (row["status"], row["required"], row["required_text"]) == ("no_data", None, None)
    assert row["note"] == "on the right: nothing was measured for phase=after"
    assert row["observed_text"] == "190ms"


def test_nothing_at_all_was_measured() -> None:
    """A store without snapshots, and one that ended in the first warm-up."""
    assert judge("errors == 0", Store())["note"] == "nothing was measured"
    assert judge("errors == 0", run(5.0))["note"] == "nothing was measured outside warm-ups"


@pytest.mark.parametrize(
    ("end", "text", "note"),
    [
        (35.0, "errors(phase=spike) == 0", "phase spike was never reached"),
        (40.0, "errors(phase=spike) == 0", "phase spike was never reached"),
        (72.0, "errors(phase=after) == 0", "the run ended in the warm-up of phase after"),
        (
            35.0,
            "errors(phase=steady) == errors(phase=spike)",
            "on the right: phase spike was never reached",
        ),
    ],
)
def test_a_phase_that_was_not_reached_is_not_judged(end: float, text: str, note: str) -> None:
    """It is neither met nor missed."""
    store = run(end, counters={series("connect.attempted", phase="steady"): 3})
    row = judge(text, store)
    assert (row["status"], row["note"]) == ("not_judged", note)


def test_a_phase_that_lies_before_a_window_has_no_data() -> None:
    """Of the last seconds of a run, as for aborts."""
    store = stored([Snapshot(worker=0, index=60, start=60.0, end=61.0)])
    assert judge("errors(phase=steady) == 0", store)["note"] == "phase steady is over"


@pytest.mark.parametrize(
    ("text", "name", "labels", "expected"),
    [
        ("errors == 0", "connect.attempted", {}, "met"),
        ("errors == 0", "messages.sent", {"message": "say"}, "met"),
        ("errors == 0", "expect.failed", {}, "met"),
        ("errors(message=say) == 0", "messages.sent", {"message": "say"}, "met"),
        ("errors(message=say) == 0", "messages.sent", {"message": "who"}, "no_data"),
        ("errors(message=say) == 0", "connect.attempted", {}, "no_data"),
        ("errors(cause=timeout) == 0", "connect.attempted", {}, "met"),
        ("connect.failed == 0", "connect.attempted", {}, "met"),
        ("connect.failed == 0", "messages.sent", {}, "no_data"),
        ("connect.refused(status=503) == 0", "connect.attempted", {}, "met"),
        ("connect.attempted == 0", "messages.sent", {}, "met"),
        ("closed(code=1006 side=server) == 0", "connect.established", {}, "met"),
        ("messages.late == 0", "messages.sent", {}, "met"),
        ("messages.dropped == 0", "messages.sent", {"message": "say"}, "met"),
        ("messages.sent(message=who) == 0", "connect.established", {}, "met"),
        ("messages.unmatched == 0", "connect.established", {}, "met"),
        ("replies.timed_out(message=say) == 0", "replies.expected", {"message": "say"}, "met"),
        ("replies.timed_out(message=say) == 0", "replies.expected", {"message": "who"}, "no_data"),
        ("expect.failed == 0", "expect.passed", {}, "met"),
        ("replies.late.rate < 1/s", "replies.expected", {}, "met"),
    ],
)
def test_a_zero_counts_once_the_thing_could_have_happened(
    text: str, name: str, labels: dict[str, str], expected: str
) -> None:
    """Only ``name`` was seen: is that a witness of the zero?"""
    assert status(text, run(counters={series(name, phase="steady", **labels): 3})) == expected


@pytest.mark.parametrize(
    ("text", "name", "labels"),
    [
        ("connect.success == 100%", "connect.attempted", {}),
        ("connect.failed == 0", "connect.attempted", {}),
        ("errors.ratio(group=all) < 5%", "connect.attempted", {"group": "all"}),
        ("replies.lost(message=join) == 0", "replies.expected", {"message": "join"}),
        ("messages.sent(message=join) > 0", "messages.sent", {"message": "join"}),
    ],
)
def test_what_fell_in_warm_ups_alone_is_told_so(text: str, name: str, labels: dict[str, str]) -> None:
    """Who sees the data in the report learns why the criterion did not."""
    warm = {series(name, phase="arrive", part="warm-up", **labels): 3}
    why = "all of it fell in warm-ups, which no criterion sees"

    assert judge(text, run(counters=warm))["note"].endswith(why)
    assert why not in (judge(text, run())["note"] or "")


def test_latencies_of_warm_ups_alone_are_told_so() -> None:
    """Those of another message are not meant."""
    store = run(distributions={series("round_trip", message="join", part="warm-up"): milliseconds(5.0)})

    assert judge("round_trip(message=join).p95 < 1s", store)["note"] == (
        "nothing was measured for message=join: all of it fell in warm-ups, which no criterion sees"
    )
    assert judge("round_trip(message=say).p95 < 1s", store)["note"] == "nothing was measured for message=say"


def test_what_only_the_warm_up_saw_is_no_witness() -> None:
    """Nothing outside it was tried."""
    counters = {series("connect.attempted", phase="after", part="warm-up"): 3}
    assert status("connect.failed == 0", run(counters=counters)) == "no_data"


def readings(name: str, values: list[float], start: int = 10, **labels: str) -> Store:
    """One gauge reading a second from ``start`` on."""
    return stored(
        Snapshot(
            worker=0,
            index=start + n,
            start=float(start + n),
            end=start + n + 1.0,
            gauges={series(name, worker="0", **labels): Gauge(value - 1, value + 1, value, 1, value)},
        )
        for n, value in enumerate(values)
    )


def test_open_connections_let_a_zero_count() -> None:
    """Clients that came in an earlier phase can still be closed in this one."""
    store = readings("open", [5.0] * 35)
    assert status("closed(phase=spike) == 0", store) == "met"
    assert status("messages.received(phase=spike) == 0", store) == "met"
    assert status("closed(phase=spike) == 0", readings("open", [-1.0] * 35)) == "no_data"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("open.min == 9", "met"),
        ("open.max == 51", "met"),
        ("open(phase=steady).max == 11", "met"),
        ("open(phase=spike).min == 49", "met"),
        ("open(phase=spike).avg == 50", "met"),
        ("open.last == 50", "met"),
        ("open(group=people phase=steady).last == 10", "met"),
        ("open(group=robots).last == 10", "no_data"),
    ],
)
def test_gauges_belong_to_a_phase_by_their_time(text: str, expected: str) -> None:
    """30 s at 10 connections, then 30 s at 50, with readings one more and one less."""
    store = readings("open", [10.0] * 30 + [50.0] * 30, group="people")
    assert status(text, store) == expected


def test_gauges_of_the_drain_are_not_judged() -> None:
    """Of course the connections close there."""
    store = readings("open", [10.0] * 10 + [0.0] * 5, start=80)
    assert judge("open.min > 0", store)["observed"] == 9.0


def test_a_leak_is_found_by_slope_and_trend() -> None:
    """1 MiB a second for 30 s of steady."""
    store = readings("generator.memory", [100 * 2**20 + n * 2**20 for n in range(30)])
    row = judge("generator.memory(phase=steady).slope < 100KiB/s", store)
    assert (row["status"], row["observed_text"], row["unit"]) == ("missed", "1MiB/s", "per_second")
    row = judge("generator.memory.trend == stable", store)
    assert (row["status"], row["observed"], row["required"], row["unit"]) == ("missed", 1.0, 0.0, "number")
    assert (row["observed_text"], row["required_text"], row["used"]) == ("increasing", "stable", None)
    assert status("generator.memory.trend != decreasing", store) == "met"
    assert status("generator.memory.trend == stable", readings("generator.memory", [7.0] * 30)) == "met"


def test_a_trend_of_few_readings_is_no_data() -> None:
    """Never stable by default."""
    row = judge("open.trend == stable", readings("open", [5.0, 5.0]))
    assert (row["status"], row["note"]) == ("no_data", "a trend needs at least 4 readings, and there are 2")
    assert row["observed_text"] == "no data"
    assert (
        judge("open.slope < 1/s", readings("open", [5.0]))["note"]
        == "a slope needs at least 4 readings, and there are 1"
    )
    assert status("open(phase=spike).trend == stable", readings("open", [5.0] * 9)) == "not_judged"


def test_a_percentile_at_the_timeout_is_a_floor() -> None:
    """10 of 100 timed out after 2 s: the p95 would be longer, had it been waited for."""
    histogram = milliseconds(*[20] * 90, *[2000] * 10)
    store = run(
        counters={series("replies.timed_out", phase="steady", message="who"): 10},
        distributions={series("round_trip", phase="steady", message="who"): histogram},
    )
    assert judge("round_trip.p95 < 5s", store)["timeout_floor"]
    assert judge("round_trip.max < 5s", store)["timeout_floor"]
    assert not judge("round_trip.p50 < 5s", store)["timeout_floor"]
    assert not judge("round_trip.avg < 5s", store)["timeout_floor"]
    assert not judge("round_trip(message=say).p95 < 5s", store)["timeout_floor"]


def test_a_slow_reply_without_timeouts_is_no_floor() -> None:
    """It was waited for."""
    store = run(distributions={series("round_trip", phase="steady", message="say"): milliseconds(4999)})
    assert not judge("round_trip.p95 < 5s", store)["timeout_floor"]
