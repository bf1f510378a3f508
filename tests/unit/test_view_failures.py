"""Failures that no criterion speaks of."""

from __future__ import annotations

import copy
from typing import Any

from tests.synthetic import load

from wsrun.view.failures import sentence_of
from wsrun.view.reading import Reading
from wsrun.view.words import plain


def told(*asserted: dict[str, str], status: str = "met") -> str:
    """Return the sentence on refusals with 429 and 503, beside criteria on refusals with these labels."""
    result: dict[str, Any] = copy.deepcopy(load("pass"))
    result["counts"]["connections"]["refused_by_status"] = {"429": 5, "503": 2}
    pattern = result["criteria"][0]
    result["criteria"] += [
        {**pattern, "metric": "connect.refused", "labels": labels, "status": status} for labels in asserted
    ]
    return plain(sentence_of(Reading.of(result), set()))


def test_what_no_criterion_speaks_of_is_told() -> None:
    """Each status with its number."""
    assert "5 connections refused with HTTP 429, 2 connections refused with HTTP 503" in told()


def test_what_a_met_criterion_wants_is_not_told_as_unasserted() -> None:
    """By its label: the other status is still news."""
    sentence = told({"status": "429"})
    assert "429" not in sentence
    assert "2 connections refused with HTTP 503" in sentence


def test_a_criterion_without_the_label_or_one_that_is_not_met_hides_nothing() -> None:
    """A bound on all refusals does not say which were wanted."""
    assert "HTTP 429" in told({})
    assert "HTTP 429" in told({"status": "429"}, status="no-data")
