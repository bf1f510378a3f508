"""The verdict as plain text for a terminal or a log: at most 80 columns, marks with words, no markup.

It says what the HTML report says, in the same words, with the evidence shortened to a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wsrun.view import View
from wsrun.view.criteria import Mark, Row
from wsrun.view.formats import DASH, NARROW
from wsrun.view.words import cut, listing, plain

CRITERIA = 12
"""Of more criteria than this, the met ones are counted only."""

CLOSEST = 3
"""Of the met ones that are counted, so many of the closest are still shown."""

LEVELS = 12
"""Levels of a search that are shown: the last ones, which are those around the limit."""

LONGEST_SAMPLE = 300
"""Characters of a failure that are shown; result.json has more of it."""

_MARKS: dict[Mark, tuple[str, str, str]] = {
    "failed": ("✕", "x", "31"),
    "warning": ("!", "!", "33"),
    "met": ("✓", "+", "32"),
    "invalid": ("◆", "?", "35"),
    "not-judged": ("○", "o", "2"),
    "seen": ("•", "*", "1"),
    "none": (" ", " ", ""),
}
"""The mark in Unicode, in ASCII, and its colour (SGR)."""

_GLUE = "\0"
"""What holds a number together where lines are broken; no text of a view has it."""

_ASCII = str.maketrans(
    {
        "–": "-",
        "−": "-",
        "→": "->",
        "×": "x",
        "µ": "u",
        "…": "...",
        "·": ",",
        "“": '"',
        "”": '"',
        "’": "'",
        "⁠": "",
    }
)


def render_text(
    view: View, *, width: int = 80, unicode: bool = True, colour: bool = False, report: str = ""
) -> str:
    """Draw a view as text.

    Args:
        view: what to draw.
        width: columns that no line exceeds, unless a single word does.
        unicode: False: ASCII only; what ASCII lacks is written as a code.
        colour: whether marks and headings carry SGR sequences; nothing else ever does.
        report: where the HTML report is, if the text is to say so.
    """
    paper = _Paper(width, unicode, colour)
    _heading(view, paper)
    _findings(view, paper)
    _criteria(view.criteria, paper)
    _visits(view, paper)
    _errors(view, paper)
    _searches(view, paper)
    _phases(view, paper)
    _deliveries(view, paper)
    _generator(view, paper)
    code = f"exit code {view.verdict.exit_code}"
    paper.sides(f"report {report}" if report else "", code)
    return paper.text()


class _Paper:
    """Lines of limited width. Everything but marks and headings is drawn as it comes."""

    def __init__(self, width: int, unicode: bool, colour: bool) -> None:
        self.width = max(width, 40)
        self._unicode = unicode
        self._colour = colour
        self._lines: list[str] = []

    def plain(self, content: str) -> str:
        """Return text as this paper can hold it."""
        content = content.replace(NARROW, " ")
        if self._unicode:
            return content
        return content.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def styled(self, content: str, sgr: str) -> str:
        return f"\x1b[{sgr}m{content}\x1b[0m" if self._colour and sgr else content

    def mark(self, mark: Mark) -> str:
        wide, narrow, sgr = _MARKS[mark]
        return self.styled(wide if self._unicode else narrow, sgr)

    def add(self, line: str = "") -> None:
        self._lines.append(line.rstrip())

    def wrapped(self, content: str, indent: str, *, first: str = "", taken: int = 0, sgr: str = "") -> None:
        """Add a paragraph; ``first`` (``taken`` columns wide) stands in place of the first line's indent."""
        room = self.width - columns(indent)
        for number, line in enumerate(wrap(self.plain(content.replace(NARROW, _GLUE)), room)):
            lead = first + " " * (columns(indent) - taken) if first and number == 0 else indent
            self.add(lead + self.styled(line.replace(_GLUE, " "), sgr))

    def sides(self, left: str, right: str) -> None:
        """Add a line with words at both ends, or two lines where they do not fit."""
        left, right = self.plain(left), self.plain(right)
        gap = self.width - 2 - columns(left) - columns(right)
        if left and gap < 2:
            self.add(f"  {left}")
            left, gap = "", self.width - 2 - columns(right)
        self.add(f"  {left}{' ' * max(gap, 0)}{right}")

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def columns(content: str) -> int:
    """Return how many columns a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in content
    )


def wrap(content: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most ``width`` columns; a longer word is broken anywhere."""
    lines, line = [], ""
    for word in content.split():
        while columns(word) > width:
            if line:
                lines.append(line)
                line = ""
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]
        if line and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line = word
        elif word:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line or not lines else lines


def _head(word: str, width: int) -> str:
    end = len(word)
    while columns(word[:end]) > width:
        end -= 1
    return word[: max(end, 1)]


