"""A result, made safe to show, with the few questions that every part of the view asks of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from wsrun.view import formats
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.words import cleaned

Clock = Literal["round_trip", "service_time"]
"""From the schedule (round trip), or from the send (service time)."""

QUANTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999}
"""The percentiles of a distribution in a result, as shares of the replies at or below them."""

ENOUGH = 10
"""A table writes a percentile only when at least so many replies lie beyond it."""

HARMLESS = frozenset(
    {"interrupted", "aborted", "criterion-missed", "forbidden", "leak", "no-data", "not-judged"}
)
"""Reasons against a pass that leave the numbers as good as they are."""

LONGEST_NAME = 48
"""A longer name of a phase, message, profile or group is shortened."""

LATENCY = ("round_trip", "service_time")


def quantile_of(stat: str) -> float | None:
    """Return the share that a percentile stands for (``p99`` is 0.99), None for any other stat."""
    try:
        return float(stat[1:]) / 100 if stat[:1] == "p" else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Focus:
    """What the page is about: percentile and phase (None: the whole run) of the tightest criterion."""

    stat: str
    phase: str | None
    criterion: Mapping[str, Any] | None


@dataclass(frozen=True)
class Reading:
    """A result whose texts are all harmless. Nothing in it is ever changed."""

    result: Mapping[str, Any]

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Reading:
        """Make a result safe to show; the YAML keeps its lines, a description becomes one."""
        scenario = dict(result["scenario"])
        lines = str(scenario.pop("source") or "").replace("\t", "    ").splitlines()
        if scenario["description"]:
            scenario["description"] = " ".join(str(scenario["description"]).split())
        safe = _named(cleaned({"sockets": [], **result, "scenario": scenario}))
        safe["scenario"]["lines"] = cleaned(lines)
        return cls(safe)

    def __getitem__(self, key: str) -> Any:
        """Return a part of the result."""
        return self.result[key]

    @property
    def contracts(self) -> Sequence[Mapping[str, Any]]:
        """What became of the contracts; none in results of versions without them."""
        found: Sequence[Mapping[str, Any]] = self.result.get("contracts", ())
        return found

    @property
    def is_invalid(self) -> bool:
        """Whether the run has no verdict on the target."""
        return bool(self["verdict"] == "invalid")

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether the numbers themselves are in doubt; those of a run that was only cut short are not."""
        codes = {reason["code"] for reason in self["reasons"]}
        return self.is_invalid and (not codes or not codes <= HARMLESS)

    @property
    def forbidden(self) -> str | None:
        """What is said of messages that must never come, or not to whom they came; None where none did."""
        codes = ("forbidden", "leak")
        return " and ".join(str(one["text"]) for one in self["reasons"] if one["code"] in codes) or None

    @property
    def was_reached(self) -> bool:
        """Whether the target was ever there."""
        return bool(self["state"] != "unreachable")

    @cached_property
    def phases(self) -> list[Mapping[str, Any]]:
        """The phases of the scenario, without the drain."""
        return [phase for phase in self["phases"] if phase["name"] != "drain"]

    @cached_property
    def drain(self) -> Mapping[str, Any] | None:
        """The drain after the last phase."""
        return next((phase for phase in self["phases"] if phase["name"] == "drain"), None)

    @property
    def has_searches(self) -> bool:
        """Whether a level of a search was judged; no figure of the whole run has what belongs to searches."""
        return any(search["levels"] for search in self.result.get("searches", ()))

    @cached_property
    def ended(self) -> float:
        """When the last interval ended, seconds from the start."""
        rows = self["timeline"]
        return float(rows[-1]["t"] + rows[-1]["length"]) if rows else float(self["run"]["duration"] or 0)

    @cached_property
    def length(self) -> float:
        """The end of every time axis: of the last interval, or of the last phase if that was not reached."""
        return max([self.ended, *(phase["end"] for phase in self.phases)]) or 1.0

    @cached_property
    def focus(self) -> Focus:
        """The latency criterion to look at first: missed ones before met ones, then the closest."""
        found = [
            entry
            for entry in self["criteria"]
            if entry["metric"] in LATENCY and quantile_of(entry["stat"] or "") and entry["operator"][0] == "<"
        ]
        if not found:
            return Focus("p99", None, None)
        status = {"missed": 0, "met": 2, "no_data": 3, "not_judged": 3}
        if self.is_doubtful:
            status["not_judged"] = 0

        def urgency(entry: Mapping[str, Any]) -> tuple[int, bool, float]:
            labelled = set(entry["labels"]) - {"phase"} != set()
            return status[entry["status"]] + (entry["severity"] == "warning"), labelled, -(entry["used"] or 0)

        first = min(found, key=urgency)
        stat = first["stat"] if first["stat"] in ("p50", "p95", "p99") else "p99"
        return Focus(stat, first["phase"], first)

    def phase(self, name: str | None) -> Mapping[str, Any] | None:
        """Return the phase of this name."""
        return next((phase for phase in self["phases"] if phase["name"] == name), None)

    def before(self, name: str | None) -> Mapping[str, Any] | None:
        """Return the phase before this one, if it counts: reached, and not all warm-up."""
        names = [phase["name"] for phase in self.phases]
        if name not in names or names.index(name) == 0:
            return None
        phase = self.phases[names.index(name) - 1]
        return phase if phase["reached"] and not is_warm_up(phase) else None

    def judged(self, name: str | None) -> Mapping[str, Any]:
        """Return what holds ``round_trip`` and ``service_time`` of a phase, or of the whole run for None."""
        found: Mapping[str, Any] = self.phase(name) or self["overall"]
        return found

    def busiest(self, start: float = 0.0, end: float = math.inf) -> float | None:
        """Return the highest CPU share of a worker in the intervals that begin within some seconds.

        An interval that was cut short is left out: over a moment a share of CPU says nothing.
        """
        shortest = self["run"]["interval"] / 2
        return max(
            (
                float(row["cpu"])
                for row in self["timeline"]
                if row["cpu"] is not None and row["length"] >= shortest and start - 1e-9 <= row["t"] < end
            ),
            default=None,
        )

    def moment(self, t: float) -> str:
        """Write a moment of this run."""
        return formats.moment(t, self.length)


