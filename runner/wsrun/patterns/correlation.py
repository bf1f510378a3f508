"""Finding the request of a reply by a value that only one request has, in one dictionary lookup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from wsrun.expressions import Scope, Tools, compile_text, compile_value, parse
from wsrun.patterns.equality import as_key
from wsrun.patterns.frame import Frame
from wsrun.patterns.parsing import Condition, Pattern
from wsrun.patterns.sources import Source, compile_source

_UNIQUE: Final = (("id",), ("seq",))
"""The names whose value no other message of a connection has."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """How replies of a message are told from those of others.

    ``extracts`` read the value of a frame, one for each alternative of the pattern, as a key or ABSENT;
    ``expected`` gives the key of a message that is being sent. ``key`` are the sources, the same for patterns
    whose replies carry their value in the same place. ``is_exact``: the value alone decides, nothing else is
    asked; ``is_id``: it is the id of the message as it is.
    ``json_path`` is the way to it through objects, when there is one such way.
    """

    key: tuple[str, ...]
    extracts: tuple[Callable[[Frame], Any], ...]
    expected: Callable[[Scope], Any]
    is_exact: bool
    is_id: bool
    json_path: tuple[str, ...] | None


def correlation(pattern: Pattern, tools: Tools) -> Correlation | None:
    """Return the correlation of a pattern; None when it has none, and requests must be tried in turn."""
    conditions = []
    for alternative in pattern.alternatives:
        condition = _unique(alternative)
        if condition is None:
            return None
        conditions.append(condition)
    text = conditions[0].value
    as_text = conditions[0].source.gives_text
    if any(one.value != text or one.source.gives_text != as_text for one in conditions):
        return None
    sources = tuple(dict.fromkeys(condition.source for condition in conditions))
    evaluate = compile_text(text, tools) if as_text else compile_value(text, tools)
    return Correlation(
        key=tuple(source.text for source in sources),
        extracts=tuple(_extract(source) for source in sources),
        expected=lambda scope: as_key(evaluate(scope)),
        is_exact=all(len(alternative) == 1 for alternative in pattern.alternatives),
        is_id=_is_id(text),
        json_path=_way(sources[0]) if len(sources) == 1 else None,
    )


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


def _is_id(text: str) -> bool:
    first, *others = parse(text).parts
    return not others and not isinstance(first, str) and first.source == "id"


def _way(source: Source) -> tuple[str, ...] | None:
    steps = source.steps or ()
    names = tuple(step for step in steps if isinstance(step, str))
    return names if names and len(names) == len(steps) else None
