"""What the witness was told to do, from the query of a connection's path: delays, stalls, pushes.

``delay=constant,0.01`` · ``delay=uniform,0,0.1`` · ``delay=bimodal,0.001,0.2,0.05`` (usual, other, share of
the other) · ``delay=exponential,0.02`` · ``delay=lognormal,0.02,0.08`` (median, 95th percentile) ·
``delay=pareto,0.001,2.5`` (least, shape); ``stall=10,2`` (seconds after the first message, length);
``push=100`` (messages a second); ``silent=1`` (no answers); ``cut=50`` (instead of the fiftieth answer of a
connection half a frame and a reset). All seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from urllib.parse import parse_qs, urlsplit

Draw = Callable[[Random], float]

DELAYS: dict[str, Callable[..., Draw]] = {
    "constant": lambda delay: lambda rng: delay,
    "uniform": lambda least, most: lambda rng: rng.uniform(least, most),
    "exponential": lambda mean: lambda rng: rng.expovariate(1 / mean),
    "bimodal": lambda usual, other, share: lambda rng: other if rng.random() < share else usual,
    "pareto": lambda least, shape: lambda rng: least * rng.paretovariate(shape),
    "lognormal": lambda median, p95: (
        lambda rng: rng.lognormvariate(math.log(median), math.log(p95 / median) / 1.6448536269514722)
    ),
}


class Script:
    """One connection's orders. ``draw`` gives the delay of each answer, None: none is sent."""

    def __init__(self, path: str, number: int) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        kind, *values = query.get("delay", "constant,0").split(",")
        self.rng = Random(f"{query.get('seed', '0')}/{number}")
        self.draw: Draw | None = None if "silent" in query else DELAYS[kind](*map(float, values))
        at, length = map(float, query.get("stall", "inf,0").split(","))
        self.stall_at, self.stall_length = at, length
        self.push_rate = float(query.get("push", "0"))
        self.cut = int(query.get("cut", "0"))
