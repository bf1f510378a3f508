"""The pauses in which Python collects garbage: nothing of a worker runs while one goes on."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any


class Pauses:
    """Measures each collection from its start to its end; costs about a microsecond a collection."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began: float | None = None
        self._taken: list[float] = []

    def start(self) -> None:
        """Measure from now on."""
        gc.callbacks.append(self.heard)

    def stop(self) -> None:
        """Measure no more."""
        if self.heard in gc.callbacks:
            gc.callbacks.remove(self.heard)

    def take(self) -> list[float]:
        """Return how long each collection since the last time took, in seconds."""
        # A collection may begin at any moment, also in here: the list is swapped, and never walked through.
        taken, self._taken = self._taken, []
        return taken

    def heard(self, phase: str, _: Any) -> None:
        """Take note of the start or of the end of a collection, as ``gc.callbacks`` tells it."""
        if phase == "start":
            self._began = self._clock()
        elif self._began is not None:
            self._taken.append(self._clock() - self._began)
            self._began = None
