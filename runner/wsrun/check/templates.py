"""Templates: whether they can be read, whether their names exist, and whether those have a value then."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, keys, mapping, texts, written
from wsrun.check.steps import CONDITIONS
from wsrun.expressions import Expr, ExpressionError, check_fake, parse
from wsrun.source import Steps
from wsrun.wording import choose, closest, joined, quoted

MEMBERS = {
    "now": ("iso", "ms"),
    "client": ("index", "id", "group", "profile"),
    "random": ("int", "float", "choice", "text"),
}
"""What belongs to the names that are not values themselves."""

FUNCTIONS = frozenset(("uuid", "counter", "random.int", "random.float", "random.choice", "random.text"))
"""Names that stand for nothing without parentheses behind them."""

BUILT_IN = frozenset(("id", "seq", "now", "client", "uuid", "counter", "random", "fake"))
"""Names that are always there, and that nothing else may have."""

_OF_A_MESSAGE = frozenset(("id", "seq"))
_WORDS = frozenset(
    ("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None")
)


@dataclass(frozen=True, slots=True)
class _Names:
    """What templates may name: ``columns`` by data source, and the variables of clients.

    Where there are calls, an extension may write any.
    """

    columns: Mapping[str, Collection[str] | None]
    rows_per_message: frozenset[str]
    variables: frozenset[str]
    has_token: bool
    has_calls: bool

    def everything(self) -> list[str]:
        """All names, those that an author chose first."""
        token = ["token"] if self.has_token else []
        return [*sorted(self.variables), *self.columns, *token, *sorted(BUILT_IN)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text stands: ``moment`` says when it is filled in, if there is no message then."""

    path: Steps
    text: str
    moment: str | None = None


def check_templates(scene: Scene, findings: Findings, columns: Mapping[str, Collection[str] | None]) -> None:
    """Check every text that may hold templates, and that no other does.

    Args:
        scene: the scenario.
        findings: where mistakes go.
        columns: the columns of each data source; None where they are not known.
    """
    names = _Names(
        columns,
        frozenset(name for name, source in scene.data.items() if source.get("per") == "message"),
        frozenset(written(scene.document.data)),
        bool(scene.jwt),
        any("call" in step for _, step in scene.steps()),
    )
    _chosen_names(scene, findings)
    fakes: list[tuple[_Place, Expr, str]] = []
    for place in _places(scene):
        try:
            template = parse(place.text)
        except ExpressionError as error:
            _unreadable(error, place, findings)
            continue
        for part in template.parts:
            if isinstance(part, Expr):
                for name in sorted(part.names):
                    if name[0] == "fake" and len(name) > 1:
                        fakes.append((place, part, name[1]))
                    _name(name, part, place, names, findings)
    _fakes(fakes, findings)
    _constants(scene, findings)


def _places(scene: Scene) -> Iterator[_Place]:
    """Every text that may hold templates."""
    for place, target in scene.targets.items():
        for key in ("url", "failover", "headers", "http"):
            yield from _in(target.get(key), (*place, key), "a connection has no message yet")
    claims = scene.jwt.get("claims")
    yield from _in(claims, ("auth", "jwt", "claims"), "a token is made before there is a message")
    for name, group in scene.groups.items():
        path: Steps = ("clients", name, "assign")
        yield from _in(group.get("assign"), path, "a client is born before it sends a message")
    for path, message in scene.all_messages():
        for kind in ("json", "text", "hex"):
            yield from _in(message.get(kind), (*path, kind))
        to = mapping(message.get("deliver")).get("to")
        yield from _in(to, (*path, "deliver", "to"))
        yield from _in(message.get("http"), (*path, "http"))
    for path, pattern, has_message in scene.patterns():
        yield from _in(pattern, path, None if has_message else _not_ours(path))
    for path, step in scene.steps():
        yield from _in(step.get("set"), (*path, "set"), "a set step belongs to no message")
        yield from _in(step.get("with"), (*path, "with"), "a call belongs to no message")
        for key in CONDITIONS:
            yield from _in(step.get(key), (*path, key), "a condition belongs to no message")


