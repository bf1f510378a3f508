"""The verdict of a run and its exit code, from the judged criteria and what happened to the run itself.

Three verdicts: ``pass``; ``fail``, the target missed a criterion; ``invalid``, it cannot be known. One
predicate, ``earns_pass``, grants a pass, and with it exit code 0; everything that is not known counts
against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Verdict = Literal["pass", "fail", "invalid"]
State = Literal["completed", "interrupted", "terminated", "aborted", "worker_lost", "unreachable"]
Criteria = Sequence[Mapping[str, Any]]

MOST_UNSENT = 0.001
"""The share of scheduled messages that may stay unsent in a valid run."""

MOST_ABSENT = 0.05
"""The share of planned client-seconds that may be missing in a valid run."""

MOST_LATE_ARRIVALS = 0.01
"""The share of arrivals that may begin their connections late in a valid run."""

SALVAGED = "wsrun was ended before it wrote its result: this is what its journal has"

LOSSES_NAMED = 3
"""Of more workers lost than this, the rest is only counted."""

SIGNAL_CODES = {"SIGINT": 130, "SIGTERM": 143}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What happened to the run, whatever the target did.

    Texts are one plain sentence each, without a full stop, and None or empty where it did not happen.

    ``absent_share``: planned client-seconds in which nobody was open, 0…1. ``losses``: what kept clients out
    or took them away. ``target_unreachable``: the last error when no connection was ever established.
    ``left_out_share``, ``late_arrivals_share``: those dropped, and those late, of all who should arrive, 0…1.
    ``is_salvaged``: made of the journal of a run that wrote no result. ``workers_lost``: which, and how each
    was lost. ``unsent_share``: dropped of scheduled messages, 0…1; ``unsent``: why, and what to do about it.
    ``unfinished``: that clients of a functional test were not done when its time was over.
    ``forbidden``: received messages that a ``never`` rule forbids; ``leaks``: those seen by somebody they
    were not meant for. ``saturated``: one sentence for each check of the generator that failed;
    ``unanswered``: one for each search that ended because the generator was not fit. ``not_durable``: why
    results could not be written. ``signal``: SIGINT or SIGTERM when one ended the run.
    """

    state: State
    is_salvaged: bool = False
    target_unreachable: str | None = None
    nothing_measured: bool = False
    workers_lost: tuple[str, ...] = ()
    unsent_share: float = 0.0
    unsent: tuple[str, str] | None = None
    absent_share: float = 0.0
    left_out_share: float = 0.0
    late_arrivals_share: float = 0.0
    losses: str | None = None
    unfinished: str | None = None
    forbidden: int = 0
    leaks: int = 0
    saturated: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    counts_add_up: bool = True
    internal_error: str | None = None
    not_durable: str | None = None
    signal: Literal["SIGINT", "SIGTERM"] | None = None


class Decision(NamedTuple):
    """The verdict, the exit code that goes with it, and every reason, those that decided first.

    A reason is {"code", "text", "remedy"}; a pass has none.
    """

    verdict: Verdict
    exit_code: int
    reasons: list[dict[str, str | None]]


def decide(criteria: Criteria, facts: RunFacts) -> Decision:
    """Decide a run.

    ======================================================  =======  =========
    what happened (the first that applies)                  verdict  exit code
    ======================================================  =======  =========
    an internal error                                       invalid  4
    results not durably written                             invalid  5
    interrupted, terminated                                 invalid  130, 143
    anything that makes the numbers doubtful                invalid  3
    a criterion missed or without data, or an abort by one  fail     1
    a message that a never rule forbids, or a leak          fail     1
    nothing of these                                        pass     0
    ======================================================  =======  =========

    Args:
        criteria: rows as ``judge.evaluate`` returns them; those of severity warning never fail a run.
        facts: of the run.
    """
    broken = list(_breakages(facts))
    doubts = list(_doubts(criteria, facts))
    failures = list(_failures(criteria, facts))
    reasons = [*broken, *doubts, *failures]
    if facts.internal_error:
        return Decision("invalid", 4, reasons)
    if facts.not_durable:
        return Decision("invalid", 5, reasons)
    if facts.signal:
        return Decision("invalid", SIGNAL_CODES[facts.signal], reasons)
    if doubts:
        return Decision("invalid", 3, reasons)
    if failures:
        return Decision("fail", 1, reasons)
    if earns_pass(criteria, facts):
        return Decision("pass", 0, [])
    return Decision("invalid", 3, [_reason("not-judged", "the run did not earn a pass")])


