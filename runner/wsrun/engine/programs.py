"""A plan's messages and profiles, compiled once per worker into what runs per message."""

from __future__ import annotations

import itertools
from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from wsrun.bodies import compile_body
from wsrun.engine.deadlines import Deadlines
from wsrun.engine.http_program import HttpProgram
from wsrun.engine.http_program import texts as http_texts
from wsrun.engine.lifecycle import compile_lifecycle
from wsrun.engine.request import Request
from wsrun.engine.steps import StepProgram, compile_steps
from wsrun.expressions import Scope, Tools, parse
from wsrun.pacing.pauses import compile_pause
from wsrun.patterns import (
    Correlation,
    Frame,
    Matcher,
    compile_pattern,
    compile_source,
    correlation,
    parse_pattern,
    parse_source,
)
from wsrun.plan import MessagePlan, Mix, Plan, ProfilePlan
from wsrun.plan_steps import (
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    PausePlan,
    StepPlan,
    all_steps,
)

if TYPE_CHECKING:
    from wsrun.engine.fanout import Delivery

Captures = tuple[tuple[str, Callable[[Frame], Any]], ...]
"""Variable names and the compiled sources of their values."""


TOKEN = "token"
"""The variable in which a client has its JSON Web Token."""

NO_TABLE = -1
"""The table of a message whose replies are found by trying the requests in the order of their sending."""


class MessageProgram:
    """One message, ready to be sent.

    ``simple`` says that a reply is known by its correlation value alone and that nothing else is asked of it:
    then a frame costs one lookup. ``table`` is the index of the correlator, or NO_TABLE; ``key_is_id``:
    its value is the message's id and nothing more.
    """

    __slots__ = (
        "belongs",
        "binary",
        "build",
        "captures",
        "count",
        "deliver",
        "error",
        "expect",
        "expected",
        "has_reply",
        "http",
        "in_order",
        "index",
        "key_is_id",
        "name",
        "needs_renewal",
        "plan",
        "queue",
        "simple",
        "socket",
        "table",
        "timeout",
        "until",
        "uses_id",
    )

    def __init__(self, plan: MessagePlan, compiler: ProgramCompiler) -> None:
        self.plan = plan
        self.index = plan.index
        self.name = plan.name
        self.socket = plan.socket
        self.binary = plan.frame == "binary"
        self.build: Callable[[Scope], bytes] = compile_body(plan.body, compiler.tools)
        self.has_reply = plan.reply is not None
        self.http = None if plan.http is None else HttpProgram(plan.http, compiler.target, compiler.tools)
        self.timeout = 0.0
        self.queue: deque[Request] = deque()
        self.table = NO_TABLE
        self.expected: Callable[[Scope], Any] | None = None
        self.belongs: Matcher | None = None
        self.until: Matcher | None = None
        self.error: Matcher | None = None
        self.expect: Matcher | None = None
        self.in_order: tuple[Matcher, ...] = ()
        self.count: int | None = None
        self.captures: Captures = ()
        self.simple = False
        self.key_is_id = False
        self.deliver: Delivery | None = None
        texts: list[Any] = [plan.body.source]
        if plan.http is not None:
            texts += http_texts(plan.http, compiler.target)
        reply = plan.reply
        if reply is not None:
            texts += [reply.match, reply.until, reply.error, reply.expect, *reply.in_order]
            self.timeout = reply.timeout
            self.queue = compiler.deadlines.queue(reply.timeout)
            self.until = compiler.matcher(reply.until)
            self.error = compiler.matcher(reply.error)
            self.expect = compiler.matcher(reply.expect)
            self.in_order = tuple(
                compile_pattern(parse_pattern(pattern), compiler.tools) for pattern in reply.in_order
            )
            self.count = reply.count
            self.captures = compile_captures(reply.capture)
            found = None if plan.http else correlation(parse_pattern(reply.match), compiler.tools)
            if found is not None:
                self.table = compiler.correlator(found)
                self.expected = found.expected
                self.key_is_id = found.is_id
            if found is None or not found.is_exact:
                self.belongs = compiler.matcher(reply.match)
            patterns = (self.belongs, self.until, self.error, self.expect)
            whole = self.in_order or self.captures or self.count is not None
            self.simple = found is not None and patterns == (None,) * 4 and not whole
        names = {path for text in texts for path in names_in(text)}
        # An extension may read what it likes of its client.
        is_free = plan.body.kind == "python"
        self.uses_id = is_free or ("id",) in names
        renewed = compiler.renewed
        self.needs_renewal = bool(renewed) if is_free else any(path[0] in renewed for path in names)


