"""The preflight of a run: what would go wrong, said before it does.

One module a check. A check of this machine is a function from values (``Demand``: what the plan takes;
``Facts``: what is there) to a ``Finding``; the table below has those that a run makes too before it starts.
What needs the network is in ``network`` (names, TCP, TLS) and ``visit`` (one client, for real).
"""

from __future__ import annotations

from collections.abc import Callable

from wsrun.preflight.cores import cores
from wsrun.preflight.demand import Demand
from wsrun.preflight.descriptors import descriptors
from wsrun.preflight.facts import Facts
from wsrun.preflight.finding import Finding
from wsrun.preflight.memory import memory
from wsrun.preflight.ports import ports

Rule = Callable[[Demand, Facts], Finding]

LIMITS: tuple[Rule, ...] = (descriptors, ports, memory)
"""What a run cannot go beyond; looked at before each run."""

MACHINE: tuple[Rule, ...] = (*LIMITS, cores)
"""All that is compared with what the machine has."""


def look(rules: tuple[Rule, ...], demand: Demand, facts: Facts) -> tuple[Finding, ...]:
    """Apply rules, in their order."""
    return tuple(rule(demand, facts) for rule in rules)
