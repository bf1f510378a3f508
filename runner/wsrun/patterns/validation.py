"""Values against a JSON Schema that has been checked: bounded in time whatever the value, and with a reason.

The checks are those of the library ``jsonschema``. Regexes are RE2's, references lead to what was looked up
beforehand, and every keyword that is asked is counted, so that no value can hold up the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from wsrun.patterns.dialects import NEWEST
from wsrun.patterns.equality import as_key
from wsrun.patterns.regexes import compile_regex, search
from wsrun.wording import in_flow, joined

MOST_STEPS: Final = 10_000
"""Keywords that are asked while one value is checked: some 50 ms, where a usual message takes ten."""

ITEMS_A_STEP: Final = 8
"""Items that are told apart in the time of one step."""

MOST_ERRORS: Final = 20
"""Mistakes of one value that are looked at to find the one that says most."""

LONGEST: Final = 60
"""Characters of a value that a reason quotes."""

_BOUNDS: Final = {
    "minLength": "be at least {} characters long",
    "maxLength": "be at most {} characters long",
    "minItems": "have at least {} items",
    "maxItems": "have at most {} items",
    "minProperties": "have at least {} keys",
    "maxProperties": "have at most {} keys",
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "multipleOf": "be a multiple of {}",
    "format": "be a {}",
}

Keyword = Callable[[Any, Any, Any, Any], Any]


class Miss(NamedTuple):
    """Where a value breaks its schema (keys and indexes from its top), and how, as the end of a sentence."""

    path: tuple[str | int, ...]
    text: str

    def __str__(self) -> str:
        return f"{json_path(self.path)} {self.text}"


class _TooMuch(Exception):
    """A value takes more steps than any may."""


class Validation:
    """A compiled schema.

    Args:
        schema: the schema, checked.
        targets: what each of its references leads to.
        draft: the class of ``jsonschema`` for its draft.
    """

    def __init__(self, schema: Any, targets: Mapping[str, Any], draft: str = NEWEST) -> None:
        import jsonschema

        self._left = 0
        self._targets = targets
        base = getattr(jsonschema, draft)
        own: dict[str, Keyword] = {
            "pattern": _pattern,
            "uniqueItems": self._unique,
            "$ref": self._reference,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
        }
        counted = {name: self._counted(own.get(name, check)) for name, check in base.VALIDATORS.items()}
        extend: Callable[..., Any] = jsonschema.validators.extend
        self._validator = extend(base, counted)(schema)

    def is_valid(self, value: Any) -> bool:
        """Tell whether a value fits; it never raises, and what cannot be checked within bounds does not."""
        self._left = MOST_STEPS
        try:
            return bool(self._validator.is_valid(value))
        except Exception:
            # What a server sent is nested too deep, has numbers too large, or takes too many steps.
            return False

    def miss(self, value: Any) -> Miss | None:
        """Return what is wrong with a value, None where it fits; it never raises."""
        return next(iter(self.misses(value)), None)

    def misses(self, value: Any) -> list[Miss]:
        """Return what is wrong with a value, the most telling first; empty where it fits."""
        from jsonschema.exceptions import best_match

        self._left = MOST_STEPS
        try:
            errors = list(islice(self._validator.iter_errors(value), MOST_ERRORS))
        except Exception:
            return [Miss((), "is too large or too deep to be checked")]
        if not errors:
            return []
        best = best_match(iter(errors))
        return [_told(best), *(_told(error) for error in errors if error is not best)]

    def _counted(self, check: Keyword) -> Keyword:
        def counted(validator: Any, wanted: Any, value: Any, schema: Any) -> Any:
            self._spend(1)
            return check(validator, wanted, value, schema)

        return counted

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch

    def _unique(self, validator: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Any]:
        if wanted and isinstance(value, list):
            self._spend(len(value) // ITEMS_A_STEP)
            if len(set(map(as_key, value))) < len(value):
                yield _error("must not have the same item twice")

    def _reference(self, validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        # The library would resolve it again and again, in a registry that panics where Python's stack ends.
        yield from validator.descend(value, self._targets[wanted])


def _pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
    if isinstance(value, str) and search(compile_regex(wanted), value) is None:
        yield _error(f"must fit /{wanted}/, and is {_shown(value)}")


def _pattern_properties(validator: Any, wanted: Mapping[str, Any], value: Any, schema: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for regex, inner in wanted.items():
            compiled = compile_regex(regex)
            for key, item in value.items():
                if search(compiled, key) is not None:
                    yield from validator.descend(item, inner, path=key, schema_path=regex)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(value, dict) or wanted is True:
        return
    named = schema.get("properties", {})
    regexes = [compile_regex(regex) for regex in schema.get("patternProperties", {})]
    more = [
        key
        for key in value
        if key not in named and not any(search(regex, key) is not None for regex in regexes)
    ]
    if wanted is not False:
        for key in more:
            yield from validator.descend(value[key], wanted, path=key)
    elif more:
        yield _error(f"must not have {joined(list(map(_shown, more[:3])), 'or')}")


def _error(text: str) -> Any:
    """A mistake that is told in these words."""
    import jsonschema

    return jsonschema.ValidationError(text, cause=None, context=(), validator_value=_OURS)


_OURS: Final = object()
"""Marks a mistake whose message is ours."""


def _told(error: Any) -> Miss:
    return Miss(tuple(error.absolute_path), _reason(error))


def _reason(error: Any) -> str:
    """Say how a value breaks one keyword."""
    keyword, wanted, value = error.validator, error.validator_value, error.instance
    if wanted is _OURS:
        return str(error.message)
    if keyword is None:
        return f"has what must not be there, {_shown(value)}"
    if keyword == "required" and isinstance(wanted, list) and isinstance(value, dict):
        return f"lacks {joined([_shown(name) for name in wanted if name not in value][:3] or ['a key'])}"
    if keyword == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        return f"must be of type {joined(kinds, 'or')}, and is {_shown(value)}"
    if keyword == "const":
        return f"must be {_shown(wanted)}, and is {_shown(value)}"
    if keyword == "enum":
        return f"must be one of {_cut(in_flow(wanted))}, and is {_shown(value)}"
    if keyword in _BOUNDS:
        return f"must {_BOUNDS[keyword].format(_cut(in_flow(wanted)))}, and is {_shown(value)}"
    return f"breaks {keyword}, and is {_shown(value)}"


def _shown(value: Any) -> str:
    """Write a value so that it can stand in a sentence; of what has parts, only what it is."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return _cut(f"'{value}'" if isinstance(value, str) else in_flow(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def json_path(path: tuple[str | int, ...]) -> str:
    """Write a path as RFC 9535 does, in its short form where a key allows it: ``$.items[0].name``."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif step.isascii() and step.isidentifier():
            parts.append(f".{step}")
        else:
            quoted = step.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{quoted}']")
    return _cut_path("".join(parts))


def _cut_path(text: str) -> str:
    return text if len(text) <= 2 * LONGEST else text[: 2 * LONGEST - 1] + "…"
