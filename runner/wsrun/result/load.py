"""By which model the load was made, and how much of what was planned was achieved.

In an **open** model messages leave by a schedule (``rate``): planned are those that were due, achieved those
that left. Where sessions **arrive**, planned are all who were due, achieved those who came.

In a **closed** model each client awaits its reply before it goes on, so that a stall of the target holds the
load back: what was not asked has no latency. Three figures tell how much that was, of the clients' time (the
integral of how many are planned, warm-ups left out) and of the waits for replies (service times, and timeouts
as long as they are):

- A wait is a *stall* when it is longer than ``STALL`` times the median of its message in its phase.
- *Planned* is what the same clients would have sent, had each stall been as short as that median. With N
  messages in C seconds of clients' time, of which X were lost in stalls, their pace was N / (C - X), and
  planned is N C / (C - X): achieved is the share 1 - X / C of it.
- *At any moment*: who comes at a moment of their own, while a client waits for v seconds, waits for what is
  left of it, so that over the time of one client the share of moments with a wait above w is
  sum(max(v - w, 0)) / C. The w with a share of 1 % is the p99 of an open model on the same stalls (Poisson
  arrivals see time averages: Wolff 1982). One stall of S seconds in T gives S - 0.01 T.

A closed run *holds load back* when stalls took more than ``MOST_LOST`` of the clients' time, and it *hides* a
wait when that p99 is far from the one it reports, by a factor of ``FAR`` and to a length that a user feels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.recorder import ARRIVALS
from wsrun.metrics.store import Store
from wsrun.pacing.presence import Presence
from wsrun.plan import GroupPlan, Level, PhasePlan, Plan
from wsrun.plan_steps import SendStep, all_steps
from wsrun.result.distributions import describe
from wsrun.result.timeline import levels

Model = Literal["open", "arrivals", "closed"]

STALL = 10.0
"""Times the median beyond which a wait is a stall."""

FAR = 3.0
"""Times the reported p99 from which that of any moment is another one."""

FELT = 0.1
"""Seconds that a user feels as a wait (Miller, Response time in man-computer conversational transactions,
1968); shorter ones hide nothing that matters."""

MOST_LOST = 0.05
"""The share of the clients' time that stalls may take in a run that nothing is said about."""

_P99 = 0.01


@dataclass(slots=True)
class _Closed:
    """The sums over the clients at their own pace. ``waits``: pairs of seconds and how many so long."""

    sent: int = 0
    seconds: float = 0.0
    stalls: int = 0
    stalled: float = 0.0
    is_known: bool = True
    waits: list[tuple[float, int]] = field(default_factory=list)
    trips: list[Histogram] = field(default_factory=list)


def models_of(plan: Plan, phase: PhasePlan, level: Mapping[int, Level]) -> list[Model]:
    """Return the models by which a phase makes load; ``level``: its clients by group."""
    found: list[Model] = []
    if phase.rate:
        found.append("open")
    if phase.arrivals:
        found.append("arrivals")
    if any(_is_closed(plan, phase, group) for group, one in level.items() if one.start or one.end):
        found.append("closed")
    return found


def load(plan: Plan, store: Store, ran: float) -> list[dict[str, Any]]:
    """Return one entry a model, over all that criteria see; none for a functional test.

    Args:
        plan: of the run.
        store: everything that was measured.
        ran: seconds that the run took.
    """
    if plan.once:
        return []
    found = [*_open(plan, store), *_arrivals(plan, store)]
    closed = _closed(plan, store, ran)
    return [*found, _told(closed)] if closed is not None else found


def _open(plan: Plan, store: Store) -> Iterator[dict[str, Any]]:
    scheduled = [
        (phase.name, plan.groups[group].name)
        for phase in plan.phases
        if phase.search is None and phase.warm_up < phase.duration
        for group in phase.rate
    ]
    if scheduled:
        sent, dropped, late = (
            sum(store.counter(name, judged=True, phase=phase, group=group) for phase, group in scheduled)
            for name in ("messages.sent", "messages.dropped", "messages.late")
        )
        lateness = Histogram.merged(
            store.distribution("generator.lateness", judged=True, phase=phase)
            for phase in dict.fromkeys(phase for phase, _ in scheduled)
        )
        yield {
            "model": "open",
            "planned": sent + dropped,
            "achieved": sent,
            "late": late,
            "lateness": describe(lateness),
        }


def _arrivals(plan: Plan, store: Store) -> Iterator[dict[str, Any]]:
    if any(phase.arrivals and phase.warm_up < phase.duration for phase in plan.phases):
        due = store.counter(ARRIVALS, judged=True)
        came = due - store.counter("connect.dropped", judged=True)
        late = store.counter("connect.late", judged=True)
        yield {"model": "arrivals", "planned": due, "achieved": came, "late": late}