def _not_ours(path: Steps) -> str:
    if path[0] in ("clients", "contracts"):
        return "what a rule looks at belongs to no message of ours"
    if "deliver" in path:
        return "who looks at what arrives has sent none of it"
    step = "a connect step" if path[-1] == "refused" else "an expect step"
    return f"{step} belongs to no message"


def _in(value: Any, path: Steps, moment: str | None = None) -> Iterator[_Place]:
    for place, text in texts(value, path):
        if "{{" in text:
            yield _Place(place, text, moment)


def _name(name: tuple[str, ...], expr: Expr, place: _Place, names: _Names, findings: Findings) -> None:
    """Check one dotted name of an expression."""
    root = name[0]
    trouble: tuple[str, str, str | None] | None = None
    at = root
    if root in _OF_A_MESSAGE and place.moment is not None:
        trouble = ("no-message", f"there is no '{root}' here: {place.moment}", _instead(root, place))
    elif root in MEMBERS and len(name) < 2:
        members = [f"{root}.{member}" for member in MEMBERS[root]]
        trouble = ("unknown-name", f"'{root}' is no value by itself", f"write {joined(members, 'or')}")
    elif root in MEMBERS and name[1] not in MEMBERS[root]:
        members = [f"{root}.{member}" for member in MEMBERS[root]]
        at = ".".join(name[:2])
        trouble = ("unknown-name", f"there is no '{at}'", choose(at, members, "there are"))
    elif ".".join(name[:2]) in FUNCTIONS or root in ("uuid", "counter", "fake"):
        at = ".".join(name[:2])
        if root == "fake" and len(name) < 2:
            trouble = ("unknown-name", "'fake' needs to know what to make up", "write fake.name()")
        elif not re.search(rf"(?<![\w.]){re.escape(at)}\s*\(", expr.source):
            trouble = ("needs-call", f"'{at}' makes a value only with parentheses", f"write {_call(at)}")
    elif root in names.columns:
        trouble = _data(name, place, names)
        at = ".".join(name[:2])
    elif root == "token" and names.has_token:
        if place.path[:2] == ("auth", "jwt"):
            trouble = ("unknown-name", "'token' is made of these claims", "name something else here")
        elif place.path[0] == "clients" and place.path[2:3] == ("assign",):
            message = (
                "there is no 'token' yet: it is made after assign, as its claims may name what assign writes"
            )
            trouble = (
                "unknown-name",
                message,
                "write {{ token }} where it is used, or set it in a step of start",
            )
    elif root not in names.variables and root not in BUILT_IN and not names.has_calls:
        trouble = ("unknown-name", f"nothing writes '{root}'", _name_help(root, names))
    if trouble is not None:
        offset, length = _spot(at, expr)
        findings.add_part(place.path, offset, length, *trouble)


def _unreadable(error: ExpressionError, place: _Place, findings: Findings) -> None:
    """Tell of an expression that cannot be read, at the name that is wrong where there is one."""
    offset, length = error.offset, 2 if place.text.startswith("{{", error.offset) else 1
    unknown = re.search(r"there is no (?:filter|test) '(\w+)'", error.message)
    if unknown is not None:
        offset, length = max(place.text.find(unknown[1], offset), offset), len(unknown[1])
    message, help_text = error.message, error.help
    if message == "unexpected 'end'":
        message, help_text = "this expression ends too early", "write what belongs after its last sign"
    findings.add_part(place.path, offset, length, "expression", message, help_text)


def _data(name: tuple[str, ...], place: _Place, names: _Names) -> tuple[str, str, str | None] | None:
    columns = names.columns[name[0]]
    if place.moment is not None and name[0] in names.rows_per_message:
        message = f"'{name[0]}' has a row for each message: {place.moment}"
        return "no-message", message, f"write per: client in the data source '{name[0]}'"
    if columns is None:
        return None
    if len(name) < 2:
        example = next(iter(columns), "column")
        return "unknown-column", f"'{name[0]}' is a row, not a value", f"write {name[0]}.{example}"
    if name[1] not in columns:
        message = f"{quoted(name[0])} has no column {quoted(name[1])}"
        return "unknown-column", message, choose(name[1], list(columns), "columns")
    return None


