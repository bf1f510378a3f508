"""The built-in names of expressions, and the client that they speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar, Final, Protocol

from wsrun.expressions.fakes import FakePool

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_LONGEST_TEXT: Final = 1 << 20

_UUID_FIXED: Final = 0xF000 << 64 | 0xC000 << 48
_UUID_4: Final = 0x4000 << 64 | 0x8000 << 48


class Scope(Protocol):
    """The client (and the message it is making) in which an expression is evaluated."""

    message_id: str
    seq: int
    variables: dict[str, Any]
    index: int
    client_id: str
    rows: dict[str, Mapping[str, Any]]

    @property
    def group_name(self) -> str:
        """The client's group."""

    @property
    def profile(self) -> str:
        """The client's profile."""

    @property
    def rng(self) -> Random:
        """The client's own random stream."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What expressions share within a worker: ``counters`` gives the next number of a name, ``now`` the time
    in seconds since 1970, ``extensions`` are the functions of the scenario's author by name."""

    seed: int
    counters: Callable[[str], int]
    now: Callable[[], float]
    fake: FakePool
    extensions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


Evaluate = Callable[[Scope], Any]


class Function:
    """A function that expressions may call."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._call(*arguments, **named)


class Members:
    """A built-in name with members; expressions reach those that it ``has`` and nothing else."""

    __slots__ = ("_scope", "_tools")
    members: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, scope: Scope, tools: Tools) -> None:
        self._scope = scope
        self._tools = tools

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self.members


class Now(Members):
    """The time of day."""

    __slots__ = ()
    members = frozenset({"iso", "ms"})

    @property
    def ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self._tools.now() * 1000)

    @property
    def iso(self) -> str:
        """As ISO 8601, in UTC, with milliseconds."""
        at = datetime.fromtimestamp(self._tools.now(), UTC)
        return at.isoformat(timespec="milliseconds")[:-6] + "Z"


class Client(Members):
    """Who the client is."""

    __slots__ = ()
    members = frozenset({"group", "id", "index", "profile"})

    @property
    def index(self) -> int:
        """The client's slot in its group, from 0."""
        return self._scope.index

    @property
    def id(self) -> str:
        """A name that no other client of the run has."""
        return self._scope.client_id

    @property
    def group(self) -> str:
        """Its group."""
        return self._scope.group_name

    @property
    def profile(self) -> str:
        """Its profile."""
        return self._scope.profile


class Chance(Members):
    """Draws from the client's own random stream: the same for the same seed."""

    __slots__ = ()
    members = frozenset({"choice", "float", "int", "text"})

    @property
    def int(self) -> Function:
        """A whole number from ``low`` to ``high``, both included."""
        return Function(self._scope.rng.randint)

    @property
    def float(self) -> Function:
        """A number between two, by default 0 and 1."""
        return Function(lambda low=0.0, high=1.0: self._scope.rng.uniform(low, high))

    @property
    def choice(self) -> Function:
        """One of a list."""
        return Function(self._scope.rng.choice)

    @property
    def text(self) -> Function:
        """So many letters and digits."""
        return Function(self._text)

    def _text(self, length: Any) -> str:
        if not 0 <= length <= _LONGEST_TEXT:
            raise ValueError(f"a text has between 0 and {_LONGEST_TEXT} characters")
        return "".join(self._scope.rng.choices(_LETTERS, k=length))


class Fake(Members):
    """Faker's providers."""

    __slots__ = ()

    def has(self, name: str) -> bool:
        """Whether it is a name; the call says which ones Faker knows."""
        return not name.startswith("_")

    def __getattr__(self, name: str) -> Function:
        draw, rng = self._tools.fake.draw, self._scope.rng
        return Function(lambda *arguments, **named: draw(rng, name, *arguments, **named))


def make_uuid(scope: Scope) -> str:
    """Return a random UUID (RFC 9562, version 4): all but six of its bits are drawn."""
    digits = f"{scope.rng.getrandbits(128) & ~_UUID_FIXED | _UUID_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


BUILT_IN: Final[Mapping[str, Callable[[Scope, Tools], Any]]] = {
    "id": lambda scope, tools: scope.message_id,
    "seq": lambda scope, tools: scope.seq,
    "now": Now,
    "client": Client,
    "uuid": lambda scope, tools: Function(lambda: make_uuid(scope)),
    "counter": lambda scope, tools: Function(lambda name: tools.counters(str(name))),
    "random": Chance,
    "fake": Fake,
}
"""The names that are always there; any other is a data source or a variable."""

CALLED: Final[Sequence[str]] = ("uuid()", "counter(name)", "random.…", "fake.…")
"""What can be called, in the words of the documentation."""
