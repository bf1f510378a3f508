"""Scenario to plan: every unit parsed, every default filled in, every name resolved to an index.

The document must have passed ``check.load_scenario``; this module reports no mistakes. It is pure but for
reading the data files and bodies that the scenario names.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from wsrun import contracts, criteria, http_parts, parts, resilience_parts, step_parts, target_parts, units
from wsrun.data import read_rows
from wsrun.default_criteria import default_criteria
from wsrun.diagnostics import Location
from wsrun.plan import (
    BodyPlan,
    CriterionPlan,
    DataPlan,
    GroupPlan,
    JwtPlan,
    Level,
    MessagePlan,
    Mix,
    PhasePlan,
    Plan,
    ProfilePlan,
    ReactPlan,
)
from wsrun.plan_steps import SendStep, StepPlan, all_steps
from wsrun.search_parts import searching, settling
from wsrun.source import Document

DEFAULT_PROFILE = "default"
DEFAULT_GROUP = "all"
BODY_KINDS = ("json", "text", "hex", "file", "python")
SEED_BITS = 32
NO_TIMEOUT = 5.0
"""Seconds of drain where nobody waits for a reply."""


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
        self.sockets: dict[str, int] = {}
        self.messages: list[MessagePlan] = []
        self.message_index: dict[str, int] = {}
        self.profile_index: dict[str, int] = {}
        self.group_index: dict[str, int] = {}

    def plan(self, seed: int | None, target: str | None) -> Plan:
        data = self.data
        others: Mapping[str, Any] = data["target"].get("sockets", {})
        self.sockets = {name: index for index, name in enumerate((target_parts.MAIN, *others))}
        for name, body in data.get("messages", {}).items():
            self.message(name, body)
        named = tuple(range(len(self.messages)))
        profiles = self.profiles(named)
        groups = self.groups(profiles)
        interval = parts.duration(data.get("interval"), 1.0)
        phases = self.phases(data["phases"], interval)
        chosen = seed if seed is not None else data.get("seed")
        return Plan(
            name=str(data.get("name") or Path(self.document.path).stem),
            description=data.get("description"),
            path=self.document.path,
            source=self.document.text,
            digest=hashlib.sha256(self.document.text.encode()).hexdigest()[:12],
            seed=random.SystemRandom().getrandbits(SEED_BITS) if chosen is None else int(chosen),
            interval=interval,
            drain=parts.duration(data.get("drain"), self.longest_timeout(profiles, groups, phases)),
            target=target_parts.target(data["target"], target, self.folder),
            sockets=target_parts.sockets(data["target"], target, self.folder),
            jwt=self.jwt(data.get("auth", {}).get("jwt")),
            data=tuple(self.rows(name, spec) for name, spec in data.get("data", {}).items()),
            messages=tuple(self.messages),
            profiles=profiles,
            groups=groups,
            contracts=contracts.planned(
                data.get("contracts", ()), self.folder, contracts.target_paths(data["target"], target)
            ),
            extensions=parts.extensions(data.get("extensions", {}), self.folder),
            phases=phases,
            criteria=tuple(self.criteria(data.get("criteria"), phases, profiles)),
        )

    def longest_timeout(
        self,
        profiles: Sequence[ProfilePlan],
        groups: Sequence[GroupPlan],
        phases: Sequence[PhasePlan],
    ) -> float:
        """Return the longest time that anybody may wait for a reply, in seconds."""
        mixes = [*(p.mix for p in profiles), *(mix for phase in phases for mix in phase.mix.values())]
        steps = [step for p in profiles for step in all_steps(p.steps)]
        used = {index for mix in mixes for index, _ in mix}
        used |= {index for step in steps if isinstance(step, SendStep) for index in step.messages}
        used |= {index for group in groups for rule in group.react for index in rule.sends}
        beats = [group.heartbeat for group in groups if group.heartbeat is not None]
        used |= {beat.message for beat in beats if beat.message is not None}
        used |= {group.pool.check for group in groups if group.pool and group.pool.check is not None}
        replies = [self.messages[index].reply for index in used]
        timeouts = [reply.timeout for reply in replies if reply is not None]
        timeouts += [timeout for step in steps if (timeout := step_parts.longest_wait(step)) is not None]
        # In a pool, a message waits for a connection first.
        before = max((group.pool.acquire_timeout for group in groups if group.pool is not None), default=0.0)
        return before + max(timeouts, default=NO_TIMEOUT)

    def path(self, text: str) -> Path:
        """Return a path of the scenario; they are relative to its own folder."""
        return self.folder / text

    def jwt(self, spec: Mapping[str, Any] | None) -> JwtPlan | None:
        if spec is None:
            return None
        key = spec["secret"] if "secret" in spec else self.path(spec["key"]).read_text()
        return JwtPlan(
            key=key,
            algorithm=spec.get("algorithm", "HS256"),
            claims=spec.get("claims", {}),
            lifetime=parts.duration(spec.get("lifetime"), 3600.0),
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
        http = spec.get("http")
        body = self.body(spec) if http is None else http_parts.request_body(http)
        by_body: Literal["text", "binary"] = "binary" if body.kind in ("hex", "file") else "text"
        reply = spec.get("reply")
        index = len(self.messages)
        self.messages.append(
            MessagePlan(
                index=index,
                name=name,
                body=body,
                frame=spec.get("frame", by_body),
                kind=spec.get("kind"),
                priority=spec.get("priority", "normal"),
                reply=parts.reply(reply) if http is None else http_parts.answer(reply),
                socket=self.sockets[spec.get("socket", target_parts.MAIN)],
                deliver=parts.deliver(spec.get("deliver")),
                http=None if http is None else http_parts.request(http),
            )
        )
        self.message_index[name] = index
        return index

    def body(self, spec: Mapping[str, Any]) -> BodyPlan:
        kind = next(kind for kind in BODY_KINDS if kind in spec)
        source: Any = self.path(spec["file"]).read_bytes() if kind == "file" else spec[kind]
        if kind == "python":
            source = (source, spec.get("frame") == "binary")
        return BodyPlan(kind=kind, source=source)  # type: ignore[arg-type]

    def message_ref(self, spec: str | Mapping[str, Any]) -> int:
        """Return the index of a message by name, or of one written in place."""
        if isinstance(spec, str):
            return self.message_index[spec]
        number = len(self.messages) + 1
        while f"inline-{number}" in self.message_index:
            number += 1
        return self.message(f"inline-{number}", spec)

    def mix(self, spec: Mapping[str, float]) -> Mix:
        return tuple((self.message_index[name], float(weight)) for name, weight in spec.items() if weight > 0)

    def steps(self, specs: Sequence[Mapping[str, Any]]) -> tuple[StepPlan, ...]:
        return step_parts.steps(specs, step_parts.Names(self.message_ref, self.sockets))

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
                    think=parts.pause(spec.get("think", "1s")),
                    flow=self.steps(spec.get("flow", ())),
                    start=self.steps(spec.get("start", ())),
                    end=self.steps(spec.get("end", ())),
                    resume=self.steps(spec["resume"]) if "resume" in spec else None,
                    lifecycle=resilience_parts.lifecycle(spec.get("lifecycle")),
                    read=resilience_parts.read(spec.get("read")),
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
                    never=tuple(parts.never(rule) for rule in spec.get("never", ())),
                    sequence=tuple(parts.sequence(rule) for rule in spec.get("sequence", ())),
                    react=tuple(self.reaction(rule) for rule in spec.get("react", ())),
                    reconnect=resilience_parts.reconnect(spec.get("reconnect")),
                    breaker=resilience_parts.breaker(spec.get("breaker")),
                    heartbeat=resilience_parts.heartbeat(spec.get("heartbeat"), self.message_ref),
                    pool=resilience_parts.pool(spec.get("pool"), self.message_ref),
                )
            )
        return tuple(plans)

    def reaction(self, spec: Mapping[str, Any]) -> ReactPlan:
        sent = spec.get("send", [])
        return ReactPlan(
            where=spec["where"],
            capture=tuple(spec.get("capture", {}).items()),
            sends=tuple(self.message_ref(one) for one in (sent if isinstance(sent, list) else [sent])),
            close=spec.get("close"),
        )

    def by_group(self, spec: Any) -> dict[int, Any]:
        """Split what may stand per group: ``{GROUP: x}``, or one ``x`` for the only group."""
        if isinstance(spec, Mapping) and spec and all(key in self.group_index for key in spec):
            return {self.group_index[name]: value for name, value in spec.items()}
        return dict.fromkeys(self.group_index.values(), spec)

    def phases(self, specs: Sequence[Mapping[str, Any]], interval: float) -> tuple[PhasePlan, ...]:
        plans: list[PhasePlan] = []
        start = 0.0
        for index, spec in enumerate(specs):
            duration = parts.duration(spec.get("duration"), 0.0)
            warm_up = spec.get("warm_up", False)
            rate = (
                {g: parts.level(v, rate=True) for g, v in self.by_group(spec["rate"]).items()}
                if "rate" in spec
                else {}
            )
            bursts = (
                {g: parts.bursts(v) for g, v in self.by_group(spec["bursts"]).items()}
                if "bursts" in spec
                else {}
            )
            arrivals = (
                {g: parts.level(v, rate=True) for g, v in self.by_group(spec["arrivals"]).items()}
                if "arrivals" in spec
                else {}
            )
            for group in bursts:
                rate.setdefault(group, Level(start=0.0, end=0.0))
            plan = PhasePlan(
                index=index,
                name=spec.get("name", f"phase-{index + 1}"),
                start=start,
                duration=duration,
                warm_up=parts.warm_up(warm_up, duration),
                clients={g: parts.level(v) for g, v in self.by_group(spec["clients"]).items()}
                if "clients" in spec
                else {},
                connect_rate=units.parse_rate(spec["connect_rate"]) if "connect_rate" in spec else None,
                handshakes=spec.get("handshakes", 100),
                rate=rate,
                bursts=bursts,
                poisson=spec.get("poisson", False),
                mix={self.profile_index[name]: self.mix(mix) for name, mix in spec.get("mix", {}).items()},
                profiles=self.weights(spec.get("profiles")),
                arrivals=arrivals,
                stay=parts.pause(spec["stay"]) if "stay" in spec else None,
                at_most=spec.get("at_most"),
            )
            if "search" in spec:
                locate = partial(self._place_in_search, index)
                pause = interval + settling(self.messages)
                plan = searching(plan, spec["search"], self.by_group, pause, locate)
            plans.append(plan)
            start = plan.end
        return tuple(plans)

    def _place_in_search(self, phase: int, *path: str | int) -> Location:
        return self.document.location(("phases", phase, "search", *path))

    def criteria(
        self, specs: Sequence[Any] | None, phases: Sequence[PhasePlan], profiles: Sequence[ProfilePlan]
    ) -> list[CriterionPlan]:
        if specs is None:
            where = self.document.location(())
            return [
                CriterionPlan(text=text, criterion=criteria.parse(text), location=where)
                for text in default_criteria(phases, profiles, self.messages)
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
                    abort=parts.abort(spec.get("abort")),
                )
            )
        return plans
