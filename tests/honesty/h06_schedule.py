"""H6 and H7: what was scheduled arrives, second by second, and never before its time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from tests.honesty.rows import Row, exact, milliseconds, quantile
from tests.honesty.runs import observed, open_model
from tests.witness import Witness

KS_LIMIT = 1.628
"""Critical value of Kolmogorov and Smirnov's test at a level of 1 %, times the root of the sample's size."""


def check(quick: bool) -> Iterator[Row]:
    """Constant, ramp, stairs and Poisson, as the witness saw them arrive."""
    seconds, rate = (4, 500) if quick else (20, 1000)
    _, witness = observed(open_model(f"{rate}/s", seconds), "")
    yield exact("H6", f"constant {rate}/s: messages", len(witness.log), rate * seconds)
    yield _by_second("constant", witness, [rate] * seconds)
    yield _never_early(witness, rate)

    level = f"{{ from: 0/s, to: {rate}/s }}"
    _, witness = observed(open_model(level, seconds), "")
    yield exact("H6", f"ramp to {rate}/s: messages", len(witness.log), rate * seconds // 2)
    yield _by_second("ramp", witness, [rate * (2 * second + 1) / 2 / seconds for second in range(seconds)])

    step, every = rate // 4, seconds // 4
    level = f"{{ from: {step}/s, to: {rate}/s, step: {step}/s, every: {every}s }}"
    _, witness = observed(open_model(level, seconds), "")
    stairs = [step * (1 + second // every) for second in range(seconds)]
    yield exact("H6", f"stairs to {rate}/s: messages", len(witness.log), sum(stairs))
    yield _by_second("stairs", witness, stairs)

    _, witness = observed(open_model(f"{rate}/s", seconds, extra=", poisson: true"), "")
    yield _poisson(witness)


def _arrivals(witness: Witness) -> list[float]:
    return sorted(seen.read for seen in witness.log)


def _by_second(name: str, witness: Witness, planned: list[float]) -> Row:
    """Hold the arrivals of each second against the plan, within 1 % or three standard deviations."""
    times = _arrivals(witness)
    # The first message of a ramp from zero is due some time after the start; the end of the last is known.
    start = times[-1] - len(planned) if name == "ramp" else times[0]
    seen = Counter(min(max(int(at - start), 0), len(planned) - 1) for at in times)
    worst = max(
        abs(seen[second] - wanted) / max(0.01 * wanted, 3 * math.sqrt(wanted))
        for second, wanted in enumerate(planned)
    )
    return Row("H6", f"{name}: each second", f"{worst:.0%} of what is allowed", "≤ max(1 %, 3 σ)", worst <= 1)


def _never_early(witness: Witness, rate: int) -> Row:
    """A message that left early would lie before all others on the grid of the schedule.

    What is measured is how far the earliest lies before the earliest hundredth: the way through the kernel
    has a sharp lower end, so that half a millisecond of earliness would stand out.
    """
    offsets = sorted(at - number / rate for number, at in enumerate(_arrivals(witness)))
    early = quantile(offsets, 0.01) - offsets[0]
    return Row(
        "H7",
        "never early: the earliest before the first hundredth",
        milliseconds(early),
        "≤ 0.20 ms",
        early <= 0.0002,
    )


def _poisson(witness: Witness) -> Row:
    """Given their number, the times of a Poisson process are spread evenly (Kolmogorov-Smirnov)."""
    times = _arrivals(witness)
    start, span, number = times[0], times[-1] - times[0], len(times)
    distance = max(
        max(rank / number - share, share - (rank - 1) / number)
        for rank, share in enumerate(((at - start) / span for at in times), start=1)
    )
    statistic = distance * math.sqrt(number)
    return Row(
        "H6", "Poisson: Kolmogorov-Smirnov", f"{statistic:.2f}", f"≤ {KS_LIMIT}", statistic <= KS_LIMIT
    )
