"""What a metric that a criterion names comes to in a store: one number, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wsrun.catalogue import METRICS, resolve
from wsrun.criteria import Criterion, MetricRef, percentile
from wsrun.labels import OUTCOME_LABELS
from wsrun.metric import Metric
from wsrun.metrics.histogram import RELATIVE_ERROR, Histogram
from wsrun.metrics.readings import Selection, selection
from wsrun.metrics.snapshot import Gauge, series
from wsrun.metrics.store import Store
from wsrun.metrics.trend import LEAST_READINGS, Direction, direction, slope
from wsrun.pacing.stages import all_stages
from wsrun.plan import Plan

DRAIN = "drain"
"""The phase label of what happens after the last phase."""

_FOUND = {
    "search.best": "nothing was measured",
    "search.degraded": "the target did not degrade",
    "search.broken": "the target missed no condition",
}
"""What searches find, and what is said of a target where there was nothing to find."""

Window = tuple[float, float]
"""Start and end of a stretch of the run, in seconds since its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The number that a metric came to.

    ``value`` is in the metric's unit, None where nothing was measured; ``note`` then says why. ``word`` is
    the direction of a ``.trend``. ``samples`` is how many values stand behind the number, None where that
    has no meaning. ``is_reached`` is False when the run ended before the phase in question.
    ``is_timeout_floor``: the number is a timeout, so the truth is at least that.
    """

    value: float | None = None
    word: Direction | None = None
    note: str | None = None
    samples: int | None = None
    is_reached: bool = True
    is_timeout_floor: bool = False


def measure(reference: MetricRef, store: Store, plan: Plan) -> Measured:
    """Return what a metric with its labels and statistic came to, warm-ups left out."""
    metric = resolve(reference)
    if metric is None or not metric.available or not metric.allows_stat(reference.stat):
        return Measured(note=f"'{reference.name}' is not measured in this form")
    labels = _labels(reference, plan)
    if metric.name in _FOUND:
        return _found(metric.name, labels, store, plan)
    windows = judged_windows(plan, store, labels.get("phase"))
    if not windows:
        return _unreached(plan, store, labels.get("phase"))
    match metric.kind:
        case "distribution":
            return _distribution(metric, reference.stat or "", labels, store, plan)
        case "counter":
            return _counter(metric, reference.stat, labels, store, windows)
        case "ratio":
            return _ratio(metric, labels, store)
        case "gauge":
            return _gauge(metric, reference.stat or "", labels, store, windows)


def judged_windows(plan: Plan, store: Store, phase: str | None = None) -> list[Window]:
    """Return the stretches that are judged: the phases but searches (or one phase) less their warm-ups, as
    far as the store covers them."""
    found = []
    for planned in all_stages(plan.phases):
        if planned.name == phase or (phase is None and planned.search is None):
            start = max(planned.start + planned.warm_up, store.begin)
            end = min(planned.end, store.end)
            if start < end:
                found.append((start, end))
    return found


def _found(name: str, labels: Mapping[str, str], store: Store, plan: Plan) -> Measured:
    """Return what a search came to: the one of the phase that is named, or the only one."""
    phases = [phase for phase in plan.phases if phase.search is not None]
    phase = next((phase for phase in phases if labels.get("phase", phase.name) == phase.name), None)
    if phase is None or phase.search is None:
        return Measured(note="there is no such search")
    value = store.found.get(series(name, phase=phase.name))
    if value is not None:
        return Measured(value=value)
    if series("search.best", phase=phase.name) not in store.found:
        return Measured(note=f"the search of phase {phase.name} was not finished", is_reached=False)
    return Measured(note=f"{_FOUND[name]} at any level up to {phase.search.last:g}")


def _unreached(plan: Plan, store: Store, name: str | None) -> Measured:
    if name is None:
        return Measured(note="nothing was measured outside warm-ups" if store.end else "nothing was measured")
    phase = next((phase for phase in plan.phases if phase.name == name), None)
    if phase is None:
        return Measured(note=f"there is no phase {name}")
    if store.end <= phase.start:
        return Measured(note=f"phase {name} was never reached", is_reached=False)
    if phase.warm_up >= phase.duration:
        return Measured(note=f"phase {name} is all warm-up")
    if store.end <= phase.start + phase.warm_up:
        return Measured(note=f"the run ended in the warm-up of phase {name}", is_reached=False)
    return Measured(note=f"phase {name} is over")


def _distribution(metric: Metric, stat: str, labels: Mapping[str, str], store: Store, plan: Plan) -> Measured:
    histogram = store.distribution(metric.name, judged=True, **labels)
    if not histogram.count:
        return Measured(note=_nothing(metric, labels, store), samples=0)
    value = _statistic(histogram, stat)
    is_floor = (
        metric.name == "round_trip"
        and (stat == "max" or percentile(stat) is not None)
        and value is not None
        and value >= _least_timeout(labels, store, plan) * (1 - RELATIVE_ERROR)
    )
    return Measured(value=value, samples=histogram.count, is_timeout_floor=is_floor)


def _statistic(histogram: Histogram, stat: str) -> float | None:
    match stat:
        case "avg":
            return histogram.average
        case "min":
            return histogram.minimum
        case "max":
            return histogram.maximum
        case "count":
            return histogram.count
    q = percentile(stat)
    return histogram.quantile(q) if q is not None else None


def _least_timeout(labels: Mapping[str, str], store: Store, plan: Plan) -> float:
    """Return the shortest timeout that a selected message ran into, infinity when none did."""
    timed_out = store.by_label("replies.timed_out", "message", judged=True, **labels)
    return min(
        (
            message.reply.timeout
            for message in plan.messages
            if message.reply is not None and timed_out.get(message.name)
        ),
        default=float("inf"),
    )


def _counter(
    metric: Metric, stat: str | None, labels: Mapping[str, str], store: Store, windows: list[Window]
) -> Measured:
    count = store.counter(metric.name, judged=True, **labels)
    if not count and not _could_happen(metric, labels, store, windows):
        return Measured(note=_nothing(metric, labels, store))
    if stat is None:
        return Measured(value=count)
    if "phase" not in labels:
        # The drain has no length of its own: what came in it is counted, and has no part in a rate.
        count -= store.counter(metric.name, judged=True, phase=DRAIN, **labels)
    return Measured(value=count / sum(end - start for start, end in windows))


def _could_happen(metric: Metric, labels: Mapping[str, str], store: Store, windows: list[Window]) -> bool:
    """Tell whether a zero means "did not happen", by the witnesses that the catalogue names.

    Witnesses are asked with the labels that say what was tried. Those whose series carry all of them know
    best; where there is none, each is asked with the labels that it has.
    """
    # What was looked for and not found may be counted with zero.
    if not metric.has_data_when or store.is_counted(metric.name, judged=True, **labels):
        return True
    tried = {name: value for name, value in labels.items() if name not in OUTCOME_LABELS}
    witnesses = [METRICS[name] for name in metric.has_data_when]
    knowing = [witness for witness in witnesses if tried.keys() <= set(witness.labels)]
    return any(_happened(witness, tried, store, windows) for witness in knowing or witnesses)


def _happened(witness: Metric, tried: Mapping[str, str], store: Store, windows: list[Window]) -> bool:
    labels = {name: value for name, value in tried.items() if name in witness.labels}
    if witness.kind == "gauge":
        return any(gauge.maximum > 0 for _, gauge in _readings(witness.name, labels, store, windows))
    return store.counter(witness.name, judged=True, **labels) > 0


def _ratio(metric: Metric, labels: Mapping[str, str], store: Store) -> Measured:
    whole = sum(store.counter(name, judged=True, **labels) for name in metric.whole)
    if not whole:
        return Measured(note=_nothing(metric, labels, store), samples=0)
    part = sum(store.counter(name, judged=True, **labels) for name in metric.part)
    return Measured(value=part / whole, samples=whole)


def _gauge(
    metric: Metric, stat: str, labels: Mapping[str, str], store: Store, windows: list[Window]
) -> Measured:
    readings = _readings(metric.name, labels, store, windows)
    if not readings:
        return Measured(note=_nothing(metric, labels, store), samples=0)
    count = sum(gauge.count for _, gauge in readings)
    match stat:
        case "min":
            return Measured(value=min(gauge.minimum for _, gauge in readings), samples=count)
        case "max":
            return Measured(value=max(gauge.maximum for _, gauge in readings), samples=count)
        case "avg":
            return Measured(value=sum(gauge.total for _, gauge in readings) / count, samples=count)
        case "last":
            return Measured(value=readings[-1][1].last, samples=count)
    points = [(at, gauge.average) for at, gauge in readings]
    weights = [gauge.count for _, gauge in readings]
    too_few = f"a {stat} needs at least {LEAST_READINGS} readings, and there are {count}"
    if stat == "slope":
        steepness = slope(points, weights)
        return Measured(value=steepness, samples=count, note=too_few if steepness is None else None)
    word = direction(points, weights)
    return Measured(word=word, samples=count, note=too_few if word is None else None)


def _readings(
    name: str, labels: Mapping[str, str], store: Store, windows: list[Window]
) -> list[tuple[float, Gauge]]:
    """Return the readings of intervals that begin in a window: gauges belong to a phase by their time."""
    return [
        (at, gauge)
        for at, gauge in store.gauge_series(name, **_selecting(labels))
        if any(start <= at < end for start, end in windows)
    ]


def _selecting(labels: Mapping[str, str]) -> dict[str, str]:
    return {label: value for label, value in labels.items() if label != "phase"}


def watched(plan: Plan) -> set[Selection]:
    """Return the gauges that the criteria of a plan, and the conditions of its searches, ask about."""
    criteria = [*plan.criteria]
    for phase in plan.phases:
        if phase.search is not None:
            criteria += [*phase.search.such_that, *phase.search.degraded]
    asked = [one for row in criteria for one in (row.criterion, row.good) if one is not None]
    return {found for criterion in asked for found in _watched_by(criterion, plan)}


def _watched_by(criterion: Criterion, plan: Plan) -> Iterator[Selection]:
    for reference in (criterion.metric, criterion.bound.metric):
        metric = None if reference is None else resolve(reference)
        if reference is None or metric is None:
            continue
        labels = _labels(reference, plan)
        if metric.kind == "gauge":
            yield selection(metric.name, _selecting(labels))
        for witness in (METRICS[name] for name in metric.has_data_when):
            if witness.kind == "gauge":
                of_witness = {name: value for name, value in labels.items() if name in witness.labels}
                yield selection(witness.name, _selecting(of_witness))


def _labels(reference: MetricRef, plan: Plan) -> dict[str, str]:
    labels = dict(reference.labels)
    if not plan.sockets:
        # There is main alone, and so no label to tell it by.
        labels.pop("socket", None)
    return labels


def _nothing(metric: Metric, labels: Mapping[str, str], store: Store) -> str:
    if labels:
        told = f"nothing was measured for {' '.join(f'{name}={value}' for name, value in labels.items())}"
    else:
        told = f"nothing was measured for {metric.name}" if metric.needs_stat else "nothing was tried"
    if _seen_in_warm_ups(metric, labels, store):
        return f"{told}: all of it fell in warm-ups, which no criterion sees"
    return told


def _seen_in_warm_ups(metric: Metric, labels: Mapping[str, str], store: Store) -> bool:
    """Tell whether a metric, what it is a share of, or what witnesses it, has data under these labels.

    Asked where nothing is judged, so that whatever there is belongs to warm-ups.
    """
    if metric.kind == "gauge":
        return False
    if metric.kind == "distribution":
        return store.distribution(metric.name, judged=False, **labels).count > 0
    tried = {name: value for name, value in labels.items() if name not in OUTCOME_LABELS}
    names = {"counter": (metric.name, *metric.has_data_when), "ratio": metric.whole}[metric.kind]
    asked = [METRICS[name] for name in names if tried.keys() <= set(METRICS[name].labels)]
    return any(store.counter(one.name, judged=False, **tried) > 0 for one in asked if one.kind == "counter")