def withdraw(result: dict[str, Any], not_durable: str) -> None:
    """Change a result whose files could not all be written: its verdict is invalid and its exit code 5.

    An exit code that weighs more stays.
    """
    remedy = "make room or choose another directory with --out"
    result["reasons"].insert(0, _reason("results-not-written", not_durable, remedy))
    result["verdict"] = "invalid"
    result["exit_code"] = 4 if result["exit_code"] == 4 else 5


def break_off(result: dict[str, Any], defect: str) -> None:
    """Change a result that a defect kept from being shown: its verdict is invalid and its exit code 4."""
    result["reasons"].insert(0, _defect(defect))
    result["verdict"] = "invalid"
    result["exit_code"] = 4


def earns_pass(criteria: Criteria, facts: RunFacts) -> bool:
    """Tell whether a run passes: the only place that can say so.

    It was completed and written, its generator was fit, its load was delivered, its counts add up, something
    was measured, and every criterion (there is at least one) was judged on data and met, warnings aside.
    """
    return (
        facts.state == "completed"
        and not facts.is_salvaged
        and facts.internal_error is None
        and facts.not_durable is None
        and facts.signal is None
        and facts.target_unreachable is None
        and not facts.nothing_measured
        and not facts.workers_lost
        and 0 <= facts.unsent_share <= MOST_UNSENT
        and facts.absent_share <= MOST_ABSENT
        and facts.left_out_share <= MOST_UNSENT
        and facts.late_arrivals_share <= MOST_LATE_ARRIVALS
        and not facts.saturated
        and not facts.unanswered
        and facts.unfinished is None
        and facts.counts_add_up
        and facts.forbidden == 0
        and facts.leaks == 0
        and len(criteria) > 0
        and all(row["status"] == "met" or row["severity"] == "warning" for row in criteria)
    )


def _breakages(facts: RunFacts) -> Iterator[dict[str, str | None]]:
    if facts.internal_error:
        yield _defect(facts.internal_error)
    if facts.not_durable:
        remedy = "make room or choose another directory with --out"
        yield _reason("results-not-written", facts.not_durable, remedy)
    if facts.signal:
        yield _reason("interrupted", f"the run was ended by {facts.signal} before its time")


