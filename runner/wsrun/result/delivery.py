"""Whether the clients that the plan wants were there: a server that nobody reaches any more measures well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wsrun.causes import cause_text
from wsrun.metrics.recorder import ARRIVALS
from wsrun.metrics.store import Store
from wsrun.pacing.visits import has_arrivals
from wsrun.plan import CriterionPlan, Plan
from wsrun.result.attendance import ALL, Attendance
from wsrun.result.generator import why_unsent
from wsrun.result.happenings import tried
from wsrun.verdict import MOST_ABSENT, MOST_UNSENT

if TYPE_CHECKING:
    from wsrun.result.collector import ErrorRecord

_ON_ATTEMPTS = frozenset(
    f"connect.{name}" for name in ("success", "attempted", "established", "refused", "failed", "timed_out")
)
_ON_PRESENCE = frozenset(
    ("open", "closed", *(f"reconnect.{name}" for name in ("done", "failed", "missed", "time")))
)
_LISTED = 2


def absent_share(plan: Plan, store: Store, attendance: Attendance) -> float | None:
    """Return the share of the planned client-seconds in which nobody was open, 0…1; None: not to be judged.

    It is not judged where the scenario itself says how many may be missing: a criterion on ``open``,
    ``closed`` or ``reconnect``, ends that are tolerated, or rows that are taken each once. With a criterion
    on attempts, clients that never got in are for that criterion to judge, and do not count as missing. Of
    those who arrive, the share is of those who got no connection; the larger one is returned. Levels of a
    search are judged one by one, by ``level_shortfall``. Clients of one group do not stand for those of
    another.
    """
    named = {criterion.criterion.metric.name for criterion in plan.criteria}
    if _is_tolerant(plan) or named & _ON_PRESENCE:
        return None
    excused = {}
    if named & _ON_ATTEMPTS:
        excused = {group.index: _not_made(store, group.name) for group in plan.groups}
        excused[ALL] = _not_made(store)
    absent = attendance.absent(excused)
    shares = [] if absent is None else [absent]
    due = store.counter(ARRIVALS, judged=True)
    if due and not named & _ON_ATTEMPTS:
        shares.append(min(_turned_away(plan, store) / due, 1.0))
    return max(shares, default=None)


def _not_made(store: Store, group: str | None = None) -> int:
    """Return how many connections came to nothing, of a group or of all."""
    labels = {} if group is None else {"group": group}
    return sum(
        store.counter(f"connect.{name}", judged=False, **labels)
        for name in ("refused", "failed", "timed_out")
    )


def _turned_away(plan: Plan, store: Store) -> int:
    """Return how many connections were not made in groups of which somebody arrives."""
    names = [group.name for group in plan.groups if has_arrivals(plan, group.index)]
    return sum(
        store.counter(f"connect.{outcome}", judged=True, group=name)
        for outcome in ("refused", "failed", "timed_out")
        for name in names
    )


def arrivals_missed(plan: Plan, store: Store) -> tuple[float, float]:
    """Return which share of those who should arrive was left out, and which came late, 0…1, less warm-ups.

    What a criterion is on is for that criterion to judge, and does not count here.
    """
    named = {criterion.criterion.metric.name for criterion in plan.criteria}
    due = store.counter(ARRIVALS, judged=True)
    dropped, late = (
        0 if name in named or not due else store.counter(name, judged=True)
        for name in ("connect.dropped", "connect.late")
    )
    return dropped / max(due, 1), late / max(due, 1)


def level_shortfall(
    plan: Plan,
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    conditions: Sequence[CriterionPlan],
    phase: str,
) -> str | None:
    """Say what of the load of a level was not there, None when nothing was missing that matters.

    A level that met every condition while clients or messages were missing was not held. As in a whole run,
    conditions on connections judge missing clients by themselves, and so do tolerated closes.

    Args:
        plan: of the run, with the level in place of its phase.
        store: of the level.
        rows: of the timeline, within the judged part of the level.
        conditions: what the level must meet.
        phase: the name of the phase that searches.
    """
    named = {condition.criterion.metric.name for condition in conditions}
    dropped = store.counter("messages.dropped", judged=True, phase=phase)
    # What other groups send at their think times must not water down what a schedule lost.
    groups = {group for one in plan.phases if one.name == phase for group in one.rate}
    scheduled = dropped + sum(
        store.counter("messages.sent", judged=True, phase=phase, group=plan.groups[group].name)
        for group in groups
    )
    if dropped > scheduled * MOST_UNSENT and "messages.dropped" not in named:
        why, _ = why_unsent(store, phase=phase)
        return f"{dropped} of {scheduled} scheduled messages were not sent: {why}"
    # A server that refuses politely does not hold the level, whatever is tolerated.
    is_excused = _comes_and_goes(plan) or any(group.tolerate_closes for group in plan.groups)
    if is_excused or named & (_ON_PRESENCE | _ON_ATTEMPTS):
        return None
    wanted = sum(row["planned"] * row["length"] for row in rows)
    there = sum(min(row["clients"], row["planned"]) * row["length"] for row in rows)
    if there < wanted * (1 - MOST_ABSENT):
        return f"{1 - there / wanted:.0%} of the clients were not there"
    return None


def _is_tolerant(plan: Plan) -> bool:
    tolerated = any(group.tolerate_closes or group.tolerate_refusals for group in plan.groups)
    return tolerated or _comes_and_goes(plan)


def _comes_and_goes(plan: Plan) -> bool:
    """Whether clients may be absent by what the scenario says of them."""
    if any(data.take == "each" for data in plan.data):
        # After the last row there are no more clients.
        return True
    # Who is away by its lifecycle is not missing.
    return any(one.lifecycle is not None and one.lifecycle.kind != "bursty" for one in plan.profiles)


def losses(records: Mapping[str, ErrorRecord], store: Store) -> str | None:
    """Return what kept or took clients away, the most frequent first; None when nothing did."""
    found = [record for record in records.values() if tried(record.cause, store)[1] == "connections"]
    found.sort(key=lambda record: (-record.count, record.cause))
    texts = []
    for record in found[:_LISTED]:
        text = cause_text(record.cause)
        texts.append(f"{record.count} × {text[0].lower()}{text[1:]}, first at {record.first:.1f} s")
    return "; ".join(texts) or None
