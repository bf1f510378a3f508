"""Criteria: their grammar, their metrics, and the names of the scenario in their labels."""

from __future__ import annotations

from collections.abc import Iterator

from wsrun.catalogue import resolve
from wsrun.causes import CAUSES, FAMILIES, is_cause
from wsrun.check.findings import Findings
from wsrun.check.http import is_all_http
from wsrun.check.load import DRAIN, is_all_warm_up, measured_connects, most_clients
from wsrun.check.scene import Scene, mapping, sequence
from wsrun.check.searches import conditions, criterion_problems, searches
from wsrun.criteria import DEFAULT_CRITERIA, Criterion, CriterionError, MetricRef, parse
from wsrun.criteria_meaning import bound_problem, reference_problems
from wsrun.source import Steps
from wsrun.wording import choose, closest, joined, quoted

_SIDES = ("client", "server", "network")
_PLURALS = {"priority": "priorities"}
_MEANT = {
    "average": "round_trip.avg",
    "avg": "round_trip.avg",
    "connections": "connect.established",
    "cpu": "generator.cpu",
    "error_rate": "errors.ratio",
    "latency": "round_trip",
    "max": "round_trip.max",
    "mean": "round_trip.avg",
    "median": "round_trip.p50",
    "messages": "messages.sent",
    "p50": "round_trip.p50",
    "p90": "round_trip.p90",
    "p95": "round_trip.p95",
    "p99": "round_trip.p99",
    "received": "messages.received",
    "response_time": "round_trip",
    "rtt": "round_trip",
    "sent": "messages.sent",
    "success_rate": "connect.success",
    "throughput": "messages.sent.rate",
    "timeouts": "replies.timed_out",
}
"""Words of other tools, and the metric that is meant."""

_MADE_BY = {
    "breaker": "breaker",
    "forbidden": "never",
    "heartbeat": "heartbeat",
    "pool": "pool",
    "reconnect": "reconnect",
    "reconnect.missed": "sequence",
    "sequence": "sequence",
}
"""The key of a group without which a metric, or all that begin so, are never counted."""

_OF_CONTRACTS = "contract.violations"
"""The metric whose messages are those of contracts, and not those that are sent."""

_NEED_DELIVERIES = ("delivery.", "isolation.")
_NEED_REPLIES = ("round_trip", "service_time", "reply.", "replies.")


def check_criteria(scene: Scene, findings: Findings) -> None:
    """Check all criteria, and the stricter ones beside them."""
    if "criteria" not in scene.document.data:
        _defaults(scene, findings)
    for path, text in _texts(scene):
        try:
            criterion = parse(text)
        except CriterionError as error:
            findings.add_part(path, error.offset, error.length, "criterion", error.message, error.help)
            continue
        _criterion(criterion, text, path, scene, findings)


def _defaults(scene: Scene, findings: Findings) -> None:
    """Check that what holds where no criteria are written can be judged."""
    if is_all_http(scene) or any(True for _ in searches(scene)):
        return
    if most_clients(scene) and not all(map(is_all_warm_up, scene.phases)) and not _connects(scene, None):
        message = f"everybody connects in a warm-up, so that '{DEFAULT_CRITERIA[0]}' has nothing to judge"
        findings.add_key(("phases",), "no-data", message, "write criteria: [ errors == 0 ]")


def _connects(scene: Scene, phase: str | None) -> bool:
    """Whether connections may be begun where a criterion sees them: in a phase, or (None) in any."""
    measured = zip(scene.phase_names, measured_connects(scene), strict=True)
    return any(connects for name, connects in measured if phase in (None, name))


def _texts(scene: Scene) -> Iterator[tuple[Steps, str]]:
    yield from conditions(scene)
    for index, item in enumerate(sequence(scene.document.data.get("criteria"))):
        if isinstance(item, str):
            yield ("criteria", index), item
        for key in ("check", "good"):
            text = mapping(item).get(key)
            if isinstance(text, str):
                yield ("criteria", index, key), text


