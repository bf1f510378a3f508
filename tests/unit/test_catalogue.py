"""The catalogue of metrics: complete, and coherent in itself."""

from __future__ import annotations

import pytest

from wsrun.catalogue import METRICS, resolve, suggestions
from wsrun.criteria import MetricRef, parse
from wsrun.labels import LABELS
from wsrun.metric import Metric

AVAILABLE = [
    "search.best",
    "search.degraded",
    "search.broken",
    "connect.time",
    "connect.dns",
    "connect.tcp",
    "connect.tls",
    "connect.upgrade",
    "connect.first_message",
    "connect.attempted",
    "connect.established",
    "connect.refused",
    "connect.timed_out",
    "connect.failed",
    "connect.dropped",
    "connect.late",
    "connect.success",
    "pool.wait",
    "pool.timeouts",
    "pool.size",
    "round_trip",
    "service_time",
    "reply.first",
    "reply.gap",
    "messages.sent",
    "messages.received",
    "messages.unmatched",
    "messages.late",
    "messages.dropped",
    "bytes.sent",
    "bytes.received",
    "replies.expected",
    "replies.answered",
    "replies.failed",
    "replies.timed_out",
    "replies.lost",
    "replies.pending",
    "replies.late",
    "replies.extra",
    "sequence.lost",
    "sequence.reordered",
    "sequence.duplicated",
    "contract.violations",
    "forbidden",
    "breaker.open",
    "heartbeat.latency",
    "heartbeat.missed",
    "reconnect.done",
    "reconnect.failed",
    "reconnect.missed",
    "reconnect.time",
    "expect.passed",
    "expect.failed",
    "closed",
    "errors",
    "errors.ratio",
    "mailbox.dropped",
    "open",
    "http.time",
    "generator.cpu",
    "generator.memory",
    "generator.lag",
    "generator.descriptors",
    "generator.lateness",
    "generator.backlog",
    "generator.gc",
    "delivery.time",
    "delivery.spread",
    "delivery.expected",
    "delivery.received",
    "delivery.late",
    "delivery.duplicates",
    "delivery.unsure",
    "delivery.reach",
    "isolation.leaks",
]

NOT_YET = [
    "monitor.NAME.KEY",
]

ALL = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())


def test_the_catalogue_is_that_of_the_language() -> None:
    """Every metric of the language, measured or not yet, and no other."""
    assert sorted(METRICS) == sorted(AVAILABLE + NOT_YET)
    assert sorted(name for name, metric in METRICS.items() if metric.available) == sorted(AVAILABLE)


@ALL
def test_a_metric_has_a_sentence_and_known_labels(metric: Metric) -> None:
    """They go into the reference as they are."""
    assert metric.text[0].isupper()
    assert metric.text.endswith(".")
    assert set(metric.labels) <= set(LABELS)
    assert len(set(metric.labels)) == len(metric.labels)


@ALL
def test_what_a_metric_refers_to_exists(metric: Metric) -> None:
    """Witnesses are counters or gauges; both sides of a ratio are counters."""
    for name in metric.has_data_when:
        assert METRICS[name].kind in ("counter", "gauge")
    for name in (*metric.part, *metric.whole):
        assert METRICS[name].kind == "counter"
    assert bool(metric.has_data_when) <= (metric.kind == "counter")


@ALL
def test_every_statistic_offered_is_allowed_and_can_be_written(metric: Metric) -> None:
    """Table and grammar agree."""
    for stat in metric.stats:
        assert metric.allows_stat(stat)
        assert parse(f"{metric.name}.{stat} < 5").metric == MetricRef(metric.name, (), stat)
    assert metric.allows_stat(None) != metric.needs_stat


@pytest.mark.parametrize(
    ("text", "allowed", "dimension"),
    [
        ("round_trip.p99.9", True, "seconds"),
        ("round_trip.p12.5", True, "seconds"),
        ("round_trip.count", True, "number"),
        ("round_trip.rate", False, "per_second"),
        ("round_trip.last", False, "seconds"),
        ("errors", True, "number"),
        ("errors.rate", True, "per_second"),
        ("errors.p95", False, "number"),
        ("bytes.sent", True, "bytes"),
        ("connect.success", True, "share"),
        ("connect.success.avg", False, "share"),
        ("open.max", True, "number"),
        ("open.slope", True, "per_second"),
        ("open.trend", True, "word"),
        ("open.p95", False, "number"),
        ("generator.cpu.max", True, "share"),
        ("generator.memory.last", True, "bytes"),
    ],
)
def test_statistics_and_what_they_are_measured_in(text: str, allowed: bool, dimension: str) -> None:
    """By the kind of metric."""
    reference = parse(f"{text} < 5").metric
    metric = resolve(reference)
    assert metric is not None
    assert metric.allows_stat(reference.stat) == allowed
    assert metric.dimension(reference.stat) == dimension


def test_a_counter_alone_is_its_count_and_a_distribution_alone_is_nothing() -> None:
    """The default of each kind."""
    assert METRICS["errors"].allows_stat(None)
    assert METRICS["connect.success"].allows_stat(None)
    assert not METRICS["round_trip"].allows_stat(None)
    assert not METRICS["open"].allows_stat(None)


def test_monitors_are_found_under_any_name() -> None:
    """Their row stands for all of them."""
    assert resolve(MetricRef("monitor.app.cpu")) is METRICS["monitor.NAME.KEY"]
    assert resolve(MetricRef("monitor.app")) is None
    assert resolve(MetricRef("nothing")) is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("roundtrip", "round_trip"),
        ("round-trip", "round_trip"),
        ("Round_Trip", "round_trip"),
        ("message.sent", "messages.sent"),
        ("connect.succes", "connect.success"),
        ("timed_out", "connect.timed_out"),
        ("error", "errors"),
    ],
)
def test_a_wrong_name_suggests_the_likely_one(wrong: str, expected: str) -> None:
    """Spelling, case and a missing first part."""
    assert expected in suggestions(wrong)


def test_a_name_like_no_other_suggests_nothing() -> None:
    """A bad guess is worse than none."""
    assert suggestions("throughput_of_everything") == []