def _doubts(criteria: Criteria, facts: RunFacts) -> Iterator[dict[str, str | None]]:
    if facts.target_unreachable is not None or facts.state == "unreachable":
        text = facts.target_unreachable or "no connection to the target was established"
        yield _reason("target-unreachable", text, "check the address, and that the target is running")
    elif facts.nothing_measured:
        yield _reason("nothing-measured", "nothing was measured")
    if facts.workers_lost or facts.state == "worker_lost":
        text = "; ".join(facts.workers_lost[:LOSSES_NAMED]) or "a worker was lost"
        if len(facts.workers_lost) > LOSSES_NAMED:
            text += f"; and {len(facts.workers_lost) - LOSSES_NAMED} more"
        yield _reason("worker-lost", text, "look for a lack of memory in the log of the system")
    for text in facts.saturated:
        remedy = "use more workers (--workers), another machine, or less load"
        yield _reason("generator-saturated", text, remedy)
    for text in facts.unanswered:
        remedy = "use more workers (--workers), another machine, or search no further than this one can go"
        yield _reason("generator-saturated", text, remedy)
    if facts.unfinished is not None:
        remedy = "give what they wait for a timeout, and loops an end"
        yield _reason("load-not-delivered", facts.unfinished, remedy)
    if not 0 <= facts.unsent_share <= MOST_UNSENT:
        text = f"{facts.unsent_share:.2%} of the scheduled messages were not sent; {MOST_UNSENT:.1%} may be"
        why, advice = facts.unsent or ("", "have clients open before the rate begins, and enough of them")
        yield _not_delivered(f"{text} ({why})" if why else text, facts, advice)
    elif facts.absent_share > MOST_ABSENT and not any(True for _ in _failures(criteria, facts)):
        # Where a criterion fails the run anyway, that is the answer, and not that it cannot be known.
        text = f"{facts.absent_share:.0%} of the planned clients were not there, taken over the time"
        yield _not_delivered(text, facts, "say in criteria or tolerate how many may be missing")
    yield from _arrivals(criteria, facts)
    if not facts.counts_add_up:
        yield _reason("counts-do-not-add-up", "some messages or connections are not accounted for")
    if facts.state == "completed":
        for row in criteria:
            if row["status"] == "not_judged" and row["severity"] == "error":
                yield _reason("not-judged", f"{row['check']} was not judged: {row['note']}")
        if not criteria:
            yield _reason("not-judged", "there was no criterion to judge", "add criteria to the scenario")
    elif facts.state in ("interrupted", "terminated") and facts.signal is None and not facts.is_salvaged:
        yield _reason("interrupted", "the run did not come to its end")
    if facts.is_salvaged:
        yield _reason(
            "interrupted", SALVAGED, "look for what ended it, such as a lack of memory; then run it again"
        )


def _arrivals(criteria: Criteria, facts: RunFacts) -> Iterator[dict[str, str | None]]:
    """Doubt a run in which not everybody came who should, or not in time; a missed criterion says more."""
    if any(True for _ in _failures(criteria, facts)):
        return
    if facts.left_out_share > MOST_UNSENT:
        text = f"{facts.left_out_share:.2%} of those who should arrive were left out, as at_most were there"
        yield _not_delivered(text, facts, "raise at_most, or say how many may be: connect.dropped <= …")
    if facts.late_arrivals_share > MOST_LATE_ARRIVALS:
        text = f"{facts.late_arrivals_share:.1%} of the arrivals began their connections more than 10 ms late"
        yield _not_delivered(text, facts, "raise handshakes, use more workers, or fewer arrivals a second")


def _not_delivered(text: str, facts: RunFacts, advice: str) -> dict[str, str | None]:
    """The reason of a load that was not the planned one; what took the clients away comes first."""
    if facts.losses is None:
        return _reason("load-not-delivered", text, advice)
    return _reason(
        "load-not-delivered", f"{text}: {facts.losses}", f"look at the target, which lost them; or {advice}"
    )


def _failures(criteria: Criteria, facts: RunFacts) -> Iterator[dict[str, str | None]]:
    if facts.state == "aborted":
        yield _reason("aborted", "a criterion with abort was missed, so the run was stopped")
    if facts.forbidden:
        many = "a message" if facts.forbidden == 1 else f"{facts.forbidden} messages"
        yield _reason("forbidden", f"{many} came that must never come")
    if facts.leaks:
        many = "a message was" if facts.leaks == 1 else f"{facts.leaks} messages were"
        yield _reason("leak", f"{many} seen by clients that they were not meant for")
    for row in criteria:
        if row["severity"] != "error":
            continue
        if row["status"] == "missed":
            text = (
                f"{row['check']} was missed: {row['observed_text']}, and {row['required_text']} is required"
            )
            yield _reason("criterion-missed", text)
        elif row["status"] == "no_data":
            yield _reason("no-data", f"{row['check']} has no data: {row['note']}")


def _defect(text: str) -> dict[str, str | None]:
    return _reason("internal-error", text, "please report this as a bug of wsrun")


def _reason(code: str, text: str, remedy: str | None = None) -> dict[str, str | None]:
    return {"code": code, "text": text, "remedy": remedy}
