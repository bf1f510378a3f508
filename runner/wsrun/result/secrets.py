"""What nobody may read in a result: the secrets of a scenario, wherever they turn up.

Secrets are told by the names of their keys, by where they stand (headers, URLs, the key of a token), and by
their form (JSON Web Tokens). Values that are nothing but references, such as ``Bearer {{ token }}`` or
``${PASSWORD}``, hold no secret and stay readable.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import orjson

from wsrun.errors import ScenarioError
from wsrun.expressions import ExpressionError, parse
from wsrun.metrics.snapshot import Sample, Snapshot
from wsrun.plan import Plan
from wsrun.plan_steps import CallStep, SetStep, all_steps
from wsrun.source.events import parse_events, split_lines
from wsrun.source.node import Node
from wsrun.source.tree import Builder

MASK = "***"

LONGEST_TEXT = 500
"""Characters of a foreign text that are kept."""

ROWS_READ = 10_000
"""Rows of a data file whose secrets are looked for in texts."""

_LEAST = 4
"""Characters from which a named secret is looked for in texts: a shorter one would be found everywhere."""

_LEAST_UNNAMED = 8
"""Likewise for values that may be a secret by where they stand."""

_REFERENCE = r"(?:\{\{[^\"'}]*\}\}|\$\{\w+\})"
_NAME = (
    r"(?:secret|passwo?r?d|passphrase|pwd|token|credentials?|authori[sz]ation|cookies?|signature"
    r"|(?:api|access|private|secret)[-_]?key|session[-_]?id|jwt)"
)
_SECRET_NAME = re.compile(rf"{_NAME}$", re.IGNORECASE)
_SCHEMES = frozenset({"bearer", "basic", "digest", "token", "apikey"})
_ONLY_REFERENCES = re.compile(
    rf"\s*(?:(?:{'|'.join(sorted(_SCHEMES))})\s+)?(?:(?:[\w.-]+=)?{_REFERENCE};?\s*)+", re.IGNORECASE
)
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "content-type", "host", "origin"}
    | {"pragma", "referer", "user-agent"}
)
_VALUES = frozenset({"json", "form", "claims", "assign", "headers", "set"})
"""Keys below which any scalar with a secret name is a secret, numbers too."""

_URLS = frozenset({"url", "http", "get", "post", "put", "patch", "delete"})
"""Keys whose value is a URL, or a path."""

_USER = re.compile(r"(?<=//)[^/?#\s\"']*@")
_QUERY = re.compile(rf"([?&])([^=&#\s\"'{{}}]+)(?:(=)((?:{_REFERENCE}|[^&#\s\"'}}])*))?")
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_SCHEME = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_PAIR = re.compile(rf"({_NAME}(?:=|[\"']\s*[:=]\s*[\"']?))(?!{_REFERENCE})[^\s\"',;&{{}}]+", re.IGNORECASE)
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*(?:\"|$)|[^\s,;)]+)"
_SAID = re.compile(rf"({_NAME}[\"'\])/]* is ){_VALUE}(?:(, wanted (?:[a-z]+ )*){_VALUE})?", re.IGNORECASE)
"""What is said of a field that a pattern asked for: ``$.token is "abc", wanted "def"``."""

_HEX_TOKEN = re.compile(r"65794a(?:[2-7][0-9a-f]){10,}")
"""A JSON Web Token in the hexadecimal digits of a binary message."""


def mask_url(url: str, *, is_demo: bool = False) -> str:
    """Return a URL without user names, passwords and the values of its query.

    What is nothing but references stays, and with ``is_demo`` whatever has no secret name: the embedded
    server has none but its tokens.
    """

    def masked(match: re.Match[str]) -> str:
        mark, name, equals, value = match.groups()
        if equals is None:
            return match[0] if is_demo else f"{mark}{MASK}"
        if not value or _ONLY_REFERENCES.fullmatch(value) or (is_demo and not _SECRET_NAME.search(name)):
            return match[0]
        return f"{mark}{name}={MASK}"

    return _QUERY.sub(masked, _USER.sub(f"{MASK}@", url))


def mask_source(text: str) -> str:
    """Return the text of a scenario with its secrets masked; every line keeps its number."""
    lines = split_lines(text)
    try:
        root = Builder("", lines, {}).build(parse_events(text, "", lines))
    except ScenarioError:
        return MASK if text.strip() else text
    # From the last to the first, so that the places of those before stay what they were.
    for spot, is_url in sorted(set(_marked(root)), reverse=True):
        _mask_spot(lines, spot, is_url=is_url)
    return "\n".join(lines)


class Secrets:
    """The secrets of one plan, to be kept out of texts that come from elsewhere."""

    def __init__(self, plan: Plan) -> None:
        self._text = plan.source
        named, unnamed = set(_named_values(plan)), set(_values_by_place(plan))
        values = {value for value in named if len(value) >= _LEAST}
        values |= {value for value in unnamed if len(value) >= _LEAST_UNNAMED}
        forms = {form for value in values for form in _forms(value)}
        forms |= {value for value in _rows(plan) if len(value) >= _LEAST}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def source(self) -> str:
        """Return the text of the scenario without secrets; every line keeps its number."""
        forms = [form for form in self._forms if len(form) >= _LEAST_UNNAMED and "\n" not in form]
        return _hidden(mask_source(self._text), forms)

    def hidden(self, text: str) -> str:
        """Return a text without secrets that any encoding to UTF-8 takes."""
        return _hidden(text, self._forms)

    def sample(self, text: str) -> str:
        """Return a foreign text as ``hidden`` does, cut to ``LONGEST_TEXT``."""
        shown = self.hidden(text)
        return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"

    def command(self, text: str) -> str:
        """Return a command line as ``hidden`` does, its URLs masked too."""
        return self.hidden(mask_url(text) if "://" in text else text)

    def value(self, name: str, text: str) -> str:
        """Return a value that was given under a name: nothing of it where the name is that of a secret."""
        return MASK if _SECRET_NAME.search(name) else self.command(text)

    def clean(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot whose sentences and messages hold no secret."""
        if not snapshot.errors and not snapshot.notes and not snapshot.steps:
            return snapshot
        errors = {
            cause: dataclasses.replace(detail, samples=self._clean_samples(detail.samples))
            for cause, detail in snapshot.errors.items()
        }
        notes = {metric: self._clean_samples(samples) for metric, samples in snapshot.notes.items()}
        steps = [
            step._replace(step=self.sample(step.step), problems=tuple(map(self.sample, step.problems)))
            for step in snapshot.steps
        ]
        return dataclasses.replace(snapshot, errors=errors, notes=notes, steps=steps)

    def _clean_samples(self, samples: Iterable[Sample]) -> list[Sample]:
        return [(at, client, self.sample(text)) for at, client, text in samples]


