"""The verdict: a truth table of criteria and what happened to the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wsrun.verdict import RunFacts, decide, earns_pass

CLEAN = RunFacts(state="completed")


def row(status: str, severity: str = "error") -> dict[str, Any]:
    return {
        "check": "round_trip.p95 < 5ms",
        "status": status,
        "severity": severity,
        "observed_text": "9ms",
        "required_text": "5ms",
        "note": "nothing was measured",
    }


MET, MISSED, NO_DATA, NOT_JUDGED = (row(s) for s in ("met", "missed", "no_data", "not_judged"))

FACTS = {
    "clean": (CLEAN, None, None),
    "at the limit of unsent": (replace(CLEAN, unsent_share=0.001), None, None),
    "unreachable": (RunFacts(state="unreachable", target_unreachable="refused"), 3, "target-unreachable"),
    "unreachable, no reason": (RunFacts(state="unreachable"), 3, "target-unreachable"),
    "nothing measured": (replace(CLEAN, nothing_measured=True), 3, "nothing-measured"),
    "worker lost": (RunFacts(state="worker_lost", workers_lost=("worker 1 of 2 ended",)), 3, "worker-lost"),
    "worker lost, uncounted": (RunFacts(state="worker_lost"), 3, "worker-lost"),
    "unsent": (replace(CLEAN, unsent_share=0.0011), 3, "load-not-delivered"),
    "unsent, unknown": (replace(CLEAN, unsent_share=float("nan")), 3, "load-not-delivered"),
    "saturated": (replace(CLEAN, saturated=("the loop was late",)), 3, "generator-saturated"),
    "unfinished": (replace(CLEAN, unfinished="not every client was done"), 3, "load-not-delivered"),
    "miscounted": (replace(CLEAN, counts_add_up=False), 3, "counts-do-not-add-up"),
    "cut short": (RunFacts(state="interrupted"), 3, "interrupted"),
    "SIGINT": (RunFacts(state="interrupted", signal="SIGINT"), 130, "interrupted"),
    "SIGTERM": (RunFacts(state="terminated", signal="SIGTERM"), 143, "interrupted"),
    "not written": (replace(CLEAN, not_durable="disk full"), 5, "results-not-written"),
    "internal error": (replace(CLEAN, internal_error="KeyError"), 4, "internal-error"),
}
CRITERIA = {
    "met": ([MET], 0, None),
    "met twice": ([MET, MET], 0, None),
    "missed": ([MET, MISSED], 1, "criterion-missed"),
    "no data": ([NO_DATA, MET], 1, "no-data"),
    "not judged": ([MET, NOT_JUDGED], 3, "not-judged"),
    "none": ([], 3, "not-judged"),
    "missed warning": ([MET, row("missed", "warning")], 0, None),
    "warnings without data": ([row("no_data", "warning"), row("not_judged", "warning")], 0, None),
}
VERDICTS = {0: "pass", 1: "fail"}


@pytest.mark.parametrize("happened", FACTS)
@pytest.mark.parametrize("judged", CRITERIA)
def test_every_pair_of_criteria_and_facts(happened: str, judged: str) -> None:
    """4 before 5 before a signal before 3 before 1 before 0, and all reasons are told."""
    facts, code_of_facts, reason_of_facts = FACTS[happened]
    criteria, code_of_criteria, reason_of_criteria = CRITERIA[judged]
    if facts.state != "completed" and code_of_criteria == 3:
        code_of_criteria, reason_of_criteria = 0, None
    order = [4, 5, 130, 143, 3, 1, 0]
    expected = min(code_of_facts or 0, code_of_criteria, key=order.index)
    decision = decide(criteria, facts)
    assert (decision.exit_code, decision.verdict) == (expected, VERDICTS.get(expected, "invalid"))
    codes = {reason["code"] for reason in decision.reasons}
    assert codes == {reason_of_facts, reason_of_criteria} - {None}


@pytest.mark.parametrize("happened", FACTS)
@pytest.mark.parametrize("judged", CRITERIA)
def test_exit_code_0_is_granted_by_the_one_predicate(happened: str, judged: str) -> None:
    """Pass, exit code 0 and the predicate are the same thing."""
    facts, criteria = FACTS[happened][0], CRITERIA[judged][0]
    decision = decide(criteria, facts)
    assert (decision.exit_code == 0) == (decision.verdict == "pass") == earns_pass(criteria, facts)
    assert bool(decision.reasons) == (decision.exit_code != 0)


@pytest.mark.parametrize("happened", [name for name, (_, code, _) in FACTS.items() if code == 3])
def test_a_doubt_beats_a_missed_criterion(happened: str) -> None:
    """An overloaded generator makes a target look slow: that is no finding about the target."""
    decision = decide([MISSED], FACTS[happened][0])
    assert (decision.verdict, decision.exit_code) == ("invalid", 3)
    assert [reason["code"] for reason in decision.reasons][-1] == "criterion-missed"


@pytest.mark.parametrize("criteria", [[MET], [MISSED], [MISSED, NOT_JUDGED]])
def test_an_aborted_run_failed(criteria: list[dict[str, Any]]) -> None:
    """Whatever the other criteria say over the whole, one was missed for long enough."""
    decision = decide(criteria, RunFacts(state="aborted"))
    assert (decision.verdict, decision.exit_code) == ("fail", 1)
    assert decision.reasons[0]["code"] == "aborted"


def test_an_aborted_run_of_a_saturated_generator_is_invalid() -> None:
    """The abort may have been the generator's fault."""
    assert decide([MISSED], RunFacts(state="aborted", saturated=("late",))).exit_code == 3


