"""HTTP in reports: each status with its number."""

from __future__ import annotations

from typing import Any

from wsrun.view.http import build


class Told:
    """As much of a reading as the ledger reads."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result


def test_each_status_has_its_number_and_its_time() -> None:
    """And what was not answered is loud."""
    answers = [
        {"status": 200, "count": 7, "time": {"count": 5, "p95": 0.012}},
        {"status": 503, "count": 2, "time": {"count": 0, "p95": None}},
    ]
    (ledger,) = build(Told({"http": {"requests": 10, "answers": answers}}))  # type: ignore[arg-type]
    assert [(one.name, one.number, one.is_loud) for one in ledger.lines] == [
        ("Requests", "10", False),
        ("Answered 200", "7", False),
        ("Answered 503", "2", False),
        ("Not answered", "1", True),
    ]
    assert "12" in ledger.lines[1].note


def test_a_run_without_requests_has_no_such_ledger() -> None:
    """Nothing is said of what was not used."""
    assert list(build(Told({}))) == []  # type: ignore[arg-type]
