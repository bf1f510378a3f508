"""Scenario to plan: every unit parsed, every default filled in, every name resolved to an index.

The document must have passed ``check.load_scenario``; this module reports no mistakes. It is pure but for
reading the data files and bodies that the scenario names.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wsrun import criteria, units
from wsrun.data import read_rows
from wsrun.plan import (
    BodyPlan,
    Bursts,
    CriterionPlan,
    DataPlan,
    ExpectStep,
    GroupPlan,
    JwtPlan,
    Level,
    MessagePlan,
    Mix,
    PausePlan,
    PhasePlan,
    Plan,
    ProfilePlan,
    ReplyPlan,
    SendStep,
    StepPlan,
    TargetPlan,
    ThinkStep,
    TlsPlan,
)
from wsrun.source import Document

DEFAULT_PROFILE = "default"
DEFAULT_GROUP = "all"
BODY_KINDS = ("json", "text", "hex", "file")
SEED_BITS = 32


def compile_plan(document: Document, *, seed: int | None = None, target: str | None = None) -> Plan:
    """Compile a checked document.

    Args:
        document: The scenario.
        seed: Overrides the scenario's seed; without either, one is drawn.
        target: Overrides the target's URL.
    """
    return _Compiler(document).plan(seed, target)


class _Compiler:
    """Holds the name tables while one document is compiled."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data: Mapping[str, Any] = document.data
        self.folder = Path(document.path).resolve().parent
        self.messages: list[MessagePlan] = []
        self.message_index: dict[str, int] = {}
        self.profile_index: dict[str, int] = {}
        self.group_index: dict[str, int] = {}

    def plan(self, seed: int | None, target: str | None) -> Plan:
        data = self.data
        for name, body in data.get("messages", {}).items():
            self.message(name, body)
        named = tuple(range(len(self.messages)))
        profiles = self.profiles(named)
        groups = self.groups(profiles)
        phases = self.phases(data["phases"], groups)
        interval = _duration(data.get("interval"), 1.0)
        chosen = seed if seed is not None else data.get("seed")
        timeouts = [m.reply.timeout for m in self.messages if m.reply is not None]
        timeouts += [
            step.timeout for p in profiles for step in (*p.start, *p.end) if isinstance(step, ExpectStep)
        ]
        return Plan(
            name=str(data.get("name") or Path(self.document.path).stem),
            description=data.get("description"),
            path=self.document.path,
            source=self.document.text,
            digest=hashlib.sha256(self.document.text.encode()).hexdigest()[:12],
            seed=random.SystemRandom().getrandbits(SEED_BITS) if chosen is None else int(chosen),
            interval=interval,
            drain=_duration(data.get("drain"), max(timeouts, default=5.0)),
            target=self.target(data["target"], target),
            jwt=self.jwt(data.get("auth", {}).get("jwt")),
            data=tuple(self.rows(name, spec) for name, spec in data.get("data", {}).items()),
            messages=tuple(self.messages),
            profiles=profiles,
            groups=groups,
            phases=phases,
            criteria=tuple(self.criteria(data.get("criteria"))),
        )

    def path(self, text: str) -> Path:
        """Return a path of the scenario; they are relative to its own folder."""
        return self.folder / text

    def target(self, spec: Mapping[str, Any], url: str | None) -> TargetPlan:
        tls = spec.get("tls", {})

        def file(key: str) -> str | None:
            return str(self.path(tls[key])) if key in tls else None

        return TargetPlan(
            url=url or spec["url"],
            headers=tuple((name, str(value)) for name, value in spec.get("headers", {}).items()),
            subprotocols=tuple(spec.get("subprotocols", ())),
            compression=spec.get("compression", "none"),
            max_message=units.parse_size(spec.get("max_message", "1MiB")),
            tls=TlsPlan(
                ca=file("ca"),
                cert=file("cert"),
                key=file("key"),
                server_name=tls.get("server_name"),
                verify=tls.get("verify", True),
            ),
            connect_timeout=_duration(spec.get("connect_timeout"), 10.0),
            close_timeout=_duration(spec.get("close_timeout"), 5.0),
            wait_until_ready=_duration(spec.get("wait_until_ready"), 0.0),
        )

    def jwt(self, spec: Mapping[str, Any] | None) -> JwtPlan | None:
        if spec is None:
            return None
        key = spec["secret"] if "secret" in spec else self.path(spec["key"]).read_text()
        return JwtPlan(
            key=key,
            algorithm=spec.get("algorithm", "HS256"),
            claims=spec.get("claims", {}),
            lifetime=_duration(spec.get("lifetime"), 3600.0),
        )

    def rows(self, name: str, spec: Mapping[str, Any]) -> DataPlan:
        return DataPlan(
            name=name,
            rows=tuple(read_rows(self.path(spec["file"]))),
            take=spec.get("take", "cycle"),
            per=spec.get("per", "client"),
        )

    def message(self, name: str, spec: Mapping[str, Any]) -> int:
        """Add a message and return its index."""
        kind = next(kind for kind in BODY_KINDS if kind in spec)
        source: Any = self.path(spec["file"]).read_bytes() if kind == "file" else spec[kind]
        by_body = "binary" if kind in ("hex", "file") else "text"
        index = len(self.messages)
        self.messages.append(
            MessagePlan(
                index=index,
                name=name,
                body=BodyPlan(kind=kind, source=source),  # type: ignore[arg-type]
                frame=spec.get("frame", by_body),
                kind=spec.get("kind"),
                priority=spec.get("priority", "normal"),
                reply=_reply(spec.get("reply")),
            )
        )
        self.message_index.setdefault(name, index)
        return index

    def message_ref(self, spec: str | Mapping[str, Any]) -> int:
        """Return the index of a message by name, or of one written in place."""
        if isinstance(spec, str):
            return self.message_index[spec]
        return self.message(f"inline-{len(self.messages) + 1}", spec)

    def mix(self, spec: Mapping[str, float]) -> Mix:
        return tuple((self.message_index[name], float(weight)) for name, weight in spec.items() if weight > 0)

    def steps(self, specs: Sequence[Mapping[str, Any]]) -> tuple[StepPlan, ...]:
        return tuple(self.step(spec) for spec in specs)

    def step(self, spec: Mapping[str, Any]) -> StepPlan:
        if "send" in spec:
            sent = spec["send"] if isinstance(spec["send"], list) else [spec["send"]]
            return SendStep(
                messages=tuple(self.message_ref(message) for message in sent),
                times=spec.get("times", 1),
                wait=spec.get("wait", True),
            )
        if "expect" in spec:
            return ExpectStep(
                pattern=spec["expect"],
                count=spec.get("count", 1),
                timeout=_duration(spec.get("timeout"), 5.0),
                capture=tuple(spec.get("capture", {}).items()),
                optional=spec.get("optional", False),
            )
        return ThinkStep(pause=_pause(spec["think"]))

    def profiles(self, named: Sequence[int]) -> tuple[ProfilePlan, ...]:
        specs: Mapping[str, Any] = self.data.get("profiles") or {
            DEFAULT_PROFILE: {"mix": {self.messages[index].name: 1 for index in named}}
        }
        plans = []
        for index, (name, maybe) in enumerate(specs.items()):
            spec = maybe or {}
            self.profile_index[name] = index
            plans.append(
                ProfilePlan(
                    index=index,
                    name=name,
                    mix=self.mix(spec.get("mix", {})),
                    think=_pause(spec.get("think", "1s")),
                    start=self.steps(spec.get("start", ())),
                    end=self.steps(spec.get("end", ())),
                )
            )
        return tuple(plans)

    def weights(self, spec: Mapping[str, float] | None) -> tuple[tuple[int, float], ...]:
        if spec is None:
            return ()
        return tuple((self.profile_index[name], float(weight)) for name, weight in spec.items() if weight > 0)

    def groups(self, profiles: Sequence[ProfilePlan]) -> tuple[GroupPlan, ...]:
        specs: Mapping[str, Any] = self.data.get("clients") or {DEFAULT_GROUP: {}}
        plans = []
        for index, (name, maybe) in enumerate(specs.items()):
            spec = maybe or {}
            self.group_index[name] = index
            tolerate = spec.get("tolerate", {})
            plans.append(
                GroupPlan(
                    index=index,
                    name=name,
                    profiles=self.weights(spec.get("profiles")) or ((profiles[0].index, 1.0),),
                    assign=tuple(spec.get("assign", {}).items()),
                    tolerate_refusals=frozenset(tolerate.get("refusals", ())),
                    tolerate_closes=frozenset(tolerate.get("closes", ())),
                )
            )
        return tuple(plans)

    def by_group(self, spec: Any) -> dict[int, Any]:
        """Split what may stand per group: ``{GROUP: x}``, or one ``x`` for the only group."""
        if isinstance(spec, Mapping) and spec and all(key in self.group_index for key in spec):
            return {self.group_index[name]: value for name, value in spec.items()}
        return dict.fromkeys(self.group_index.values(), spec)

    def phases(
        self, specs: Sequence[Mapping[str, Any]], groups: Sequence[GroupPlan]
    ) -> tuple[PhasePlan, ...]:
        plans = []
        start = 0.0
        for index, spec in enumerate(specs):
            duration = units.parse_duration(spec["duration"])
            warm_up = spec.get("warm_up", False)
            rate = (
                {g: _level(v, rate=True) for g, v in self.by_group(spec["rate"]).items()}
                if "rate" in spec
                else {}
            )
            bursts = (
                {g: _bursts(v) for g, v in self.by_group(spec["bursts"]).items()} if "bursts" in spec else {}
            )
            for group in bursts:
                rate.setdefault(group, Level(start=0.0, end=0.0))
            plans.append(
                PhasePlan(
                    index=index,
                    name=spec.get("name", f"phase-{index + 1}"),
                    start=start,
                    duration=duration,
                    warm_up=_warm_up(warm_up, duration),
                    clients={g: _level(v) for g, v in self.by_group(spec["clients"]).items()}
                    if "clients" in spec
                    else {},
                    connect_rate=units.parse_rate(spec["connect_rate"]) if "connect_rate" in spec else None,
                    handshakes=spec.get("handshakes", 100),
                    rate=rate,
                    bursts=bursts,
                    poisson=spec.get("poisson", False),
                    mix={
                        self.profile_index[name]: self.mix(mix) for name, mix in spec.get("mix", {}).items()
                    },
                    profiles=self.weights(spec.get("profiles")),
                )
            )
            start += duration
        return tuple(plans)

    def criteria(self, specs: Sequence[Any] | None) -> list[CriterionPlan]:
        if specs is None:
            where = self.document.location(())
            return [
                CriterionPlan(text=text, criterion=criteria.parse(text), location=where)
                for text in criteria.DEFAULT_CRITERIA
            ]
        plans = []
        for index, item in enumerate(specs):
            spec: Mapping[str, Any] = {"check": item} if isinstance(item, str) else item
            good = spec.get("good")
            place = ("criteria", index) if isinstance(item, str) else ("criteria", index, "check")
            plans.append(
                CriterionPlan(
                    text=spec["check"],
                    criterion=criteria.parse(spec["check"]),
                    location=self.document.location(place),
                    good=criteria.parse(good) if good else None,
                    good_text=good,
                    because=spec.get("because"),
                    severity=spec.get("severity", "error"),
                    abort=_abort(spec.get("abort")),
                )
            )
        return plans