def test_a_missed_criterion_says_what_was_seen_and_what_is_required() -> None:
    """In the words of the scenario."""
    (reason,) = decide([MISSED], CLEAN).reasons
    assert reason["text"] == "round_trip.p95 < 5ms was missed: 9ms, and 5ms is required"
    assert decide([NO_DATA], CLEAN).reasons[0]["text"] == (
        "round_trip.p95 < 5ms has no data: nothing was measured"
    )


def test_a_status_that_nobody_knows_is_no_pass() -> None:
    """What the predicate does not grant is invalid, though no reason was found."""
    decision = decide([row("perhaps")], CLEAN)
    assert (decision.verdict, decision.exit_code) == ("invalid", 3)
    assert [reason["code"] for reason in decision.reasons] == ["not-judged"]


def test_unsent_messages_are_told_with_the_share_allowed() -> None:
    """And what to do."""
    (reason,) = decide([MET], replace(CLEAN, unsent_share=0.0234)).reasons
    assert reason["text"] == "2.34% of the scheduled messages were not sent; 0.1% may be"
    assert reason["remedy"]


def test_each_sign_of_saturation_is_a_reason() -> None:
    """With the sentence of the check that failed."""
    reasons = decide([MET], replace(CLEAN, saturated=("the loop was late", "CPU was 99 %"))).reasons
    assert [reason["text"] for reason in reasons] == ["the loop was late", "CPU was 99 %"]


@pytest.mark.parametrize(("number", "words"), [(1, "a message came"), (12, "12 messages came")])
def test_a_forbidden_message_fails_a_run_whose_criteria_are_met(number: int, words: str) -> None:
    """Nobody needs to name it in a criterion."""
    decision = decide([MET], replace(CLEAN, forbidden=number))
    assert (decision.verdict, decision.exit_code) == ("fail", 1)
    assert [reason["code"] for reason in decision.reasons] == ["forbidden"]
    assert str(decision.reasons[0]["text"]).startswith(words)


@pytest.mark.parametrize(("number", "words"), [(1, "a message was seen"), (12, "12 messages were seen")])
def test_a_leak_fails_a_run_whose_criteria_are_met(number: int, words: str) -> None:
    """Nobody needs to name it in a criterion."""
    decision = decide([MET], replace(CLEAN, leaks=number))
    assert (decision.verdict, decision.exit_code) == ("fail", 1)
    assert [reason["code"] for reason in decision.reasons] == ["leak"]
    assert str(decision.reasons[0]["text"]).startswith(words)
    assert not earns_pass([MET], replace(CLEAN, leaks=number))


def test_an_invalid_run_tells_of_forbidden_messages_too() -> None:
    """The doubt decides, and what was seen is not kept back."""
    decision = decide([MET], replace(CLEAN, forbidden=1, counts_add_up=False))
    assert (decision.verdict, decision.exit_code) == ("invalid", 3)
    assert [reason["code"] for reason in decision.reasons] == ["counts-do-not-add-up", "forbidden"]


def test_arrivals_that_were_left_out_make_a_run_doubtful_unless_it_fails_anyway() -> None:
    """The load was not the planned one; what a criterion says of the target is worth more."""
    facts = replace(CLEAN, left_out_share=0.02)
    doubtful = decide([MET], facts)
    assert (doubtful.verdict, doubtful.exit_code) == ("invalid", 3)
    assert [reason["code"] for reason in doubtful.reasons] == ["load-not-delivered"]
    assert str(doubtful.reasons[0]["text"]).startswith("2.00% of those who should arrive were left out")
    assert decide([MISSED], facts).verdict == "fail"
    assert decide([MET], replace(CLEAN, left_out_share=0.001)).verdict == "pass"


def test_arrivals_that_began_late_make_a_run_doubtful() -> None:
    """One in a hundred may; then it is no open model any more."""
    doubtful = decide([MET], replace(CLEAN, late_arrivals_share=0.02))
    assert doubtful.verdict == "invalid"
    assert str(doubtful.reasons[0]["text"]).startswith("2.0% of the arrivals began their connections")
    assert decide([MET], replace(CLEAN, late_arrivals_share=0.01)).verdict == "pass"


def test_clients_that_were_not_there_make_a_run_doubtful_unless_it_fails_anyway() -> None:
    """A missed criterion is an answer; without one, a tenth of the clients missing cannot pass."""
    facts = RunFacts(state="completed", absent_share=0.1, losses="5 × the connection was reset")

    doubtful = decide([MET], facts)
    failed = decide([MISSED], facts)

    assert (doubtful.verdict, doubtful.exit_code) == ("invalid", 3)
    assert doubtful.reasons[0]["code"] == "load-not-delivered"
    assert "5 × the connection was reset" in str(doubtful.reasons[0]["text"])
    assert (failed.verdict, failed.exit_code) == ("fail", 1)
    assert decide([MET], RunFacts(state="completed", absent_share=0.05)).verdict == "pass"


def test_lost_workers_are_told_by_number_and_end() -> None:
    """Whoever looks for the cause needs to know which process it was; of many, the first are named."""
    lost = tuple(f"worker {number} of 8 was killed by signal 9 (SIGKILL)" for number in range(1, 6))

    def told(count: int) -> str:
        facts = RunFacts(state="worker_lost", workers_lost=lost[:count])
        return next(r["text"] for r in decide([MET], facts).reasons if r["code"] == "worker-lost")

    assert told(0) == "a worker was lost"
    assert told(1) == lost[0]
    assert told(2) == f"{lost[0]}; {lost[1]}"
    assert told(5) == f"{lost[0]}; {lost[1]}; {lost[2]}; and 2 more"
