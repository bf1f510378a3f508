"""The verdict as a reader meets it: a word, a line, a mark for each criterion, and the facts of the run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wsrun.view import formats, load
from wsrun.view.criteria import Mark, Row
from wsrun.view.findings import INVALIDATING
from wsrun.view.reading import Reading
from wsrun.view.words import Text, counted, strong, text

MANY = 40
"""Above so many criteria, counts stand in place of marks."""

WORDS: Mapping[str, tuple[str, Mark]] = {
    "pass": ("Passed", "met"),
    "fail": ("Failed", "failed"),
    "invalid": ("Invalid", "invalid"),
}

_STATES = {
    "interrupted": "interrupted",
    "terminated": "terminated",
    "aborted": "aborted",
    "worker_lost": "cut short",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line beside the verdict; ``mark`` only where it says something."""

    name: str
    text: Text
    mark: Mark = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the run.

    ``name``: pass, fail or invalid; ``word``: the same as a reader says it; ``state``: what stands beside it
    when the run did not end by itself, else empty. ``marks``: one a criterion, empty when there are too many.
    ``notices``: what must not be overlooked (stopped early, certificate not verified, a proxy).
    """

    name: str
    word: str
    mark: Mark
    state: str
    line: str
    marks: tuple[Mark, ...]
    tally: str
    notices: tuple[Text, ...]
    facts: tuple[Fact, ...]
    exit_code: int

    @property
    def brief(self) -> str:
        """The summary without the words that ``title`` has said already: ``2 of 9 criteria, 1 warning``."""
        line = self.line.removeprefix("This run cannot be judged").removeprefix(": ")
        line = line.replace(" failed", "", 1) if self.name == "fail" else line
        return line[:1].lower() + line[1:]

    @property
    def title(self) -> str:
        """The verdict as the end of a sentence that begins with the scenario's name."""
        return {"pass": "passed", "fail": "failed", "invalid": "is invalid"}[self.name]


def build(reading: Reading, rows: tuple[Row, ...]) -> Verdict:
    """Return the verdict of a run; ``rows`` are its criteria in the order of the table."""
    word, mark = WORDS[reading["verdict"]]
    marks = tuple(row.mark for row in rows)
    return Verdict(
        name=reading["verdict"],
        word=word,
        mark=mark,
        state=_STATES.get(reading["state"], ""),
        line=_line(reading, marks),
        marks=marks if len(marks) <= MANY else (),
        tally=_tally(marks),
        notices=_notices(reading),
        facts=_facts(reading),
        exit_code=reading["exit_code"],
    )


def _line(reading: Reading, marks: tuple[Mark, ...]) -> str:
    if reading.is_doubtful:
        codes = [reason["code"] for reason in reading["reasons"]]
        why = next((INVALIDATING[code][0] for code in codes if code in INVALIDATING), None)
        return f"This run cannot be judged: {why}" if why else "This run cannot be judged"
    count = Counter(marks)
    total = counted(len(marks), "criterion", "criteria")
    warnings = counted(count["warning"], "warning") if count["warning"] else ""
    waiting = f"{formats.group(count['not-judged'])} not judged" if count["not-judged"] else ""
    if count["failed"]:
        first = f"{count['failed']} of {total} failed"
    elif not marks:
        first = "No criteria"
    elif count["met"] == len(marks):
        all_of = {1: "The only criterion", 2: "Both criteria"}.get(len(marks), f"All {total}")
        first = f"{all_of} met"
    else:
        first = f"{count['met']} of {total} met"
    if reading.forbidden is not None:
        first += f", {'and' if count['failed'] else 'but'} {reading.forbidden}"
    if load.held_back(reading):
        first += (
            f", {'and' if count['failed'] or reading.forbidden is not None else 'but'} stalls held load back"
        )
    before = " before it ended" if reading["state"] in ("interrupted", "terminated") and marks else ""
    return ", ".join(part for part in (first + before, warnings, waiting) if part)


def _tally(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return ""
    count = Counter(marks)
    if count["not-judged"] == len(marks):
        return f"none of {len(marks)} judged"
    # Rounded down: 100 % is said of all of them only.
    tally = f"{count['met']} of {len(marks)} met, {100 * count['met'] // len(marks)}{formats.NARROW}%"
    if len(marks) <= MANY:
        return tally
    parts = [(count["failed"], "failed"), (count["warning"], "warned"), (count["not-judged"], "not judged")]
    return ", ".join([*(f"{number} {word}" for number, word in parts if number), tally])


def _notices(reading: Reading) -> tuple[Text, ...]:
    notices = []
    stopped = reading["stopped"]
    if stopped is not None and reading.was_reached:
        at, planned = f"{stopped['at']:.1f}", formats.span(reading["run"]["planned"])
        notices.append(text("Stopped at ", strong(at), f" of {planned}: {stopped['why']}"))
    elif reading["state"] in _STATES:
        notices.append(text(f"The run was {_STATES[reading['state']]}"))
    target = reading["target"]
    if target["tls"] and target["tls"]["verify"] is False:
        notices.append(text("The certificate of the target was not verified"))
    if target["proxy"]:
        notices.append(text(f"Through the proxy {target['proxy']}"))
    return tuple(notices)


def _facts(reading: Reading) -> tuple[Fact, ...]:
    run, generator = reading["run"], reading["generator"]
    started = formats.date(run["started"])
    if run["duration"]:
        started += f", ran {formats.span(run['duration'])}"
    sent = reading["counts"]["messages"]["sent"]
    clients = re.sub(r"^1 clients$", "1 client", formats.spaced(reading["scenario"]["load"]))
    facts = [
        Fact("Started", text(started)),
        Fact(
            "Load",
            text(f"{clients}, {counted(sent, 'message')}" if reading.was_reached else f"{clients} planned"),
        ),
        Fact("Target", text(_target(reading))),
    ]
    model = load.name(reading)
    if model:
        facts.insert(2, Fact("Model", text(model)))
    if reading["timeline"]:
        busiest = reading.busiest()
        workers = counted(generator["workers"], "worker")
        cpu = ""
        if busiest is not None:
            cpu = f", {'busiest at' if generator['workers'] > 1 else 'at'} {formats.percent(busiest)} CPU"
        fit: tuple[str, Mark] = ("fit", "met") if generator["fit"] else ("not fit", "invalid")
        facts.append(Fact("Generator", text(f"{fit[0]}: {workers}{cpu}"), fit[1]))
    facts.append(Fact("Exit code", text(str(reading["exit_code"]))))
    return tuple(facts)


def _target(reading: Reading) -> str:
    target = reading["target"]
    return f"{target['url']}, the embedded server" if target["kind"] == "demo" else target["url"]