def _duration(text: str | None, default: float) -> float:
    return default if text is None else units.parse_duration(text)


def _pause(spec: Any) -> PausePlan:
    if isinstance(spec, str):
        return PausePlan(kind="fixed", values=(units.parse_duration(spec),))
    if "uniform" in spec:
        low, high = (units.parse_duration(text) for text in spec["uniform"])
        return PausePlan(kind="uniform", values=(low, high))
    if "exponential" in spec:
        return PausePlan(kind="exponential", values=(units.parse_duration(spec["exponential"]),))
    shape = spec["lognormal"]
    median, p95 = units.parse_duration(shape["median"]), units.parse_duration(shape["p95"])
    return PausePlan(kind="lognormal", values=(median, p95))


def _reply(spec: Mapping[str, Any] | None) -> ReplyPlan | None:
    if spec is None:
        return None
    return ReplyPlan(
        match=spec["match"],
        until=spec.get("until"),
        expect=spec.get("expect"),
        error=spec.get("error"),
        capture=tuple(spec.get("capture", {}).items()),
        timeout=_duration(spec.get("timeout"), 5.0),
    )


def _level(spec: Any, *, rate: bool = False) -> Level:
    def number(value: Any) -> float:
        return units.parse_rate(value) if rate else float(value)

    if not isinstance(spec, Mapping):
        return Level(start=number(spec), end=number(spec))
    every = units.parse_duration(spec["every"]) if "every" in spec else None
    step = number(spec["step"]) if "step" in spec else None
    return Level(start=number(spec["from"]), end=number(spec["to"]), step=step, every=every)


def _bursts(spec: Mapping[str, Any]) -> Bursts:
    return Bursts(
        every=units.parse_duration(spec["every"]),
        length=units.parse_duration(spec["length"]),
        rate=units.parse_rate(spec["rate"]),
    )


def _warm_up(spec: bool | str, duration: float) -> float:
    if isinstance(spec, str):
        return min(units.parse_duration(spec), duration)
    return duration if spec else 0.0


def _abort(spec: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    if spec is None:
        return None
    return (
        _duration(spec.get("after"), 0.0),
        _duration(spec.get("over"), 5.0),
        _duration(spec.get("for"), 0.0),
    )
