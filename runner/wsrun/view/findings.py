"""What a reader should know first: at most five findings, made by rules, the gravest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.view import criteria, deliveries, evidence, failures, load, phrases
from wsrun.view.criteria import Mark
from wsrun.view.reading import LATENCY, Reading
from wsrun.view.words import Span, Text, plain, sentence, text

MOST = 5
"""More findings than this are counted, not shown."""

INVALIDATING = {
    "generator-saturated": ("the generator was saturated", "Generator", "generator"),
    "worker-lost": ("a worker process was lost", "Generator", "generator"),
    "load-not-delivered": ("the load was not delivered as planned", "Generator", "generator"),
    "target-unreachable": ("the target was not there", "Errors", "errors"),
    "counts-do-not-add-up": ("the counts do not add up", "Counts", "counts"),
    "nothing-measured": ("nothing was measured", "Counts", "counts"),
    "not-judged": ("a criterion could not be judged", "Criteria", "criteria"),
    "internal-error": ("wsrun itself failed", "Events", "timeline"),
    "results-not-written": ("its results could not be written", "Scenario", "scenario"),
}
"""Why a run can be invalid: in the summary's words, and where the evidence stands."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``title``: the sentence, None where ``body`` says it alone; ``link``: words and anchor."""

    mark: Mark
    title: str | None
    body: Text
    link: tuple[str, str] | None
    brief: str
    """The body in one line, for a terminal."""
    because: str = ""
    """Why the scenario asks for what was not met."""


def build(reading: Reading) -> tuple[tuple[Finding, ...], str]:
    """Return the findings, and what is said of those that do not fit (empty when all do)."""
    invalid = _invalid(reading)
    missed = [*_forbidden(reading), *_missed(reading)]
    rest = (
        [*_unjudged(reading), *_seen(reading)] if invalid or missed else [*_passed(reading), *_seen(reading)]
    )
    rest = [*_broken(reading), *_held_back(reading), *rest]
    room = MOST - len(invalid) - min(len(rest), 1)
    shown = [*invalid, *missed[:room], *rest][:MOST]
    left = len(missed) - len(missed[:room])
    more = "" if left == 0 else f"and {left} more failed {'criterion' if left == 1 else 'criteria'}"
    return tuple(shown), more


def _invalid(reading: Reading) -> list[Finding]:
    """Return what made the run invalid, one finding a kind; several checks of the generator share one."""
    found: dict[str, Finding] = {}
    for reason in reading["reasons"] if reading.is_invalid else ():
        code = reason["code"]
        if code in found or (code not in INVALIDATING and code != "interrupted"):
            continue
        _, word, anchor = INVALIDATING.get(code, ("", "Timeline", "timeline"))
        title, spans = sentence(reason["text"]), evidence.remedy(reason["remedy"])
        if code == "generator-saturated":
            title = f"wsrun itself was too slow: {reason['text']}"
            spans = evidence.saturated(reading) + spans
        elif code == "target-unreachable":
            title = "The target was never there"
            spans = evidence.unreachable(reading, reason["text"]) + spans
        brief = "".join(span.text for span in spans)
        link = (word, anchor) if reading.was_reached and reading["timeline"] else None
        found[code] = Finding("invalid", title, text(*spans), link, brief)
    return list(found.values())[:3]


def _forbidden(reading: Reading) -> list[Finding]:
    """Return what came that must never come; that is a fact even in a run that cannot be judged."""
    found = []
    for reason in reading["reasons"]:
        if reason["code"] in ("forbidden", "leak"):
            errors = [error for error in reading["errors"] if error["cause"] == reason["code"]]
            said = "; ".join(dict.fromkeys(sample["text"] for error in errors for sample in error["samples"]))
            body = f"{sentence(said)}." if said else ""
            found.append(Finding("failed", sentence(reason["text"]), text(body), ("Errors", "errors"), body))
    return found


def _broken(reading: Reading) -> list[Finding]:
    """Return what the service did not keep of deliveries and sequences, with the first of each."""
    if reading.is_doubtful or not reading.was_reached:
        return []
    found = []
    for one in deliveries.broken(reading):
        if one.samples:
            body = f"{one.samples[0]}."
            if one.metric == "delivery.reach":
                body += deliveries.mistaken(reading)
            link, brief = ("Deliveries", "deliveries"), body.rstrip(".")
            found.append(Finding("seen", sentence(one.text), text(body), link, brief))
    return found


def _held_back(reading: Reading) -> list[Finding]:
    """Return that a closed model held load back, or hides a wait; it is no fault of a criterion."""
    if reading.is_doubtful or not reading.was_reached:
        return []
    body = load.held_back(reading)
    title, link = "Stalls of the target held load back", ("Latency", "latency")
    return [Finding("warning", title, body, link, plain(body))] if body else []


def _missed(reading: Reading) -> list[Finding]:
    if reading.is_doubtful:
        return []
    entries = [entry for entry in reading["criteria"] if entry["status"] in ("missed", "no_data")]
    entries.sort(key=lambda entry: (entry["severity"] == "warning", -(entry["used"] or 1e9)))
    return [_criterion(entry, reading) for entry in entries]


def _criterion(entry: Mapping[str, Any], reading: Reading) -> Finding:
    spans, brief = evidence.of(entry, reading)
    link = ("Latency", "latency") if entry["metric"] in LATENCY else ("Counts", "counts")
    if entry["metric"] in ("errors", "errors.ratio", "closed") or entry["metric"].startswith("connect."):
        link = ("Errors", "errors") if reading["errors"] else link
    if entry["observed"] is None:
        link = ("Criteria", "criteria")
    mark = criteria.mark_of(entry, doubtful=False)
    return Finding(mark, phrases.headline(entry), text(*spans), link, brief, entry["because"] or "")


def _unjudged(reading: Reading) -> list[Finding]:
    if not reading.is_doubtful or not reading.was_reached:
        return []
    body = "No criterion is judged. The numbers below are what was seen, not what the target can do."
    return [Finding("not-judged", None, text(body), ("Criteria", "criteria"), body)]


def _seen(reading: Reading) -> list[Finding]:
    """Return what happened that no failed criterion speaks of."""
    if reading.is_doubtful:
        return []
    covered = {entry["metric"] for entry in reading["criteria"] if entry["status"] == "missed"}
    spans = failures.sentence_of(reading, covered)
    back = failures.recovery(reading)
    if not spans and not back:
        return []
    if spans and back:
        spans = [*spans, Span(" ")]
    spans = [*spans, *back]
    brief = "".join(span.text for span in spans)
    link = ("Errors", "errors") if reading["errors"] else ("Counts", "counts")
    return [Finding("seen", None, text(*spans), link, brief)]


def _passed(reading: Reading) -> list[Finding]:
    met = [entry for entry in reading["criteria"] if entry["status"] == "met"]
    near = max(met, key=lambda entry: entry["used"] or 0, default=None)
    if near is None:
        return []
    if not near["used"]:
        connections, messages = reading["counts"]["connections"], reading["counts"]["messages"]
        is_smooth = not reading["errors"] and not load.held_back(reading)
        title = "Nothing went wrong" if is_smooth else "Every criterion is met"
        spans = evidence.totals(connections, messages)
        return [Finding("met", title, text(*spans), ("Counts", "counts"), "".join(s.text for s in spans))]
    spans, brief = evidence.of(near, reading)
    link = ("Latency", "latency") if near["metric"] in LATENCY else ("Criteria", "criteria")
    return [Finding("met", phrases.closest(near), text(*spans), link, brief)]
