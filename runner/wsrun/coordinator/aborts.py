"""Stopping a run whose criterion is missed: ``abort: {after, over, for}``."""

from __future__ import annotations

from wsrun.judge import evaluate
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.result.collector import Collector


class Aborts:
    """Judges the criteria with ``abort`` each interval, on what the last ``over`` seconds brought."""

    def __init__(self, plan: Plan) -> None:
        self._criteria = [criterion for criterion in plan.criteria if criterion.abort is not None]
        self._missed_since: dict[int, float] = {}

    def check(self, plan: Plan, collector: Collector, now: float) -> str | None:
        """Return why the run must stop at ``now`` (seconds since its start), None when it goes on.

        ``plan`` is the plan as searches amended it until now.
        """
        windows: dict[float, Store] = {}
        for number, criterion in enumerate(self._criteria):
            assert criterion.abort is not None
            after, over, hold = criterion.abort
            if now < after:
                continue
            if over not in windows:
                windows[over] = stored(collector.recent.after(now - over))
            row = evaluate(criterion, windows[over], plan)
            if row["status"] != "missed":
                self._missed_since.pop(number, None)
                continue
            since = self._missed_since.setdefault(number, now)
            if now - since >= hold:
                return f"{criterion.text} was missed over the last {over:g} s: {row['observed_text']}"
        return None