def _criterion(criterion: Criterion, text: str, path: Steps, scene: Scene, findings: Findings) -> None:
    if criterion.bound.is_baseline:
        place = text.rindex("baseline")
        message = "'baseline' is not available yet"
        findings.add_part(path, place, 8, "not-yet", message, "compare with a number, or with another metric")
        return
    right = criterion.bound.metric
    # What is on the right stands behind the operator, where the same word may stand before it too.
    middle = _operator(text, criterion)
    problems = [(problem, 0) for problem in reference_problems(criterion.metric)]
    problems += [(problem, middle) for problem in reference_problems(right)] if right else []
    if not problems:
        unit = bound_problem(criterion)
        problems = [(unit, middle)] if unit is not None else []
    for problem, start in problems:
        place = text.find(problem.word, start)
        length = max(len(problem.word), 1)
        help_text = problem.help
        if problem.code == "not-yet":
            help_text = help_text or "remove the criterion; a later version of wsrun brings it"
        elif problem.code == "unknown-metric" and problem.word.partition(".")[0] in _MEANT:
            help_text = f"did you mean {_MEANT[problem.word.partition('.')[0]]}?"
        findings.add_part(path, max(place, start), length, problem.code, problem.message, help_text)
    if not problems:
        for reference, trouble in criterion_problems(criterion, path, scene):
            place = text.index(reference.name, middle if reference is right else 0)
            findings.add_part(path, place, len(reference.name), *trouble)
            return
        _labels(criterion.metric, text, 0, path, scene, findings)
        if right is not None:
            _labels(right, text, middle, path, scene, findings)


def _operator(text: str, criterion: Criterion) -> int:
    """Where the operator of a criterion ends; the ``=`` of labels stand in parentheses."""
    start = text.index(")") if criterion.metric.labels else 0
    return text.index(criterion.operator, start) + len(criterion.operator)


def _labels(
    reference: MetricRef, text: str, start: int, path: Steps, scene: Scene, findings: Findings
) -> None:
    for label, value in reference.labels:
        trouble = _label(label, value, scene, reference.name)
        if trouble is not None:
            equals = text.index("=", text.index(label, start))
            place = text.index(value, equals)
            findings.add_part(path, place, len(value), *trouble)
            return
    problem = (
        _no_replies(reference, scene)
        or _no_requests(reference, scene)
        or _no_rules(reference, scene)
        or _no_connects(reference, scene)
        or _only_at_the_start(reference, scene)
    )
    if problem is not None:
        place = text.index(reference.name, start)
        findings.add_part(path, place, len(reference.name), "no-data", *problem)


def _label(label: str, value: str, scene: Scene, metric: str) -> tuple[str, str, str | None] | None:
    """Say what is wrong with the value of a label."""
    if label == "phase":
        return _phase(value, scene)
    if label == "cause":
        return None if is_cause(value) else _cause(value)
    known = {
        "group": list(scene.groups),
        "profile": list(scene.profiles),
        "message": scene.contract_messages if metric == _OF_CONTRACTS else list(scene.messages),
        "kind": scene.kinds,
        "server": scene.servers,
        "side": _SIDES,
        "priority": scene.priorities,
        "socket": scene.sockets,
    }.get(label)
    if known is not None and value not in known:
        if label == "message" and value.startswith("inline-"):
            return None
        message = f"there is no {label} {quoted(value)}"
        plural = _PLURALS.get(label, f"{label}s")
        help_text = choose(value, known, plural) if known else f"no message has a {label}"
        return f"unknown-{label}", message, help_text
    lowest, highest = {"code": (1000, 4999), "status": (100, 599)}.get(label, (0, 0))
    if highest and not (value.isascii() and value.isdigit() and lowest <= int(value[:9]) <= highest):
        message = f"{quoted(value)} cannot be a {label}"
        return f"unknown-{label}", message, f"write a number from {lowest} to {highest}"
    return None


def _cause(value: str) -> tuple[str, str, str]:
    near = closest(value, CAUSES)
    if near is not None:
        help_text = f"did you mean '{near}'?"
    else:
        families = joined(FAMILIES, "or")
        help_text = f"write {families}, or one that the reference lists under causes, such as reply-timeout"
    return "unknown-cause", f"there is no cause {quoted(value)}", help_text


