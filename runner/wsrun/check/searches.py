"""Searches: levels that can be held and judged, conditions that can be met, and nothing beside that moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, duration, mapping, rate, sequence
from wsrun.criteria import Criterion, MetricRef
from wsrun.source import Steps
from wsrun.wording import choose, joined, quoted

FOUND = "search."
"""How metrics begin that are the answer of a search."""

_LEVEL = frozenset(("from", "to", "step", "every"))
_NOT_BESIDE = {
    "warm_up": "write settle within the search",
    "bursts": "search over a rate instead",
    "arrivals": "search over clients instead",
}
"""Keys that say nothing beside ``search``, and what is meant."""


def check_searches(scene: Scene, findings: Findings) -> None:
    """Check the searches of all phases; their conditions are checked with the criteria."""
    for index, phase in searches(scene):
        path: Steps = ("phases", index)
        _beside(phase, path, scene, findings)
        _times(mapping(phase["search"]), (*path, "search"), findings)
        _levels(phase, (*path, "search"), scene, findings)


def searches(scene: Scene) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the phases that search, with their indexes."""
    for index, phase in enumerate(scene.phases):
        if isinstance(phase.get("search"), dict):
            yield index, phase


def conditions(scene: Scene) -> Iterator[tuple[Steps, str]]:
    """Yield the conditions of all searches, with their paths."""
    for index, phase in searches(scene):
        for key in ("such_that", "degraded"):
            for number, text in enumerate(sequence(phase["search"].get(key))):
                if isinstance(text, str):
                    yield ("phases", index, "search", key, number), text


def searched_levels(phase: dict[str, Any], axis: str, scene: Scene) -> dict[str, dict[str, Any]]:
    """Return the levels that a phase searches over an axis, by group."""
    value = mapping(mapping(phase.get("search")).get(axis))
    if not value:
        return {}
    if _LEVEL & set(value):
        return dict.fromkeys(scene.groups, value)
    return {group: mapping(level) for group, level in value.items()}


def reference_problem(reference: MetricRef, path: Steps, scene: Scene) -> tuple[str, str, str | None] | None:
    """Return what is wrong with what a criterion reads, as far as searches are concerned."""
    names = [scene.phase_names[index] for index, _ in searches(scene)]
    phase = dict(reference.labels).get("phase")
    if path[0] == "phases":
        if reference.name.startswith(FOUND):
            message = f"{quoted(reference.name)} is known when the search is over, and no condition of it"
            return "no-data", message, "write it under criteria"
        return None
    if reference.name.startswith(FOUND):
        if not names:
            return "no-data", "no phase has a search", "write search: { … } in place of a duration"
        if phase is not None and phase not in names:
            message = f"the phase {quoted(phase)} has no search"
            return "no-data", message, choose(phase, names, "searches")
        if phase is None and len(names) > 1:
            example = f"write {reference.name}(phase={names[0]})"
            return "unclear-phase", f"{joined(list(map(quoted, names)), 'and')} search", example
        return None
    if phase is None and names and len(names) == len(scene.phases):
        message = "every phase is a search, which a criterion only sees with its phase"
        return "no-data", message, f"write {reference.name}(phase={names[0]})"
    return None


def criterion_problems(
    criterion: Criterion, path: Steps, scene: Scene
) -> Iterator[tuple[MetricRef, tuple[str, str, str | None]]]:
    """Yield what is wrong with both sides of a criterion, as far as searches are concerned."""
    for reference in (criterion.metric, criterion.bound.metric):
        problem = None if reference is None else reference_problem(reference, path, scene)
        if reference is not None and problem is not None:
            yield reference, problem


def _beside(phase: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    for key, help_text in _NOT_BESIDE.items():
        if key in phase:
            message = f"{quoted(key)} says nothing beside 'search'"
            findings.add_key((*path, key), "conflicting-keys", message, help_text)
    for key in ("clients", "rate"):
        value = phase.get(key)
        groups = value if isinstance(value, dict) and not _LEVEL & set(value) else scene.groups
        if key in phase and set(groups) & set(searched_levels(phase, key, scene)):
            message = f"the search is over {quoted(key)}, which is said here too"
            findings.add_key((*path, key), "conflicting-keys", message, "keep one of the two")
        elif _moves(value):
            message = f"{quoted(key)} must stay as it is while a search goes on"
            findings.add((*path, key), "out-of-range", message, "write one number")


def _moves(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return bool(_LEVEL & set(value)) or any(isinstance(level, dict) for level in value.values())


def _times(search: dict[str, Any], path: Steps, findings: Findings) -> None:
    hold, settle = duration(search.get("hold", "30s")), duration(search.get("settle", "5s"))
    if hold is not None and settle is not None and settle >= hold:
        message = "nothing is left to judge of a level that settles as long as it is held"
        place = "settle" if "settle" in search else "hold"
        findings.add((*path, place), "out-of-range", message, "settle must be less than hold")


def _levels(phase: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    axis = "rate" if "rate" in phase["search"] else "clients"
    place = (*path, axis)
    found = searched_levels(phase, axis, scene)
    for group in found:
        if group not in scene.groups:
            message = f"there is no group {quoted(group)}"
            findings.add_key((*place, group), "unknown-group", message, choose(group, scene.groups, "groups"))
            return
    if len(found) > 1:
        message = "a search is over the clients or the messages of one group"
        example = f"write {axis}: {{ {next(iter(scene.groups))}: {{ from, to, step }} }}"
        findings.add(place, "unclear-group", message, example)
        return
    for group, level in found.items():
        if level is not phase["search"].get(axis):
            place = (*place, group)
        first, last, step = (_number(level.get(key), axis) for key in ("from", "to", "step"))
        if first is None or last is None or step is None:
            return
        if last < first:
            findings.add((*place, "to"), "out-of-range", "a search goes upwards", "write 'from' the smaller")
        elif axis == "clients":
            _reachable(phase, first, last, step, place, findings)
        elif not any("mix" in scene.profiles[name] for name in scene.profiles_of(group)) and not any(
            name in mapping(phase.get("mix")) for name in scene.profiles_of(group)
        ):
            message = f"no client of the group {quoted(group)} has a mix to send from"
            findings.add_key(place, "nothing-to-send", message, "give one of its profiles a mix")


def _reachable(
    phase: dict[str, Any], first: float, last: float, step: float, place: Steps, findings: Findings
) -> None:
    """A level that is not reached while it is held would be judged for what it is not."""
    pace, hold = rate(phase.get("connect_rate")), duration(phase["search"].get("hold", "30s"))
    if not pace or not hold:
        return
    most = max(first, last / 2 if phase["search"].get("bisect") is True else step)
    if most / pace > hold:
        message = f"{most:g} more clients take {most / pace:g} s to connect, longer than a level is held"
        findings.add(place, "out-of-range", message, "hold levels longer, or raise connect_rate")


def _number(value: Any, axis: str) -> float | None:
    if axis == "rate":
        return rate(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else None