def _heading(view: View, paper: _Paper) -> None:
    verdict = view.verdict
    state = f", {verdict.state}" if verdict.state else ""
    head = f"{view.title}{state}: {verdict.brief}"
    gap = paper.width - 2 - columns(paper.plain(head)) - columns(paper.plain(view.extent))
    if gap >= 2:
        line = paper.styled(paper.plain(head), "1")
        paper.add(f"{paper.mark(verdict.mark)} {line}{' ' * gap}{paper.plain(view.extent)}")
    else:
        paper.wrapped(head, "  ", first=paper.mark(verdict.mark), taken=1, sgr="1")
        paper.wrapped(view.extent, "  ")
    for notice in verdict.notices:
        paper.wrapped(plain(notice), "  ")


def _findings(view: View, paper: _Paper) -> None:
    for finding in view.findings:
        mark = f"  {paper.mark(finding.mark)}"
        if finding.title is None:
            paper.wrapped(finding.brief, "    ", first=mark, taken=3)
            continue
        paper.wrapped(finding.title, "    ", first=mark, taken=3, sgr="1")
        if finding.brief:
            paper.wrapped(finding.brief, "      ")
        if finding.because:
            paper.wrapped(f"because: {finding.because}", "      ")
    if view.more_findings:
        paper.wrapped(view.more_findings, "    ")


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    cells: tuple[str, ...]
    is_left: bool = False
    is_optional: bool = False

    @property
    def width(self) -> int:
        return max(columns(cell) for cell in (self.name, *self.cells))


def _table(found: Sequence[_Column], marks: Sequence[str], paper: _Paper, tail: str = "") -> None:
    """Add a table. Where it is too wide, optional columns go, the last first; then the first one wraps."""
    found = [
        _Column(paper.plain(c.name), tuple(map(paper.plain, c.cells)), c.is_left, c.is_optional)
        for c in found
    ]
    while 4 + 12 + sum(c.width + 2 for c in found[1:]) + columns(tail) > paper.width:
        optional = [column for column in found if column.is_optional]
        if not optional:
            break
        found.remove(optional[-1])
    rest = sum(column.width + 2 for column in found[1:])
    first_width = min(found[0].width, max(paper.width - 4 - rest - columns(tail), 8))

    def line(cells: Iterable[str]) -> str:
        parts = []
        for column, cell in zip(found, cells, strict=True):
            width = first_width if column is found[0] else column.width
            space = " " * (width - columns(cell))
            parts.append(cell + space if column.is_left else space + cell)
        return "  ".join(parts)

    paper.add("    " + paper.styled(line(column.name for column in found) + tail, "2"))
    for number, mark in enumerate(marks):
        name, *more = wrap(found[0].cells[number], first_width)
        paper.add(f"  {mark} " + line([name, *(column.cells[number] for column in found[1:])]))
        for rest_of_name in more:
            paper.add(f"    {rest_of_name}")


def _criteria(rows: Sequence[Row], paper: _Paper) -> None:
    if not rows:
        return
    shown = list(rows)
    if len(rows) > CRITERIA:
        near = sorted((row for row in rows if row.mark == "met"), key=lambda row: -row.is_near)[:CLOSEST]
        shown = [row for row in rows if row.mark != "met"][:CRITERIA] + near
    paper.add()
    table = (
        _Column("criterion", tuple(row.short_check for row in shown), is_left=True),
        _Column("observed", tuple(row.observed.text for row in shown)),
        _Column("limit", tuple(row.limit.text for row in shown)),
        _Column("limit used", tuple(row.used for row in shown), is_optional=True),
        _Column("", tuple(row.word for row in shown), is_left=True),
    )
    _table(table, [paper.mark(row.mark) for row in shown], paper)
    for row in shown:
        if row.caution:
            paper.wrapped(f"{row.short_check}: {row.caution}", "      ", first="    !", taken=5)
    left = len(rows) - len(shown)
    met = all(row.mark == "met" for row in rows if row not in shown)
    if left:
        paper.add(f"    and {left} more{' met' if met else ''}")


def _visits(view: View, paper: _Paper) -> None:
    """Show the steps of a functional test, by client, with what went wrong."""
    if view.visits is None:
        return
    paper.add()
    steps = [step for visit in view.visits.visits for step in visit.steps]
    width = max((columns(step.name) for step in steps if step.time), default=0)
    for visit in view.visits.visits:
        paper.add(paper.plain(f"    {visit.client}{f' ({visit.profile})' if visit.profile else ''}"))
        for step in visit.steps:
            name = step.name + " " * max(0, width - columns(step.name))
            mark = paper.mark("met" if step.is_good else "failed")
            paper.add(f"      {mark} {paper.plain(name)}  {step.time:>11}")
            for problem in step.problems:
                paper.wrapped(cut(problem, LONGEST_SAMPLE), "          ")
    if view.visits.rest:
        paper.wrapped(view.visits.rest, "    ")


