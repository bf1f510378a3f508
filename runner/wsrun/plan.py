"""The plan: what will be executed, with every default filled in and every name resolved.

A ``Plan`` is a frozen, picklable value and all that a worker process gets. Times are seconds, rates are per
second, sizes are bytes, shares are 0…1. Templates stay as the text of the scenario, because closures do not
travel between processes: each worker compiles them once, before the run starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wsrun.criteria_plan import CriterionPlan as CriterionPlan
from wsrun.criteria_plan import Held as Held
from wsrun.criteria_plan import SearchPlan as SearchPlan
from wsrun.extensions import ExtensionPlan
from wsrun.plan_resilience import BreakerPlan, HeartbeatPlan, LifecyclePlan, PoolPlan, ReadPlan, ReconnectPlan
from wsrun.plan_steps import THINK, PausePlan, StepPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPlan:
    """How a ``wss`` connection is secured; paths are absolute, None means "not given"."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """Where messages end in a stream: where ``regex`` is found, or by a length at offset ``at``."""

    regex: str | None = None
    length: Literal["u8", "u16", "u32", "varint"] | None = None
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """One socket of a client: the server to connect to. ``url``, ``http`` (the base of HTTP paths) and header
    values are templates.

    ``failover`` are further URLs, ``servers`` the names of all; without failover there are none.
    """

    url: str
    failover: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    http: str | None = None
    name: str = "main"
    proxy: str | None = None
    split: SplitPlan | None = None
    json_in: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    compression: Literal["none", "deflate"] = "none"
    max_message: int = 1 << 20
    tls: TlsPlan = TlsPlan()
    connect_timeout: float = 10.0
    close_timeout: float = 5.0
    wait_until_ready: float = 0.0

    @property
    def urls(self) -> tuple[str, ...]:
        """All URLs, the first one first."""
        return (self.url, *self.failover)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPlan:
    """A token minted per client at birth, and again when it has expired. ``claims`` holds templates."""

    key: str
    algorithm: str = "HS256"
    claims: Mapping[str, Any]
    lifetime: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlan:
    """A data file, read: ``rows`` are mappings from column to value."""

    name: str
    rows: tuple[Mapping[str, Any], ...]
    take: Literal["cycle", "random", "each", "unique"] = "cycle"
    per: Literal["client", "message"] = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPlan:
    """What a message carries: ``kind`` names the module in ``wsrun.bodies``, ``source`` is as written.

    ``source``: json: any JSON-like value; text and hex: str; file: bytes, as read; form: a mapping; python:
    the name of an extension, and whether the frame is binary.
    """

    kind: Literal["json", "text", "hex", "file", "form", "python"]
    source: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPlan:
    """Which frame answers a message. Patterns are as written: a mapping, or a tuple of alternatives.

    ``match`` is None for HTTP, where there is one answer. ``in_order`` are patterns, ``count`` frames that
    the whole reply must have, None: any number.
    """

    match: Any
    until: Any | None = None
    expect: Any | None = None
    error: Any | None = None
    in_order: tuple[Any, ...] = ()
    count: int | None = None
    capture: tuple[tuple[str, str], ...] = ()
    timeout: float = 5.0


EVERYONE, OF_GROUP, OF_PROFILE = "", "group", "profile"
"""What an audience has in common, where it is no variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverPlan:
    """Who must see a message, and how it is recognised.

    ``to`` is EVERYONE, OF_GROUP, OF_PROFILE or the name of a variable; ``value``, a template, is what the
    clients of the audience have there. ``where`` is a pattern and ``id`` the source of the message's id in
    frames that fit it.
    """

    to: str = EVERYONE
    value: Any = None
    where: Any
    id: str
    within: float = 1.0
    to_sender: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPlan:
    """A message as an HTTP request: ``path`` and header values are templates; ``method`` is in capitals."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlan:
    """One kind of message; ``index`` is its position in ``Plan.messages``, ``socket`` that of its socket in
    ``Plan.targets``; ``http`` is None for one of a WebSocket."""

    index: int
    name: str
    body: BodyPlan
    frame: Literal["text", "binary"]
    kind: str | None = None
    priority: str = "normal"
    reply: ReplyPlan | None = None
    deliver: DeliverPlan | None = None
    socket: int = 0
    http: HttpPlan | None = None


Mix = tuple[tuple[int, float], ...]
"""Pairs of message index and weight; weights are relative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """How one sort of client behaves: by a ``mix``, or by a ``flow``; with neither it listens.

    ``resume``: what to do after a reconnect; None: ``start`` from its connect on. ``lifecycle``: None for one
    that stays connected and active. ``read``: None for one that reads as fast as messages come.
    """

    index: int
    name: str
    mix: Mix = ()
    flow: tuple[StepPlan, ...] = ()
    think: PausePlan = THINK
    start: tuple[StepPlan, ...] = ()
    end: tuple[StepPlan, ...] = ()
    resume: tuple[StepPlan, ...] | None = None
    lifecycle: LifecyclePlan | None = None
    read: ReadPlan | None = None

    @property
    def steps(self) -> tuple[StepPlan, ...]:
        """All steps, in the order of the keys."""
        return (*self.start, *self.flow, *self.end, *(self.resume or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverPlan:
    """A pattern that no received frame may fit, and what to say of one that does."""

    where: Any
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePlan:
    """Frames that fit ``where`` count up by ``step``: ``value`` is the source of the number, ``per`` of what
    is counted by itself."""

    where: Any
    value: str
    per: str | None = None
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactPlan:
    """What to do with frames that fit ``where``: ``sends`` are message indexes, ``close`` is a code."""

    where: Any
    capture: tuple[tuple[str, str], ...] = ()
    sends: tuple[int, ...] = ()
    close: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """Clients that share profiles and rules. ``profiles``: pairs of profile index and weight."""

    index: int
    name: str
    profiles: tuple[tuple[int, float], ...]
    assign: tuple[tuple[str, Any], ...] = ()
    tolerate_refusals: frozenset[int] = frozenset()
    tolerate_closes: frozenset[int] = frozenset()
    never: tuple[NeverPlan, ...] = ()
    sequence: tuple[SequencePlan, ...] = ()
    react: tuple[ReactPlan, ...] = ()
    reconnect: ReconnectPlan | None = None
    heartbeat: HeartbeatPlan | None = None
    pool: PoolPlan | None = None
    breaker: BreakerPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractMessage:
    """One message that a document describes.

    ``path``: keys and indexes from the top of the document to its schema, None where it has none and any
    value fits. ``draft`` is the class of ``jsonschema`` for the schema's draft. ``content``: whether the
    schema is for the JSON of a frame, or for its text.
    """

    name: str
    path: tuple[str | int, ...] | None
    draft: str
    content: Literal["json", "text"] = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPlan:
    """What received frames that fit ``where`` must be: one of the messages of a document. ``share``: 0…1."""

    name: str
    where: Any
    share: float
    document: Any
    messages: tuple[ContractMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A quantity over a phase (clients, or a rate per second).

    Constant where ``start == end``; a line from ``start`` to ``end`` over the phase; or stairs, where
    ``step`` (positive) is added (or taken away, where ``end < start``) each ``every`` seconds until ``end``
    is reached.
    """

    start: float
    end: float
    step: float | None = None
    every: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """Each ``every`` seconds, for ``length`` seconds, ``rate`` instead of the phase's own (or of nothing)."""

    every: float
    length: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePlan:
    """A stretch of the run. ``start`` is seconds from the start of the run.

    ``warm_up``: seconds at its start that no criterion sees (``duration``: all of it).
    ``clients``: the level of each group by index; a group that is absent stays as it was.
    ``connect_rate``: attempts a second for the whole run, None: as fast as ``handshakes`` at once allow.
    ``rate``: scheduled messages by group index; an absent group follows its think times.
    ``arrivals``: sessions a second by group index; each lasts as its flow does, or ``stay`` for a mix.
    ``at_most``: how many of them may be there at once, over all groups; None: any number.
    ``mix``: overrides by profile index. ``profiles``: other weights for the living (profile index, weight).
    ``search``: the phase holds level after level; its ``clients`` (or ``rate``) then only say from where to
    where, and ``pacing.stages`` has the levels one by one.
    """

    index: int
    name: str
    start: float
    duration: float
    warm_up: float = 0.0
    clients: Mapping[int, Level]
    connect_rate: float | None = None
    handshakes: int = 100
    rate: Mapping[int, Level]
    bursts: Mapping[int, Bursts]
    poisson: bool = False
    mix: Mapping[int, Mix]
    profiles: tuple[tuple[int, float], ...] = ()
    arrivals: Mapping[int, Level] = field(default_factory=dict)
    stay: PausePlan | None = None
    at_most: int | None = None
    search: SearchPlan | None = None

    @property
    def end(self) -> float:
        """Seconds from the start of the run at which the phase is over."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about one run. ``target`` is the socket ``main``, ``sockets`` are those beside it."""

    name: str
    description: str | None
    path: str
    source: str
    digest: str
    seed: int
    interval: float
    drain: float
    target: TargetPlan
    sockets: tuple[TargetPlan, ...] = ()
    jwt: JwtPlan | None
    data: tuple[DataPlan, ...]
    messages: tuple[MessagePlan, ...]
    profiles: tuple[ProfilePlan, ...]
    groups: tuple[GroupPlan, ...]
    phases: tuple[PhasePlan, ...]
    criteria: tuple[CriterionPlan, ...]
    contracts: tuple[ContractPlan, ...] = ()
    extensions: tuple[ExtensionPlan, ...] = ()
    once: bool = False
    """Whether each body is done once, as a functional test, and not again and again."""

    @property
    def duration(self) -> float:
        """Seconds from the start to the end of the last phase, drain not included."""
        return self.phases[-1].end

    @property
    def targets(self) -> tuple[TargetPlan, ...]:
        """Every socket that a client may have, ``main`` first."""
        return (self.target, *self.sockets)

    @property
    def close_timeout(self) -> float:
        """Seconds that a close may take at most, on whichever socket."""
        return max(target.close_timeout for target in self.targets)