def _hidden(text: str, forms: Iterable[str]) -> str:
    """Hide known secrets, and what looks like one."""
    text = _TOKEN.sub(MASK, text)
    for form in forms:
        text = text.replace(form, MASK)
    text = _SAID.sub(lambda match: f"{match[1]}{MASK}" + (f"{match[2]}{MASK}" if match[2] else ""), text)
    text = _HEX_TOKEN.sub(MASK, text)
    text = _PAIR.sub(rf"\g<1>{MASK}", _SCHEME.sub(rf"\1 {MASK}", text))
    return encodable(_USER.sub(f"{MASK}@", text))


def encodable(text: str) -> str:
    """Return a text in which lone surrogates, as in file names that are not UTF-8, are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encodable_data(value: Any) -> Any:
    """Return JSON-like data with every text ``encodable``."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {encodable_data(key): encodable_data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [encodable_data(inner) for inner in value]
    return value


# Where secrets stand in the text of a scenario


def _marked(root: Node) -> Iterator[tuple[_Spot, bool]]:
    """Yield the scalars to mask, and whether each is a URL of which a part is."""
    waiting: list[tuple[Node, str, bool]] = [(root, "", False)]
    seen: set[tuple[int, str, bool]] = set()
    while waiting:
        node, name, in_values = waiting.pop()
        if (id(node), name, in_values) in seen:
            continue
        seen.add((id(node), name, in_values))
        if isinstance(node.children, dict):
            in_headers = name == "headers"
            for key, child in node.children.items():
                if key == "capture":
                    continue
                guarded = in_headers and key.lower() not in _PLAIN_HEADERS
                waiting.append((child, "authorization" if guarded else key, in_values or key in _VALUES))
        elif isinstance(node.children, list):
            waiting += [(child, name, in_values) for child in node.children]
        elif _is_secret(node, name, in_values):
            yield _Spot.of(node), False
        elif name in _URLS or "://" in node.written:
            yield _Spot.of(node), True


