"""Contracts on what is received: which frames are checked, and what is said of those that break one.

All clients of a worker share a contract: it is compiled once, and counts the frames that it is for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from wsrun.contracts import targets_of
from wsrun.engine.observers import Where
from wsrun.metrics.snapshot import Labels, labels_of
from wsrun.patterns import ABSENT, Frame, show_payload
from wsrun.patterns.dialects import at
from wsrun.patterns.validation import Miss, Validation
from wsrun.plan import ContractMessage, ContractPlan
from wsrun.wording import joined

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.programs import ProgramCompiler

_WORD: Final = (1 << 64) - 1

_WITHOUT_CONST: Final = frozenset({"Draft4Validator"})
"""Drafts that know no ``const``: it is ignored there, like any other unknown word."""


class _Message:
    """A message of a contract, compiled. ``fixed`` are fields that must have a certain value."""

    __slots__ = ("_validation", "fixed", "is_text", "name")

    def __init__(self, plan: ContractMessage, document: Any) -> None:
        self.name = plan.name
        self.is_text = plan.content == "text"
        self.fixed: list[tuple[str, tuple[Any, ...], bool]] = []
        self._validation: Validation | None = None
        if plan.path is not None:
            schema, targets = at(document, plan.path), targets_of(document, plan)
            self._validation = Validation(schema, targets, plan.draft)
            self.fixed = _fixed(schema, targets, has_const=plan.draft not in _WITHOUT_CONST)

    def value(self, frame: Frame) -> Any:
        """Return what of a frame the schema is for, ABSENT where it has none."""
        if not self.is_text:
            return frame.json()
        return frame.payload if isinstance(frame.payload, str) else ABSENT

    def may_be(self, value: Any) -> bool:
        """Tell, by its fixed fields alone, whether a value can be this message; True where nothing speaks
        against it."""
        if not isinstance(value, dict):
            return True
        return all(
            value[key] in allowed if isinstance(value.get(key), str) else key not in value and not needed
            for key, allowed, needed in self.fixed
        )

    def fits(self, value: Any) -> bool:
        return self._validation is None or self._validation.is_valid(value)

    def misses(self, value: Any) -> list[Miss]:
        return [] if self._validation is None else self._validation.misses(value)


class Contract:
    """A contract, compiled once per worker.

    A share of the frames is drawn by a hash of how many there were (splitmix64, Steele, Lea and Flood 2014),
    so that no period of the traffic is met again and again.
    """

    __slots__ = ("_labels", "_limit", "_messages", "_seen", "_start", "name", "where")

    def __init__(self, plan: ContractPlan, compiler: ProgramCompiler, start: int) -> None:
        self.name = plan.name
        self.where = Where(plan.where, compiler)
        self._messages = [_Message(message, plan.document) for message in plan.messages]
        self._limit = None if plan.share >= 1.0 else int(plan.share * (1 << 64))
        self._start = start
        self._seen = 0
        self._labels: dict[tuple[Labels, str], Labels] = {}

    def look(self, frame: Frame, line: Line) -> None:
        """Check a frame that the contract is for, unless it is not drawn."""
        self._seen += 1
        if self._limit is not None and _hashed(self._start + self._seen) >= self._limit:
            return
        recorder, where = line.world.recorder, line.traffic.labels
        recorder.count("contract.checked", self._labelled(where, self.name))
        name, broken = self._judged(frame)
        # Counted with zero too: what was looked for and not found is data.
        recorder.count("contract.violations", self._labelled(where, name), 0 if broken is None else 1)
        if broken is not None:
            line.session.error("contract-violation", partial(self._text, broken, frame))

    def _labelled(self, where: Labels, message: str) -> Labels:
        """Return the labels of a connection with those of a message; as often as there are such."""
        made = self._labels.get((where, message))
        if made is None:
            named = {**dict(where), "message": message, "contract": self.name}
            made = self._labels[where, message] = labels_of(named)
        return made

    def _judged(self, frame: Frame) -> tuple[str, _Broken | None]:
        """Return the name of the message that a frame is, or of what it breaks, and what is broken."""
        possible = []
        for message in self._messages:
            value = message.value(frame)
            if value is not ABSENT and message.may_be(value):
                if message.fits(value):
                    return message.name, None
                if not message.is_text or frame.json() is ABSENT:
                    possible.append(message)
        if len(self._messages) == 1:
            possible = self._messages
        name = possible[0].name if len(possible) == 1 else self.name
        return name, _Broken(name, possible)

    def _text(self, broken: _Broken, frame: Frame) -> str:
        reason = broken.reason(frame, [message.name for message in self._messages])
        return f"{broken.name}: {reason}, in {show_payload(frame.payload)}"


class _Broken:
    """What a frame breaks: the one message that it can be, or the contract as a whole."""

    __slots__ = ("_possible", "name")

    def __init__(self, name: str, possible: list[_Message]) -> None:
        self.name = name
        self._possible = possible

    def reason(self, frame: Frame, names: list[str]) -> str:
        """Say where in the frame something is wrong, and what was expected there."""
        unreadable = "the message is binary" if isinstance(frame.payload, bytes) else "it is no JSON"
        if not self._possible:
            return unreadable if frame.json() is ABSENT else f"$ is none of {joined(names[:10], 'or')}"
        nearest: list[Miss] | None = None
        whose = ""
        for message in self._possible:
            value = message.value(frame)
            if value is ABSENT:
                return unreadable
            misses = message.misses(value)
            if nearest is None or len(misses) < len(nearest):
                nearest, whose = misses, message.name
        said = str(nearest[0]) if nearest else "$ breaks its schema"
        return said if whose == self.name or len(self._possible) == 1 else f"{said} (nearest is {whose})"


def compile_contracts(
    plans: tuple[ContractPlan, ...], compiler: ProgramCompiler, seed: int, worker: int
) -> list[Contract]:
    """Compile the contracts of a plan for one worker."""
    return [
        Contract(plan, compiler, _hashed((seed << 16) + (number << 8) + worker))
        for number, plan in enumerate(plans)
    ]


def _hashed(number: int) -> int:
    """Return 64 bits that look random: the output function of splitmix64."""
    number = (number * 0x9E3779B97F4A7C15) & _WORD
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _WORD
    return number ^ (number >> 31)


def _fixed(
    schema: Any, targets: dict[str, Any], *, has_const: bool
) -> list[tuple[str, tuple[Any, ...], bool]]:
    """Return the top-level fields that must have one of a few texts: name, texts, and whether required."""
    found = []
    for part in _parts(schema, targets, 10):
        required = part.get("required")
        for key, wanted in (part.get("properties") or {}).items():
            texts = _texts(wanted, has_const=has_const)
            if texts is not None:
                found.append((key, texts, isinstance(required, list) and key in required))
    return found


def _parts(schema: Any, targets: dict[str, Any], levels: int) -> list[dict[str, Any]]:
    """Return a schema and those that must hold besides it."""
    if not isinstance(schema, dict) or not levels:
        return []
    if "$ref" in schema:
        return _parts(targets.get(schema["$ref"]), targets, levels - 1)
    parts = [schema]
    for inner in schema.get("allOf") or ():
        parts += _parts(inner, targets, levels - 1)
    return parts


def _texts(schema: Any, *, has_const: bool) -> tuple[Any, ...] | None:
    if not isinstance(schema, dict):
        return None
    if has_const and isinstance(schema.get("const"), str):
        return (schema["const"],)
    several = schema.get("enum")
    if isinstance(several, list) and several and all(isinstance(one, str) for one in several):
        return tuple(several)
    return None