def _closed(plan: Plan, store: Store, ran: float) -> _Closed | None:
    """Add up all clients at their own pace, None where there are none."""
    presence = Presence(plan)
    found: _Closed | None = None
    for phase, level in levels(plan):
        start, end = phase.start + phase.warm_up, min(phase.end, ran)
        if phase.search is not None or end <= start:
            continue
        for index in level:
            if not _is_closed(plan, phase, index):
                continue
            seconds = presence.client_seconds(index, start, end)
            if seconds > 0:
                found = found or _Closed()
                found.seconds += seconds
                _add(found, plan, plan.groups[index], store, phase.name)
    return found


def _add(found: _Closed, plan: Plan, group: GroupPlan, store: Store, phase: str) -> None:
    """Add what one group did in one phase."""
    labels = {"phase": phase, "group": group.name}
    found.is_known &= _is_one_at_a_time(plan, group)
    found.sent += store.counter("messages.sent", judged=True, **labels)
    found.trips.append(store.distribution("round_trip", judged=True, **labels))
    served = store.distributions_by_label("service_time", "message", judged=True, **labels)
    expired = store.by_label("replies.timed_out", "message", judged=True, **labels)
    for message in plan.messages:
        if message.reply is None:
            continue
        answered = served.get(message.name, Histogram())
        usual = answered.quantile(0.5)
        waits = [((low + high) / 2, count) for low, high, count in answered.bars()]
        waits.append((message.reply.timeout, expired.get(message.name, 0)))
        found.waits += waits
        for length, count in waits:
            if usual is None or length > STALL * usual:
                found.stalls += count
                found.stalled += count * (length - (usual or 0.0))


def _told(closed: _Closed) -> dict[str, Any]:
    reported = Histogram.merged(closed.trips).quantile(0.99)
    planned = any_moment = None
    if closed.is_known and closed.stalled < closed.seconds:
        planned = round(closed.sent * closed.seconds / (closed.seconds - closed.stalled))
    if closed.is_known:
        any_moment = wait_at_any_moment(closed.waits, closed.seconds)
    hides = any_moment is not None and any_moment > max(FAR * (reported or 0.0), FELT)
    is_held_back = closed.is_known and closed.stalled > MOST_LOST * closed.seconds
    return {
        "model": "closed",
        "planned": planned,
        "achieved": closed.sent,
        "client_seconds": closed.seconds,
        "stalls": closed.stalls,
        "stalled_seconds": closed.stalled,
        "p99": reported,
        "p99_at_any_moment": any_moment,
        "holds_back": is_held_back,
        "hides": hides,
    }


def wait_at_any_moment(waits: Sequence[tuple[float, int]], seconds: float, share: float = _P99) -> float:
    """Return the wait that is exceeded at a share of all moments, 0 where fewer moments fall into waits.

    Args:
        waits: pairs of a length in seconds and how many waits were that long.
        seconds: the clients' time, added up.
        share: 0…1, of the moments.
    """
    # sum(max(v - w, 0)) falls piece by piece in a line as w rises: from the longest wait down, it is
    # total - number * w, until the next shorter wait joins in.
    number, total, allowed = 0, 0.0, share * seconds
    ordered = sorted((pair for pair in waits if pair[1]), reverse=True)
    for position, (length, count) in enumerate(ordered):
        number, total = number + count, total + count * length
        following = ordered[position + 1][0] if position + 1 < len(ordered) else 0.0
        if total - number * following >= allowed:
            return (total - allowed) / number
    return 0.0


def _is_closed(plan: Plan, phase: PhasePlan, group: int) -> bool:
    """Whether the clients of a group that are there by ``clients`` send at their own pace in a phase."""
    profiles = (plan.profiles[index] for index, _ in plan.groups[group].profiles)
    return group not in phase.rate and any(
        profile.mix or any(isinstance(step, SendStep) for step in all_steps(profile.flow))
        for profile in profiles
    )


def _is_one_at_a_time(plan: Plan, group: GroupPlan) -> bool:
    """Whether no client of a group ever waits for two replies at once, so that its waits add up to time."""
    steps = (step for index, _ in group.profiles for step in all_steps(plan.profiles[index].steps))
    sends = (step for step in steps if isinstance(step, SendStep))
    reacts = any(rule.sends for rule in group.react)
    return not reacts and all(len(send.messages) * send.times == 1 and send.wait for send in sends)


__all__ = ["load", "models_of", "wait_at_any_moment"]
