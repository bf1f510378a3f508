"""The phases: how many clients there are, what they send, and whether that can be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, duration, mapping, rate, sequence
from wsrun.check.searches import searched_levels
from wsrun.source import Steps
from wsrun.wording import choose, quoted

DRAIN = "drain"
"""What results call the time after the last phase."""

RESERVED_GROUPS = frozenset(("from", "to", "step", "every", "length", "rate"))
"""Keys of levels and bursts; a group of such a name could not be told from them."""

_SHAPES = {
    "clients": frozenset(("from", "to", "step", "every")),
    "rate": frozenset(("from", "to", "step", "every")),
    "arrivals": frozenset(("from", "to", "step", "every")),
    "bursts": frozenset(("every", "length", "rate")),
}
"""The keys that a value for all groups has; any other key is the name of a group."""


def check_load(scene: Scene, findings: Findings) -> None:
    """Check all phases, and the pauses of the profiles."""
    first_use: dict[str, int] = {}
    for index, (name, phase) in enumerate(zip(scene.phase_names, scene.phases, strict=True)):
        _phase_name(name, index, first_use, findings)
        _phase(index, phase, scene, findings)
    _people(scene, findings)
    for path, pause in _pauses(scene):
        _pause(pause, path, findings)


def most_clients(scene: Scene) -> int:
    """The most clients that there are at any time of the run, all groups together."""
    now = dict.fromkeys(scene.groups, 0)
    most = 0
    for phase in scene.phases:
        peak = dict(now)
        for group, level in (
            *by_group(phase.get("clients"), "clients", scene),
            *searched_levels(phase, "clients", scene).items(),
        ):
            ends = [end for end in _ends(level) if isinstance(end, int)]
            if group in now and ends:
                peak[group], now[group] = max(now[group], *ends), ends[-1]
        most = max(most, sum(peak.values()))
    return most


def most_slots(scene: Scene) -> int:
    """The most clients of each group at any time of the run, added up."""
    most = dict.fromkeys(scene.groups, 0)
    for phase in scene.phases:
        for group, level in by_group(phase.get("clients"), "clients", scene):
            ends = [end for end in _ends(level) if isinstance(end, int)]
            if group in most:
                most[group] = max(most[group], *ends, 0)
    return sum(most.values())


def measured_connects(scene: Scene) -> list[bool]:
    """Tell for each phase whether connections may be begun in the part of it that criteria see.

    Only a certain no is a no: nobody comes, or all of them during the warm-up. A level that cannot be read
    leaves nothing certain, and so does a flow that connects, or a group that reconnects
    or has a pool.
    """
    comes_back = any({"reconnect", "pool"} & set(group) for group in scene.groups.values()) or any(
        mapping(profile.get("lifecycle")).get("kind", "bursty") != "bursty"
        for profile in scene.profiles.values()
    )
    if comes_back or any("connect" in step and "flow" in path for path, step in scene.steps()):
        return [True] * len(scene.phases)
    now = dict.fromkeys(scene.groups, 0)
    found = []
    for phase in scene.phases:
        coming, is_line = 0, False
        for group, level in by_group(phase.get("clients"), "clients", scene):
            ends = [end for end in _ends(level) if isinstance(end, int)]
            if len(ends) < len(_ends(level)):
                return [True] * len(scene.phases)
            if group in now:
                coming += max(0, *(end - now[group] for end in ends))
                is_line = is_line or len(set(ends)) > 1
                now[group] = ends[-1]
        if "arrivals" in phase:
            found.append(not is_all_warm_up(phase))
            continue
        found.append(coming > 0 and not is_all_warm_up(phase) and not _in_warm_up(coming, is_line, phase))
    return found


def _in_warm_up(coming: int, is_line: bool, phase: dict[str, Any]) -> bool:
    """Whether that many clients have all come when the warm-up of a phase ends."""
    warm_up, pace = duration(phase.get("warm_up")), rate(phase.get("connect_rate"))
    return not is_line and warm_up is not None and bool(pace) and coming / (pace or 1) <= warm_up


def by_group(value: Any, key: str, scene: Scene) -> Iterator[tuple[str, Any]]:
    """Split what may stand for all groups or by group into pairs of group and value."""
    if isinstance(value, dict) and value and not _SHAPES[key] & set(value):
        yield from value.items()
    elif value is not None:
        for group in scene.groups:
            yield group, value


def is_all_warm_up(phase: dict[str, Any]) -> bool:
    """Whether no part of a phase is seen by criteria."""
    warm_up, length = phase.get("warm_up"), duration(phase.get("duration"))
    return warm_up is True or (length is not None and duration(warm_up) == length)


def _phase_name(name: str, index: int, first_use: dict[str, int], findings: Findings) -> None:
    path: Steps = ("phases", index, "name")
    if name == DRAIN:
        message = f"a phase cannot be named '{DRAIN}', which is the time after the last one"
        findings.add(path, "reserved-name", message, "give it another name")
    elif name in first_use:
        message = f"phase {first_use[name] + 1} is named {quoted(name)} too"
        findings.add(path, "duplicate-name", message, "give each phase a name of its own")
    first_use.setdefault(name, index)


def _phase(index: int, phase: dict[str, Any], scene: Scene, findings: Findings) -> None:
    path: Steps = ("phases", index)
    length, warm_up = duration(phase.get("duration")), duration(phase.get("warm_up"))
    if length is not None and warm_up is not None and warm_up > length:
        message = "the warm-up is longer than the phase"
        findings.add((*path, "warm_up"), "out-of-range", message, f"the phase lasts {phase['duration']}")
    for key in _SHAPES:
        _groups_named(phase.get(key), key, (*path, key), scene, findings)
    for group, bursts in by_group(phase.get("bursts"), "bursts", scene):
        _bursts(mapping(bursts), group, path, phase, findings)
    for key in ("rate", "bursts"):
        _something_to_send(phase, key, path, scene, findings)
    paced = {"rate", "bursts", "arrivals"} & {*phase, *mapping(phase.get("search"))}
    if "poisson" in phase and not paced:
        message = "'poisson' goes with 'rate', 'bursts' or 'arrivals', which are not here"
        findings.add_key((*path, "poisson"), "needs-key", message, "add one of them, or remove 'poisson'")


def _groups_named(value: Any, key: str, path: Steps, scene: Scene, findings: Findings) -> None:
    if isinstance(value, dict) and value and not _SHAPES[key] & set(value):
        for group in value:
            if group not in scene.groups:
                help_text = choose(group, [*sorted(_SHAPES[key]), *scene.groups], "groups and keys")
                message = f"there is no group {quoted(group)}"
                findings.add_key((*path, group), "unknown-group", message, help_text)
    elif value is not None and len(scene.groups) > 1 and not RESERVED_GROUPS & set(scene.groups):
        example = ", ".join(f"{group}: …" for group in list(scene.groups)[:3])
        message = f"with several groups, {quoted(key)} must say which it is for"
        findings.add(path, "unclear-group", message, f"write {key}: {{ {example} }}")


def _bursts(
    bursts: dict[str, Any], group: str, path: Steps, phase: dict[str, Any], findings: Findings
) -> None:
    every, length = duration(bursts.get("every")), duration(bursts.get("length"))
    if every is not None and length is not None and length > every:
        place = (*path, "bursts", "length")
        if bursts is not phase.get("bursts"):
            place = (*path, "bursts", group, "length")
        message = "a burst is longer than the time from one to the next"
        findings.add(place, "out-of-range", message, f"write at most {bursts['every']}")


def _something_to_send(
    phase: dict[str, Any], key: str, path: Steps, scene: Scene, findings: Findings
) -> None:
    """A schedule of messages needs somebody with a mix."""
    for group, _ in by_group(phase.get(key), key, scene):
        if group not in scene.groups:
            continue
        profiles = scene.profiles_of(group)
        overridden = mapping(phase.get("mix"))
        if not any("mix" in scene.profiles[name] or name in overridden for name in profiles):
            message = f"no client of the group {quoted(group)} has a mix to send from"
            help_text = "give one of its profiles a mix"
            if not scene.messages:
                message, help_text = "there are no messages to send", "write messages: { … }"
            findings.add_key((*path, key), "nothing-to-send", message, help_text)
            return


def _people(scene: Scene, findings: Findings) -> None:
    if not scene.phases:
        return
    comes = any("arrivals" in phase for phase in scene.phases)
    if searched_levels(scene.phases[0], "clients", scene):
        return
    if not {"clients", "arrivals"} & set(scene.phases[0]) and not findings.is_told(("phases", 0, "clients")):
        message = "the first phase does not say how many clients there are"
        findings.add(("phases", 0), "no-clients", message, "write clients: 100, or { from: 0, to: 100 }")
    elif most_clients(scene) == 0 and not comes:
        levels = [phase.get("clients") for phase in scene.phases]
        ends = [end for level in levels for _, one in by_group(level, "clients", scene) for end in _ends(one)]
        if all(isinstance(end, int) for end in ends):
            path: Steps = ("phases", 0, "clients")
            findings.add(path, "no-clients", "no phase has a client", "write clients: 100")
    if all(is_all_warm_up(phase) for phase in scene.phases):
        message = "every phase is all warm-up, so that no criterion sees anything"
        findings.add_key(("phases",), "all-warm-up", message, "add a phase that is measured")


def _ends(level: Any) -> tuple[Any, ...]:
    return (level.get("from"), level.get("to")) if isinstance(level, dict) else (level,)


def _pauses(scene: Scene) -> Iterator[tuple[Steps, Any]]:
    for name, profile in scene.profiles.items():
        yield ("profiles", name, "think"), profile.get("think")
        for key, pause in mapping(profile.get("lifecycle")).items():
            if key != "kind":
                yield ("profiles", name, "lifecycle", key), pause
    for path, step in scene.steps():
        yield (*path, "think"), step.get("think")


def _pause(pause: Any, path: Steps, findings: Findings) -> None:
    ends = [duration(end) for end in sequence(mapping(pause).get("uniform"))]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        message = "the shortest pause is longer than the longest"
        findings.add((*path, "uniform"), "out-of-range", message, "write the shorter one first")
    shape = mapping(mapping(pause).get("lognormal"))
    median, p95 = duration(shape.get("median")), duration(shape.get("p95"))
    if median is not None and p95 is not None and p95 < median:
        message = "'p95' is below 'median', and nineteen in twenty cannot be shorter than half"
        help_text = f"write at least {shape['median']}"
        findings.add((*path, "lognormal", "p95"), "out-of-range", message, help_text)
