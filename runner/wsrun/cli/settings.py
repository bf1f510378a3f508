"""A plan in the spelling of a scenario, with every default written out.

What ``settings`` returns and ``as_yaml`` writes is a scenario again, and compiles to the same plan; secrets,
which are masked, and files, which are named, excepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wsrun import units
from wsrun.cli.resilience_settings import lifecycle_settings, read_settings, resilience_settings
from wsrun.cli.search_settings import search_settings
from wsrun.cli.step_settings import number, pause_settings, step_settings, without_none
from wsrun.contracts.reading import KINDS
from wsrun.plan import (
    EVERYONE,
    BodyPlan,
    Bursts,
    ContractPlan,
    CriterionPlan,
    DeliverPlan,
    GroupPlan,
    HttpPlan,
    JwtPlan,
    Level,
    MessagePlan,
    Mix,
    PhasePlan,
    Plan,
    ProfilePlan,
    ReactPlan,
    ReplyPlan,
    SequencePlan,
    SplitPlan,
    TargetPlan,
)
from wsrun.plan_resilience import PoolPlan
from wsrun.result.secrets import mask_url

MASK = "***"
"""What stands for a secret."""

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


def settings(plan: Plan, written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan as the data of a scenario.

    Args:
        plan: what to write.
        written: the data of the scenario that it was compiled from, for the names of files.
    """
    return without_none(
        {
            "wsrun": 1,
            "name": plan.name,
            "description": plan.description,
            "seed": plan.seed,
            "interval": units.format_duration(plan.interval),
            "drain": units.format_duration(plan.drain),
            "extensions": {one.name: one.target for one in plan.extensions} or None,
            "target": _targets(plan),
            "auth": None if plan.jwt is None else {"jwt": _jwt(plan.jwt, written["auth"]["jwt"])},
            "data": {
                data.name: {"file": written["data"][data.name]["file"], "take": data.take, "per": data.per}
                for data in plan.data
            }
            or None,
            "messages": {
                message.name: _message(plan, message, written.get("messages", {}).get(message.name, {}))
                for message in plan.messages
            }
            or None,
            "profiles": {profile.name: _profile(plan, profile) for profile in plan.profiles},
            "clients": {group.name: _group(plan, group) for group in plan.groups},
            "contracts": [
                _contract(contract, spec)
                for contract, spec in zip(plan.contracts, written.get("contracts", ()), strict=True)
            ]
            or None,
            "phases": [_phase(plan, phase) for phase in plan.phases],
            "criteria": [_criterion(criterion) for criterion in plan.criteria],
        }
    )


def _targets(plan: Plan) -> dict[str, Any]:
    others = {target.name: _target(target) for target in plan.sockets}
    return without_none({**_target(plan.target), "sockets": others or None})


def _target(target: TargetPlan) -> dict[str, Any]:
    tls = target.tls
    return without_none(
        {
            "url": target.url,
            "failover": list(target.failover) or None,
            "http": target.http,
            "headers": _headers(target.headers),
            "subprotocols": list(target.subprotocols) or None,
            "proxy": None if target.proxy is None else mask_url(target.proxy),
            "split": None if target.split is None else _split(target.split),
            "json_in": target.json_in,
            "compression": target.compression,
            "max_message": units.format_size(target.max_message),
            "tls": without_none(
                {
                    "ca": tls.ca,
                    "cert": tls.cert,
                    "key": tls.key,
                    "server_name": tls.server_name,
                    "verify": tls.verify,
                }
            ),
            "connect_timeout": units.format_duration(target.connect_timeout),
            "close_timeout": units.format_duration(target.close_timeout),
            "wait_until_ready": units.format_duration(target.wait_until_ready),
        }
    )


def _split(split: SplitPlan) -> dict[str, Any]:
    return {"length": split.length, "at": split.at} if split.regex is None else {"regex": split.regex}


def _jwt(jwt: JwtPlan, written: Mapping[str, Any]) -> dict[str, Any]:
    key = {"secret": MASK} if "secret" in written else {"key": written["key"]}
    lifetime = units.format_duration(jwt.lifetime)
    return {**key, "algorithm": jwt.algorithm, "claims": dict(jwt.claims), "lifetime": lifetime}