class Behaviour:
    """What a client of one profile does in one phase: which messages, at what pauses.

    ``is_answered``: each of the messages has a reply.
    """

    __slots__ = ("cumulative", "is_answered", "messages", "only", "pause", "total")

    def __init__(self, mix: Mix, think: PausePlan, programs: Sequence[MessageProgram]) -> None:
        self.messages = tuple(programs[index] for index, _ in mix)
        self.cumulative = tuple(itertools.accumulate(weight for _, weight in mix))
        self.total = self.cumulative[-1] if mix else 0.0
        self.only = self.messages[0] if len(self.messages) == 1 else None
        self.is_answered = all(program.has_reply for program in self.messages)
        self.pause = None if think.values == (0.0,) else compile_pause(think)

    def is_like(self, other: Behaviour) -> bool:
        """Whether another behaviour of the same profile chooses the same messages as often."""
        return (self.messages, self.cumulative) == (other.messages, other.cumulative)

    def draw(self, rng: Random) -> MessageProgram:
        """Choose a message by weight."""
        if self.only is not None:
            return self.only
        return self.messages[bisect(self.cumulative, rng.random() * self.total)]


class Again(NamedTuple):
    """Steps after a reconnect; ``connects``: one of them makes the connection."""

    steps: tuple[StepProgram, ...]
    connects: bool


class ProfileProgram:
    """One profile, ready to run.

    ``connects``: a step of its own makes the connection; ``reconnects``: one of the flow does.
    ``expects``: some step reads the mailbox; ``expects_later``: one after ``start`` does.
    ``expects_close``: some step waits for the target to close. ``resume``: what is done after a reconnect,
    ``restart`` where ``start`` has not been done yet; ``returns_by_flow``: its next pass is that.
    """

    __slots__ = (
        "connects",
        "end",
        "expects",
        "expects_close",
        "expects_later",
        "flow",
        "lifecycle",
        "name",
        "read",
        "reconnects",
        "restart",
        "resume",
        "returns_by_flow",
        "start",
    )

    def __init__(self, plan: ProfilePlan, compiler: ProgramCompiler) -> None:
        self.name = plan.name
        self.start = compile_steps(plan.start, compiler)
        self.flow = compile_steps(plan.flow, compiler)
        self.end = compile_steps(plan.end, compiler)
        later, frames = (*plan.flow, *plan.end), (ExpectStep, ExpectNoneStep)
        self.lifecycle = compile_lifecycle(plan.lifecycle, compiler.tools)
        self.read = plan.read
        self.restart = _again(plan.start, self.start)
        self.resume = self.restart
        if plan.resume is not None:
            self.resume = Again(compile_steps(plan.resume, compiler), _has(plan.resume, ConnectStep))
        self.expects = _has(plan.steps, *frames)
        self.expects_later = _has(later, *frames)
        self.expects_close = _has(plan.steps, ExpectCloseStep)
        self.connects = _has((*plan.start, *plan.flow), ConnectStep)
        self.reconnects = _has(plan.flow, ConnectStep)
        self.returns_by_flow = self.reconnects and plan.resume is None and not self.restart.connects


def _again(plans: Sequence[StepPlan], programs: Sequence[StepProgram]) -> Again:
    """Return ``start`` from its connect on; all of it where it has none."""
    for index, plan in enumerate(plans):
        if _has((plan,), ConnectStep):
            return Again(tuple(programs[index:]), connects=True)
    return Again(tuple(programs), connects=False)


def _has(steps: Sequence[StepPlan], *kinds: type[Any]) -> bool:
    return any(isinstance(step, kinds) for step in all_steps(steps))


class ProgramCompiler:
    """Compiles a plan's parts, and collects the distinct correlators on the way."""

    def __init__(self, plan: Plan, tools: Tools, deadlines: Deadlines[Request]) -> None:
        self.tools = tools
        self.target = plan.target
        self.once = plan.once
        self.socket_names = [target.name for target in plan.targets]
        self.deadlines = deadlines
        self.has_sockets = bool(plan.sockets)
        self.renewed = {data.name for data in plan.data if data.per == "message"}
        if plan.jwt is not None:
            self.renewed.add(TOKEN)
        self.correlators: list[Correlation] = []
        self.messages = [MessageProgram(message, self) for message in plan.messages]
        self.profiles = [ProfileProgram(profile, self) for profile in plan.profiles]

    def matcher(self, pattern: Any) -> Matcher | None:
        """Compile a pattern as written; None stays None."""
        return None if pattern is None else compile_pattern(parse_pattern(pattern), self.tools)

    def captures(self, captures: Sequence[tuple[str, str]]) -> Captures:
        """Compile ``capture: {variable: source}``."""
        return compile_captures(captures)

    def correlator(self, found: Correlation) -> int:
        """Return the index of a correlator; requests whose replies carry their key alike share one table."""
        for index, known in enumerate(self.correlators):
            if known.key == found.key:
                return index
        self.correlators.append(found)
        return len(self.correlators) - 1


def compile_captures(captures: Sequence[tuple[str, str]]) -> Captures:
    """Compile ``capture: {variable: source}``."""
    return tuple((name, compile_source(parse_source(source))) for name, source in captures)


def names_in(value: Any) -> Iterator[tuple[str, ...]]:
    """Yield the names that the templates in a JSON-like value use, as dotted paths."""
    if isinstance(value, str):
        for part in parse(value).parts:
            if not isinstance(part, str):
                yield from part.names
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from names_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from names_in(inner)
