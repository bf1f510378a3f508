"""A preflight for people: one line a check under the thing it is about, and what to do about it below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wsrun.cli.stream import Face
from wsrun.preflight.finding import Finding, Section, State
from wsrun.view.formats import NARROW

_SIGNS: dict[State, tuple[str, str]] = {
    "good": ("✓", "ok"),
    "warning": ("!", "warning"),
    "bad": ("✗", "bad"),
    "unknown": ("?", "not known"),
}
"""The mark of each state, and the word for it where there are no such letters."""

_COLOURS: dict[State, str] = {
    "good": "\x1b[32m",
    "warning": "\x1b[33m",
    "bad": "\x1b[31m",
    "unknown": "\x1b[2m",
}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

_WIDEST_NAME = 32


def section_lines(section: Section, paper: Face) -> Iterator[str]:
    """Yield the lines of a section."""
    yield section.title
    names = [_name(finding) for finding in section.findings]
    name_width = max((len(name) for name in names), default=0)
    for finding, name in zip(section.findings, names, strict=True):
        mark = _mark(finding.state, paper)
        yield f"  {mark} {name:<{name_width}}  {finding.text}".replace(NARROW, " ")
        for fix in finding.fixes:
            yield f"    {_sign(paper)} {fix}".replace(NARROW, " ")


def summary(sections: Sequence[Section], exit_code: int, paper: Face) -> str:
    """Return the last line: how many checks are how, and the exit code."""
    states = [finding.state for section in sections for finding in section.findings]
    bad, warnings, unknown = (states.count(state) for state in ("bad", "warning", "unknown"))
    parts = [
        text
        for number, text in (
            (bad, f"{bad} bad: the run cannot be driven like this"),
            (warnings, f"{warnings} warning" + ("s" if warnings > 1 else "")),
            (unknown, f"{unknown} not known"),
        )
        if number
    ]
    said = "; ".join(parts) or f"all {len(states)} checks are good"
    state: State = "bad" if bad else "warning" if warnings else "good"
    quiet = f"exit code {exit_code}"
    if paper.colour:
        quiet = f"{_DIM}{quiet}{_PLAIN}"
    return f"{_mark(state, paper)} {said}; {quiet}"


def _name(finding: Finding) -> str:
    name = finding.name
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"


def _mark(state: State, paper: Face) -> str:
    sign, word = _SIGNS[state]
    if not paper.unicode:
        width = max(len(other) for _, other in _SIGNS.values())
        return f"{word:<{width}}"
    return f"{_COLOURS[state]}{sign}{_PLAIN}" if paper.colour else sign


def _sign(paper: Face) -> str:
    return "→" if paper.unicode else "->"


def all_lines(sections: Iterable[Section], paper: Face) -> Iterator[str]:
    """Yield the lines of several sections."""
    for section in sections:
        yield from section_lines(section, paper)