def _phase(value: str, scene: Scene) -> tuple[str, str, str | None] | None:
    if value == DRAIN:
        return None
    if value not in scene.phase_names:
        message = f"there is no phase {quoted(value)}"
        return "unknown-phase", message, choose(value, scene.phase_names, "phases")
    if is_all_warm_up(scene.phases[scene.phase_names.index(value)]):
        message = f"the phase {quoted(value)} is all warm-up, which no criterion sees"
        return "all-warm-up", message, "name another phase, or shorten its warm_up"
    return None


def _no_replies(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    """A metric of replies has no data where no message awaits one, and would be missed for sure."""
    metric = resolve(reference)
    if metric is None or not metric.name.startswith(_NEED_REPLIES):
        return None
    wanted = dict(reference.labels).get("message")
    messages = [
        message for place, message in scene.all_messages() if wanted is None or place == ("messages", wanted)
    ]
    if not messages or any("reply" in message or "http" in message for message in messages):
        return None
    whose = f"the message {quoted(wanted)} has no reply" if wanted else "no message has a reply"
    return f"{whose}, so that there will be nothing to judge", "write reply: { match: … }"


def _no_requests(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    """A metric of HTTP has no data where nothing asks, one of connects none where nobody connects."""
    if reference.name.startswith("connect.") and is_all_http(scene):
        return "no client uses a WebSocket, so that nobody connects", "judge http.time or errors instead"
    if not reference.name.startswith("http."):
        return None
    wanted = dict(reference.labels).get("message")
    for place, message in scene.all_messages():
        if "http" in message and wanted in (None, place[-1]):
            return None
    whose = f"the message {quoted(wanted)} is none of HTTP" if wanted else "no message is one of HTTP"
    return f"{whose}, so that there will be nothing to judge", "judge round_trip instead"


def _no_rules(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    """What no rule looks for is never counted, and a limit on it would be met for sure."""
    if reference.name == _OF_CONTRACTS and not scene.contract_names:
        return (
            "there are no contracts, so that there will be nothing to judge",
            "write contracts: [ { schema: FILE } ]",
        )
    if reference.name.startswith(_NEED_DELIVERIES):
        return _no_deliveries(reference, scene)
    key = _MADE_BY.get(reference.name) or _MADE_BY.get(reference.name.partition(".")[0])
    if key is None or any(key in group for group in scene.groups.values()):
        return None
    return (
        f"no group has {key}, so that there will be nothing to judge",
        f"write {key} into a group of clients",
    )


def _no_deliveries(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    wanted = dict(reference.labels).get("message")
    if any(wanted is None or path == ("messages", wanted, "deliver") for path, _ in scene.deliveries()):
        return None
    whose = f"the message {quoted(wanted)} has no deliver" if wanted else "no message has deliver"
    return f"{whose}, so that there will be nothing to judge", "write deliver: { to: …, where: …, id: … }"


def _no_connects(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    """A metric of connects has no data where everybody connects in a warm-up."""
    phase = dict(reference.labels).get("phase")
    if not reference.name.startswith("connect.") or phase == DRAIN or not scene.phases:
        return None
    if any(True for _ in searches(scene)):
        return None
    if "clients" not in scene.phases[0] or _connects(scene, phase):
        return None
    when = f"in the phase {quoted(phase)}" if phase else "in the phases"
    message = f"nobody connects {when} outside a warm-up, so that there will be nothing to judge"
    return message, "shorten the warm_up of the phase in which clients come"


def _only_at_the_start(reference: MetricRef, scene: Scene) -> tuple[str, str] | None:
    """A message of start steps alone is sent when clients connect: never where all do so in a warm-up."""
    labels = dict(reference.labels)
    wanted, phase = labels.get("message"), labels.get("phase")
    if wanted is None or phase == DRAIN or not scene.phases or "clients" not in scene.phases[0]:
        return None
    if any(True for _ in searches(scene)):
        return None
    if _connects(scene, phase) or not scene.is_of_start_alone(wanted):
        return None
    message = f"{quoted(wanted)} is only sent when clients connect, which is in a warm-up"
    return f"{message}, so that there will be nothing to judge", "shorten the warm_up, or leave this out"
