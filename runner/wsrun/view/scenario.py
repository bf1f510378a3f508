"""What was run and where: command, versions, path to the target, machine, and the YAML with its criteria."""

from __future__ import annotations

from dataclasses import dataclass

from wsrun.view import criteria, formats
from wsrun.view.criteria import Mark
from wsrun.view.reading import Reading
from wsrun.view.words import Text, code, cut, listing, text

MOST_LINES = 1500
MOST_COLUMNS = 400
"""A longer listing, or line, is cut."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact."""

    name: str
    text: Text


@dataclass(frozen=True, slots=True)
class Panel:
    """Facts that belong together."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the scenario; ``note`` is what was observed of the criteria on it."""

    number: int
    text: str
    comment: str
    mark: Mark
    note: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything about the scenario; ``cut`` says how many lines are left out, if any."""

    panels: tuple[Panel, ...]
    file: str
    lines: tuple[SourceLine, ...]
    cut: str


def build(reading: Reading) -> Scenario:
    """Return the scenario, its surroundings and its listing."""
    lines = reading["scenario"]["lines"]
    left = len(lines) - MOST_LINES
    path = reading["scenario"]["path"]
    return Scenario(
        panels=(_run(reading), _path(reading), _machine(reading)),
        file=cut(path.replace("\\", "/").rpartition("/")[2]),
        lines=_listing(reading, lines[:MOST_LINES]),
        cut=f"{formats.group(left)} further lines are in {cut(path)}." if left > 0 else "",
    )


def _run(reading: Reading) -> Panel:
    run, versions = reading["run"], reading["run"]["versions"]
    libraries = {"fast": ("picows", "uvloop"), "reference": ("websockets",)}.get(run["transport"], ())
    using = " ".join(f"{name} {versions[name]}" for name in libraries if versions.get(name))
    transport = f"{run['transport']} ({using})" if using else run["transport"]
    workers = f"{run['workers']} worker{'' if run['workers'] == 1 else 's'}"
    entries = (
        Entry("Command", text(code(run["command"]))),
        Entry("wsrun", text(f"{versions['wsrun']}, Python {versions['python']}")),
        *([Entry("Build", text(versions["build"]))] if "build" in versions else ()),
        Entry("Transport", text(f"{transport}, {workers}")),
        Entry("Seed", text(str(run["seed"]))),
        Entry("Interval", text(formats.span(run["interval"]).text)),
        Entry("Drain", text(f"up to {formats.span(run['drain'])}")),
        Entry("Scenario", text(f"{reading['scenario']['path']}, {cut(reading['scenario']['digest'], 20)}")),
    )
    return Panel("Run", entries)


def _path(reading: Reading) -> Panel:
    target = reading["target"]
    tls = target["tls"]
    secured = "none (ws://)"
    if tls is not None:
        secured = f"{tls['version'] or 'yes'}{'' if tls['verify'] else ', certificate not verified'}"
    entries = (
        Entry("URL", text(code(target["url"]))),
        Entry("Address", text(listing(target["addresses"]) or "not resolved")),
        Entry("TLS", text(secured)),
        Entry("Proxy", text(target["proxy"] or "none")),
        Entry("Subprotocol", text(listing(target["subprotocols"]) or "none")),
        Entry("Compression", text(target["compression"])),
    )
    return Panel("Path", entries)


def _machine(reading: Reading) -> Panel:
    machine = reading["machine"]
    cores = f"{machine['cores']} core{'' if machine['cores'] == 1 else 's'}"
    memory = formats.size(machine["memory_bytes"]).text
    entries = [
        Entry("Host", text(cut(machine["host"]))),
        Entry("System", text(f"{machine['system']}, {cores}, {memory}")),
    ]
    if machine["descriptors"]:
        entries.append(Entry("Limits", text(f"{formats.group(machine['descriptors'])} descriptors")))
    entries.append(
        Entry(
            "Files",
            text(
                "result.json, summary.txt, timeline.csv, connections.csv, round_trip.hgrm, service_time.hgrm"
            ),
        )
    )
    return Panel("Machine", tuple(entries))


def _listing(reading: Reading, lines: list[str]) -> tuple[SourceLine, ...]:
    notes: dict[int, list[str]] = {}
    marks: dict[int, Mark] = {}
    worst: dict[Mark, int] = {"failed": 0, "warning": 1, "not-judged": 2, "met": 3}
    for entry in reading["criteria"]:
        location = entry["location"]
        if location is None or location["path"] != reading["scenario"]["path"]:
            continue
        number, mark = location["line"], criteria.mark_of(entry, doubtful=reading.is_doubtful)
        seen = criteria.observed(entry)
        notes.setdefault(number, []).append("not judged" if seen == formats.NOTHING else seen.text)
        marks[number] = min(marks.get(number, mark), mark, key=lambda one: worst.get(one, 9))
    found = []
    for number, line in enumerate(lines, 1):
        shown = cut(line, MOST_COLUMNS)
        start = _comment(shown)
        note = ", ".join(notes.get(number, ()))
        found.append(SourceLine(number, shown[:start], shown[start:], marks.get(number, "none"), note))
    return tuple(found)


def _comment(line: str) -> int:
    """Return where the comment of a YAML line begins; a ``#`` in quotes, or within a word, begins none."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#" and (index == 0 or line[index - 1] == " "):
            return index
    return len(line)