def _is_secret(node: Node, name: str, in_values: bool) -> bool:
    if not _SECRET_NAME.search(name) or not node.written:
        return False
    if not isinstance(node.value, str) and (not in_values or isinstance(node.value, bool | None)):
        return False
    return not _ONLY_REFERENCES.fullmatch(node.written)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class _Spot:
    """Where a scalar stands; lines and columns count from 1, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of(cls, node: Node) -> _Spot:
        return cls(node.line, node.column, node.end_line, node.end_column)


def _mask_spot(lines: list[str], spot: _Spot, *, is_url: bool) -> None:
    first = lines[spot.line - 1]
    before = first[: spot.column - 1]
    if spot.line == spot.end_line:
        raw, after = first[spot.column - 1 : spot.end_column - 1], first[spot.end_column - 1 :]
        shown = mask_url(raw, is_demo=raw.lstrip("\"'").startswith(("demo", "/"))) if is_url else MASK
        lines[spot.line - 1] = before + shown + after
        return
    lines[spot.line - 1] = before + MASK
    for row in range(spot.line, min(spot.end_line - 1, len(lines))):
        lines[row] = ""
    if spot.end_line <= len(lines):
        lines[spot.end_line - 1] = lines[spot.end_line - 1][spot.end_column - 1 :]


# The secrets themselves, every substitution done


def _named_values(plan: Plan) -> Iterator[str]:
    """Yield what is a secret by its name or kind."""
    if plan.jwt is not None:
        yield plan.jwt.key
        yield from (line for line in plan.jwt.key.splitlines() if len(line) >= _LEAST_UNNAMED)
        yield from _with_secret_names(plan.jwt.claims)
    for message in plan.messages:
        if message.body.kind in ("json", "form"):
            yield from _with_secret_names(message.body.source)
    for group in plan.groups:
        yield from _with_secret_names(dict(group.assign))
    for profile in plan.profiles:
        for step in all_steps(profile.steps):
            if isinstance(step, SetStep):
                yield from _with_secret_names(dict(step.values))
            elif isinstance(step, CallStep):
                yield from _with_secret_names(dict(step.arguments))
    for target in plan.targets:
        for url in (*target.urls, target.http or "", target.proxy or ""):
            yield from _credentials(url)


def _credentials(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return
    if password:
        yield from (password, unquote(password), f"{unquote(user)}:{unquote(password)}")


def _values_by_place(plan: Plan) -> Iterator[str]:
    """Yield what stands where secrets do: in headers and in the query of URLs."""
    places = [(target.headers, url) for target in plan.targets for url in target.urls]
    places += [(one.http.headers, one.http.path) for one in plan.messages if one.http is not None]
    for headers, url in places:
        for name, value in headers:
            if name.lower() not in _PLAIN_HEADERS:
                for literal in _literals(value):
                    words = re.split(r"[\s;,=]+", literal)
                    yield from (word for word in (literal, *words) if word.lower() not in _SCHEMES)
        for _, name, _, value in _QUERY.findall(url):
            for literal in _literals(value or name):
                yield from (literal, unquote(literal))


def _with_secret_names(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _with_secret_names(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _with_secret_names(inner, name)
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield from _literals(value)


def _rows(plan: Plan) -> Iterator[str]:
    for data in plan.data:
        columns = [column for column in (data.rows[0] if data.rows else ()) if _SECRET_NAME.search(column)]
        for row in data.rows[:ROWS_READ] if columns else ():
            yield from (str(row[column]) for column in columns if column in row)


def _literals(text: str) -> Iterable[str]:
    """Return the parts of a text that are no expressions."""
    try:
        parts = parse(text).parts
    except ExpressionError:
        return (text,)
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def _forms(value: str) -> Iterator[str]:
    """Yield a value as it may be found in a text: as it is, in a URL, in base64, in hexadecimal, in JSON."""
    data = value.encode("utf-8", "surrogatepass")
    yield value
    yield quote(data, safe="")
    yield data.hex()
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
    yield orjson.dumps(encodable(value)).decode()[1:-1]
