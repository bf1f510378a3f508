"""Latency distributions as HdrHistogram writes them."""

from __future__ import annotations

import re

import pytest
from tests.synthetic import load

from wsrun.metrics.histogram import Histogram
from wsrun.outputs.hgrm import render_hgrm

Line = tuple[float, float, int, float]


def lines_of(text: str) -> list[Line]:
    """Read a distribution as HdrHistogram's plotter does: no comments, no head, columns split at spaces."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and not line.startswith("#") and words[0] != "Value":
            value, share, count, inverse = [*words, "inf"][:4]
            found.append((float(value), float(share), int(count), float(inverse)))
    return found


@pytest.mark.parametrize("name", ["round_trip", "service_time"])
def test_every_sample_is_in_it_and_percentiles_are_those_of_the_result(name: str) -> None:
    """The lines rise to all samples, and the first at or above a share holds the result's percentile."""
    result = load("fail")
    found = lines_of(render_hgrm(result, name))
    whole = Histogram.from_json(next(c[name] for c in result["curves"] if c["phase"] is None))

    assert [line[:3] for line in found] == sorted(line[:3] for line in found)
    assert found[-1][1:] == (1.0, whole.count, float("inf"))
    for share in (0.5, 0.99, 0.999):
        value = next(value for value, upto, _, _ in found if upto >= share)
        assert value == pytest.approx(whole.quantile(share) * 1e3, abs=1e-6)


def test_the_sums_stand_at_the_end() -> None:
    """Mean, largest and count are exact."""
    result = load("pass")
    whole = Histogram.from_json(next(c["round_trip"] for c in result["curves"] if c["phase"] is None))
    text = render_hgrm(result, "round_trip")
    mean, largest = (
        re.search(r"Mean += +([\d.]+)", text),
        re.search(r"Max += +([\d.]+), Total count += +(\d+)", text),
    )

    assert mean is not None and largest is not None
    assert float(mean[1]) == pytest.approx(whole.average * 1e3, abs=1e-6)
    assert float(largest[1]) == pytest.approx(whole.maximum * 1e3, abs=1e-6)
    assert int(largest[2]) == whole.count


def test_a_run_without_replies_has_an_empty_distribution() -> None:
    """There are the head and the sums, and nothing between."""
    text = render_hgrm({"curves": []}, "round_trip")
    assert lines_of(text) == []
    assert "Total count    =            0" in text