def _message(plan: Plan, message: MessagePlan, written: Mapping[str, Any]) -> dict[str, Any]:
    if message.http is not None:
        return without_none(
            {
                "http": _request(message.http, message.body),
                "kind": message.kind,
                "priority": message.priority,
                "reply": None if message.reply is None else _reply(message.reply),
            }
        )
    is_file = message.body.kind == "file"
    source = written.get("file", MASK) if is_file else message.body.source
    if message.body.kind == "python":
        source, _ = source
    return without_none(
        {
            message.body.kind: source,
            "frame": message.frame,
            "kind": message.kind,
            "priority": message.priority,
            "socket": plan.targets[message.socket].name if plan.sockets else None,
            "reply": None if message.reply is None else _reply(message.reply),
            "deliver": None if message.deliver is None else _deliver(message.deliver),
        }
    )


def _request(http: HttpPlan, body: BodyPlan) -> dict[str, Any]:
    return without_none(
        {
            http.method.lower(): http.path,
            "headers": _headers(http.headers),
            body.kind: None if http.content_type is None else body.source,
        }
    )


def _headers(headers: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    return {name: MASK if name.lower() in _SECRET_HEADERS else value for name, value in headers} or None


def _reply(reply: ReplyPlan) -> dict[str, Any]:
    return without_none(
        {
            "match": reply.match,
            "until": reply.until,
            "expect": reply.expect,
            "error": reply.error,
            "in_order": list(reply.in_order) or None,
            "count": reply.count,
            "capture": dict(reply.capture) or None,
            "timeout": units.format_duration(reply.timeout),
        }
    )


def _deliver(deliver: DeliverPlan) -> dict[str, Any]:
    return {
        "to": "everyone" if deliver.to == EVERYONE else {deliver.to: deliver.value},
        "where": deliver.where,
        "id": deliver.id,
        "within": units.format_duration(deliver.within),
        "self": deliver.to_sender,
    }


def _profile(plan: Plan, profile: ProfilePlan) -> dict[str, Any]:
    return without_none(
        {
            "start": step_settings(plan, profile.start) or None,
            "mix": _mix(plan, profile.mix) or None,
            "think": pause_settings(profile.think) if profile.mix else None,
            "flow": step_settings(plan, profile.flow) or None,
            "end": step_settings(plan, profile.end) or None,
            "lifecycle": lifecycle_settings(profile),
            "read": read_settings(profile),
            "resume": None if profile.resume is None else step_settings(plan, profile.resume),
        }
    )


def _group(plan: Plan, group: GroupPlan) -> dict[str, Any]:
    tolerate = {"refusals": sorted(group.tolerate_refusals), "closes": sorted(group.tolerate_closes)}
    return without_none(
        {
            "profiles": {plan.profiles[index].name: number(weight) for index, weight in group.profiles},
            "assign": dict(group.assign) or None,
            **resilience_settings(plan, group),
            "pool": None if group.pool is None else _pool(plan, group.pool),
            "tolerate": {key: codes for key, codes in tolerate.items() if codes} or None,
            "react": [_reaction(plan, rule) for rule in group.react] or None,
            "never": [without_none({"where": rule.where, "because": rule.because}) for rule in group.never]
            or None,
            "sequence": [_sequence(rule) for rule in group.sequence] or None,
        }
    )


def _pool(plan: Plan, pool: PoolPlan) -> dict[str, Any]:
    is_checked = pool.check is not None
    return without_none(
        {
            "min": pool.least,
            "max": pool.most,
            "acquire_timeout": units.format_duration(pool.acquire_timeout),
            "idle": units.format_duration(pool.idle),
            "check": plan.messages[pool.check].name if pool.check is not None else None,
            "every": units.format_duration(pool.every) if is_checked else None,
        }
    )


def _reaction(plan: Plan, rule: ReactPlan) -> dict[str, Any]:
    sends = [plan.messages[index].name for index in rule.sends]
    return without_none(
        {
            "where": rule.where,
            "capture": dict(rule.capture) or None,
            "send": sends[0] if len(sends) == 1 else sends or None,
            "close": rule.close,
        }
    )


def _sequence(rule: SequencePlan) -> dict[str, Any]:
    return without_none({"where": rule.where, "value": rule.value, "per": rule.per, "step": rule.step})


def _contract(contract: ContractPlan, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contract; its file is named as it was written."""
    kind = next(kind for kind in KINDS if kind in spec)
    return {"where": contract.where, kind: spec[kind], "share": f"{number(contract.share * 100)}%"}


def _phase(plan: Plan, phase: PhasePlan) -> dict[str, Any]:
    whole = phase.warm_up >= phase.duration > 0
    connect_rate, search = phase.connect_rate, phase.search
    searched = {} if search is None else {search.axis: search.group}
    return without_none(
        {
            "name": phase.name,
            "duration": units.format_duration(phase.duration) if search is None else None,
            "warm_up": (True if whole else units.format_duration(phase.warm_up)) if phase.warm_up else None,
            "clients": _by_group(
                plan,
                {
                    index: _level(level)
                    for index, level in phase.clients.items()
                    if index != searched.get("clients")
                },
            ),
            "connect_rate": None if connect_rate is None else _rate(connect_rate),
            "handshakes": phase.handshakes,
            "arrivals": _by_group(
                plan, {index: _level(level, rate=True) for index, level in phase.arrivals.items()}
            ),
            "stay": None if phase.stay is None else pause_settings(phase.stay),
            "at_most": phase.at_most,
            "rate": _by_group(
                plan,
                {
                    index: _level(level, rate=True)
                    for index, level in phase.rate.items()
                    if index != searched.get("rate")
                    if index not in phase.bursts or level.start or level.end
                },
            ),
            "bursts": _by_group(plan, {index: _bursts(bursts) for index, bursts in phase.bursts.items()}),
            "search": None if search is None else search_settings(plan, search, _rate),
            "poisson": phase.poisson if phase.rate or phase.arrivals else None,
            "mix": {plan.profiles[index].name: _mix(plan, mix) for index, mix in phase.mix.items()} or None,
            "profiles": {plan.profiles[index].name: number(weight) for index, weight in phase.profiles}
            or None,
        }
    )


def _by_group(plan: Plan, values: Mapping[int, Any]) -> Any:
    """Write what may stand per group: alone where there is one group, or all have the same."""
    if not values:
        return None
    first = next(iter(values.values()))
    if len(values) == len(plan.groups) == 1:
        return first
    return {plan.groups[index].name: value for index, value in values.items()}


def _level(level: Level, *, rate: bool = False) -> Any:
    write = _rate if rate else number
    if level.start == level.end and level.step is None:
        return write(level.end)
    stairs: dict[str, Any] = {}
    if level.step is not None and level.every is not None:
        stairs = {"step": write(level.step), "every": units.format_duration(level.every)}
    return {"from": write(level.start), "to": write(level.end), **stairs}


def _bursts(bursts: Bursts) -> dict[str, Any]:
    return {
        "every": units.format_duration(bursts.every),
        "length": units.format_duration(bursts.length),
        "rate": _rate(bursts.rate),
    }


def _criterion(criterion: CriterionPlan) -> dict[str, Any]:
    abort = criterion.abort
    return without_none(
        {
            "check": criterion.text,
            "good": criterion.good_text,
            "because": criterion.because,
            "severity": criterion.severity,
            "abort": None
            if abort is None
            else dict(zip(("after", "over", "for"), map(units.format_duration, abort), strict=True)),
        }
    )


def _mix(plan: Plan, mix: Mix) -> dict[str, Any]:
    return {plan.messages[index].name: number(weight) for index, weight in mix}


def _rate(rate: float) -> str:
    """Write a rate so that reading it gives the same number again, if there is such a text."""
    texts = [units.format_rate(rate)] + ([f"1/{units.format_duration(1 / rate)}"] if rate > 0 else [])
    return next((text for text in texts if units.parse_rate(text) == rate), f"{rate:.9f}/s")
