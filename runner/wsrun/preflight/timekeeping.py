"""What times a run: the event loop and the clock that it reads."""

from __future__ import annotations

from wsrun.preflight.facts import CLOCK_SOURCE, Timekeeping
from wsrun.preflight.finding import Finding

SLOW = frozenset(("acpi_pm", "hpet", "jiffies", "pit", "refined-jiffies"))
"""Sources of time of Linux that are read by way of the bus, which takes about a microsecond, or that only
advance with the timer's ticks (kernel: Documentation/timers/timekeeping.rst)."""

COARSE = 1e-4
"""Seconds of resolution beyond which latencies are not to be believed."""


def timekeeping(facts: Timekeeping) -> Finding:
    """Look whether the fast event loop is there, and whether the clock is fast and fine."""
    figures = {"loop": facts.loop, "clock": facts.clock, "resolution": facts.resolution}
    if facts.loop is None and facts.platform != "win32":
        return Finding(
            name="clock",
            state="bad",
            text="uvloop, the event loop of the workers, is not installed",
            fixes=("pip install uvloop",),
            figures=figures,
        )
    if facts.resolution > COARSE:
        return Finding(
            name="clock",
            state="warning",
            text=f"the clock advances in steps of {facts.resolution * 1e3:g} ms",
            fixes=("believe no latency near that, or use another machine",),
            figures=figures,
        )
    if facts.clock in SLOW:
        return Finding(
            name="clock",
            state="warning",
            text=f"the kernel's clock is {facts.clock}, which is slow to read",
            fixes=(f"where the machine has a TSC that is stable, as root: echo tsc > {CLOCK_SOURCE}",),
            figures=figures,
        )
    loop = facts.loop or "asyncio's own loop, as uvloop is not for Windows"
    clock = "" if facts.clock is None else f", clock {facts.clock}"
    return Finding(name="clock", state="good", text=f"{loop}{clock}", figures=figures)
