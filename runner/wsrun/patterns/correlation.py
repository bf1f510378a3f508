"""Finding the request of a reply by a value that only one request has, in one dictionary lookup."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from wsrun.expressions import Scope, Tools, compile_value, parse
from wsrun.patterns.frame import ABSENT, Frame
from wsrun.patterns.parsing import Condition, Pattern
from wsrun.patterns.sources import Source, compile_source

_UNIQUE = (("id",), ("seq",))
"""The names whose value no other message of a connection has."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """How replies of a message are told from those of others.

    ``extracts`` read the value of a frame, one for each alternative of the pattern, as a key or ABSENT;
    ``expected`` gives the key of a message that is being sent. ``key`` is the same for patterns whose replies
    carry their value in the same place. ``is_exact``: the value alone decides, nothing else is asked;
    ``is_id``: it is the id of the message as it is.
    ``json_path`` is the way to it when there is one plain way.
    """

    key: Hashable
    extracts: tuple[Callable[[Frame], Any], ...]
    expected: Callable[[Scope], Any]
    is_exact: bool
    is_id: bool
    json_path: tuple[str | int, ...] | None


def correlation(pattern: Pattern, tools: Tools) -> Correlation | None:
    """Return the correlation of a pattern; None when it has none, and requests must be tried in turn."""
    chosen = [_unique(alternative) for alternative in pattern.alternatives]
    conditions = [condition for condition in chosen if condition is not None]
    texts = {condition.value for condition in conditions}
    if len(conditions) < len(chosen) or len(texts) != 1:
        return None
    sources = tuple(dict.fromkeys(condition.source for condition in conditions))
    text = texts.pop()
    template = parse(text)
    evaluate = compile_value(text, tools)
    exact = all(len(alternative) == 1 for alternative in pattern.alternatives)
    return Correlation(
        key=tuple(source.text for source in sources),
        extracts=tuple(_extract(source) for source in sources),
        expected=lambda scope: as_key(evaluate(scope)),
        is_exact=exact,
        is_id=template.is_single and template.parts[0].source == "id",  # type: ignore[union-attr]
        json_path=sources[0].steps if len(sources) == 1 else None,
    )


def as_key(value: Any) -> Any:
    """Return a value as a key that is equal where JSON says so; text is its own key."""
    if value.__class__ is str:
        return value
    if isinstance(value, bool) or value is None:
        return ("constant", value)
    if isinstance(value, int | float):
        return ("number", value)
    return ABSENT


def _extract(source: Source) -> Callable[[Frame], Any]:
    read = compile_source(source)
    return lambda frame: as_key(read(frame))


def _unique(alternative: tuple[Condition, ...]) -> Condition | None:
    for condition in alternative:
        if condition.test == "equal" and isinstance(condition.value, str) and condition.source.kind != "hex":
            for part in parse(condition.value).parts:
                if not isinstance(part, str) and any(name in part.names for name in _UNIQUE):
                    return condition
    return None