def _name_help(root: str, names: _Names) -> str:
    near = closest(root, names.everything())
    if near in BUILT_IN and SequenceMatcher(None, root, near).ratio() < 0.7:
        near = None  # "room" is no misspelt "random"
    if near is not None:
        return f"did you mean '{near}'?"
    if root == "token":
        return "auth.jwt makes it, or a capture writes it"
    if root in ("env", "ENV", "environ"):
        return "the environment is ${NAME}, without these braces"
    return "a variable is written by assign, capture or set; a column of data is NAME.column"


def _instead(root: str, place: _Place) -> str:
    if "expect" in place.path:
        return "what answers a message of ours is its reply, and is matched there"
    if root == "id":
        return "client.id names the client, uuid() is new each time"
    return "counter('name') counts up"


def _call(name: str) -> str:
    examples = {
        "counter": "counter('name')",
        "random.int": "random.int(1, 6)",
        "random.choice": "random.choice([ 'a', 'b' ])",
        "random.text": "random.text(20)",
    }
    return examples.get(name, f"{name}()")


def _spot(name: str, expr: Expr) -> tuple[int, int]:
    """Where a name stands in the text: offset and length."""
    match = re.search(rf"(?<![\w.'\"]){re.escape(name)}(?!\w)", expr.source)
    return (expr.offset + match.start(), len(name)) if match else (expr.offset, len(expr.source))


def _fakes(fakes: list[tuple[_Place, Expr, str]], findings: Findings) -> None:
    unknown = dict(check_fake(sorted({name for _, _, name in fakes}))) if fakes else {}
    for place, expr, name in fakes:
        if name in unknown:
            near = [f"fake.{other}()" for other in unknown[name]]
            help_text = f"did you mean {joined(near, 'or')}?" if near else "the names are those of Faker"
            offset, length = _spot(f"fake.{name}", expr)
            message = f"Faker does not know how to make {quoted(name)}"
            findings.add_part(place.path, offset, length, "unknown-name", message, help_text)


def _chosen_names(scene: Scene, findings: Findings) -> None:
    """Check the names that authors give: none may hide another."""
    taken = BUILT_IN | _WORDS | (frozenset(("token",)) if scene.jwt else frozenset())
    for name in scene.data:
        if name in taken:
            _reserved(("data", name), f"{quoted(name)} has a meaning already", findings)
    writers: list[tuple[Steps, Any]] = [
        (("clients", name, "assign"), group.get("assign")) for name, group in scene.groups.items()
    ]
    writers += [((*path, "set"), step.get("set")) for path, step in scene.steps()]
    for path, variables in [*writers, *scene.captures()]:
        for name in mapping(variables):
            if name in taken:
                _reserved((*path, name), f"{quoted(name)} has a meaning already", findings)
            elif name in scene.data:
                _reserved((*path, name), f"{quoted(name)} is the name of a data source too", findings)


def _reserved(path: Steps, message: str, findings: Findings) -> None:
    findings.add_key(path, "reserved-name", message, "choose another")


def _constants(scene: Scene, findings: Findings) -> None:
    """Check that what is fixed before the run holds no template, and that no key does."""
    fixed: list[tuple[Steps, Any]] = [
        ((*path, key), target.get(key))
        for path, target in scene.targets.items()
        for key in ("tls", "subprotocols", "proxy", "split", "json_in")
    ]
    fixed += [(("auth", "jwt", key), scene.jwt.get(key)) for key in ("secret", "key")]
    fixed += [(("data", name, "file"), source.get("file")) for name, source in scene.data.items()]
    fixed += [((*path, "file"), message.get("file")) for path, message in scene.all_messages()]
    for path, value in fixed:
        for place, text in texts(value, path):
            if "{{" in text:
                message = f"{quoted(str(place[-1]))} is read before the run, and takes no templates"
                help_text = "write the value, or ${NAME}"
                findings.add_part(place, text.index("{{"), 2, "static-text", message, help_text)
    bodies = [((*path, "json"), message.get("json")) for path, message in scene.all_messages()]
    bodies += [((*path, "http"), message.get("http")) for path, message in scene.all_messages()]
    for path, body in bodies:
        for place in keys(body, path):
            if "{{" in str(place[-1]):
                help_text = "write the whole body as text, with the template in it"
                findings.add_key(place, "static-text", "a key takes no templates", help_text)