def _errors(view: View, paper: _Paper) -> None:
    """Show the first failure of the most frequent kinds, with what came instead."""
    unmatched = view.errors.unmatched
    if view.phases is None or not view.errors.firsts:
        return
    paper.add()
    for first in view.errors.firsts:
        title = f"{first.count} × {first.cause}, first at {first.sample.at} on {first.sample.client}"
        paper.wrapped(title, "    ", first=f"  {paper.mark('seen')}", taken=3)
        paper.wrapped(cut(first.sample.text, LONGEST_SAMPLE), "      ")
    left = view.errors.kinds - len(view.errors.firsts)
    if left > 0:
        paper.add(f"    and {left} more kind{'s' if left > 1 else ''} of errors")
    if unmatched is not None and unmatched.is_telling:
        paper.wrapped(f"{unmatched.text}; the first:", "    ", first=f"  {paper.mark('seen')}", taken=3)
        paper.wrapped(cut(unmatched.samples[0].text, LONGEST_SAMPLE), "      ")


def _searches(view: View, paper: _Paper) -> None:
    for search in view.searches:
        paper.add()
        paper.wrapped(f"{search.phase}: {search.sentence}", "  ")
        rows = search.rows[-LEVELS:]
        table = (
            _Column(search.what, tuple(row.level for row in rows)),
            _Column("p50", tuple(row.p50 for row in rows)),
            _Column("p95", tuple(row.p95 for row in rows)),
            _Column("p99", tuple(row.p99 for row in rows)),
            _Column("p99 send", tuple(row.p99_send for row in rows), is_optional=True),
            _Column("answered", tuple(row.answered.text for row in rows), is_optional=True),
            _Column("errors", tuple(row.errors for row in rows), is_optional=True),
            _Column("", tuple(row.found for row in rows), is_left=True),
        )
        _table(table, [paper.mark("failed" if row.is_missed else "met") for row in rows], paper, "   (ms)")
        if len(search.rows) > len(rows):
            paper.add(f"    and {len(search.rows) - len(rows)} more before")


def _phases(view: View, paper: _Paper) -> None:
    if view.phases is None or view.latencies is None:
        return
    phases = [row for row in view.phases.rows if row.name != "drain"]
    rows = [row for row in phases if row.reached and row in view.phases.shown]
    if all(cell == DASH for row in rows for cell in (row.p50, row.p95, row.p99, row.p99_send)):
        return
    paper.add()
    table = (
        _Column("phase", tuple(row.name for row in rows), is_left=True),
        _Column("clients", tuple(row.clients for row in rows)),
        _Column("p50", tuple(row.p50 for row in rows)),
        _Column("p95", tuple(row.p95 for row in rows)),
        _Column("p99", tuple(row.p99 for row in rows)),
        _Column("p99 send", tuple(row.p99_send for row in rows), is_optional=True),
        _Column("no reply", tuple(row.no_reply.text for row in rows), is_optional=True),
    )
    _table(table, [" "] * len(rows), paper, "   (ms)")
    missing = [row for row in phases if not row.reached]
    left = len(phases) - len(rows) - len(missing)
    if left:
        paper.add(f"    and {left} more")
    if missing:
        paper.wrapped(f"not reached: {listing([row.name for row in missing])}", "    ")


def _deliveries(view: View, paper: _Paper) -> None:
    """Show what came of messages to others."""
    rows = view.deliveries
    if not rows:
        return
    paper.add()
    table = (
        _Column("delivery", tuple(row.message for row in rows), is_left=True),
        _Column("expected", tuple(row.expected for row in rows)),
        _Column("reach", tuple(row.reach.text for row in rows)),
        _Column("p50", tuple(row.times[0] for row in rows)),
        _Column("p99", tuple(row.times[2] for row in rows)),
        _Column("spread", tuple(row.spread for row in rows), is_optional=True),
        _Column("late", tuple(row.late for row in rows), is_optional=True),
        _Column("again", tuple(row.duplicates for row in rows), is_optional=True),
        _Column("leaks", tuple(row.leaks for row in rows)),
    )
    _table(table, [" "] * len(rows), paper, "   (ms)")


def _generator(view: View, paper: _Paper) -> None:
    paper.add()
    for model in view.models:
        paper.wrapped(model.sentence, "    ", first="  ", taken=2)
    if view.generator is not None:
        paper.wrapped(view.generator.brief, "  ")
        for foreseen in view.generator.foreseen:
            paper.wrapped(f"foreseen: {foreseen}", "  ")
    if view.trends is not None and view.trends.brief:
        paper.wrapped(view.trends.brief, "  ")