def _named(result: dict[str, Any]) -> dict[str, Any]:
    """Shorten the names that sentences and tables use, all in the same way, so that they still agree."""
    for part in ("phases", "messages", "profiles", "groups", "sockets"):
        result[part] = [{**entry, "name": short_name(entry["name"])} for entry in result[part]]
    result["curves"] = [{**curve, "phase": short_name(curve["phase"])} for curve in result["curves"]]
    result["criteria"] = [
        {
            **entry,
            "phase": short_name(entry["phase"]),
            "labels": {key: short_name(str(value)) for key, value in entry["labels"].items()},
        }
        for entry in result["criteria"]
    ]
    return result


def short_name(name: Any) -> Any:
    """Shorten a long name, keeping its beginning and its end; None stays None."""
    if name is None or len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 13]}…{name[-12:]}"


def is_warm_up(phase: Mapping[str, Any]) -> bool:
    """Whether no criterion sees any of a phase."""
    return bool(phase["warm_up"] and phase["warm_up"] >= phase["end"] - phase["start"] - 1e-9)


def percentile(distribution: Mapping[str, Any], stat: str) -> float | None:
    """Return a percentile in seconds, None where fewer than ``ENOUGH`` replies lie beyond it."""
    value = distribution.get(stat)
    if value is None or distribution["count"] * (1 - QUANTILES[stat]) < ENOUGH - 1e-6:
        return None
    return float(value)


def is_timeout(distribution: Mapping[str, Any], value: float | None) -> bool:
    """Whether a round trip is one of those that were never answered and count as their timeout."""
    timeout = distribution.get("timeout")
    if value is None or not timeout or not distribution.get("timeouts"):
        return False
    return bool(abs(value - timeout) <= timeout / 100)


def latency(distribution: Mapping[str, Any], value: float | None) -> Figure:
    """Write a latency; one that stands for replies that never came as ``> 2 s``."""
    if value is None:
        return NOTHING
    if is_timeout(distribution, value):
        limit = formats.seconds(distribution["timeout"])
        return Figure(f">{formats.NARROW}{formats.without_zeros(limit.number)}", limit.unit)
    return formats.seconds(value)


def in_ms(distribution: Mapping[str, Any], value: float | None) -> str:
    """Write a latency for a column headed "ms"."""
    if is_timeout(distribution, value):
        return f">{formats.NARROW}{formats.group(round(distribution['timeout'] * 1e3))}"
    return formats.milliseconds(value)


def timeout_text(distribution: Mapping[str, Any]) -> str:
    """Write after how long a reply is given up: ``within 2 s``, or ``in time`` where that differs."""
    timeout = distribution.get("timeout")
    if not timeout:
        return "in time"
    limit = formats.seconds(timeout)
    return f"within {formats.without_zeros(limit.number)}{formats.NARROW}{limit.unit}"
