"""Where clients of several workers wait for each other: who has all of its own says so, and all are asked.

A worker that has nobody to await says nothing by itself; so nobody is released before each of them has
answered, after somebody's clients had all come, that all of its own (which may be none) wait. Workers that
have ended, or are lost, are not asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wsrun.engine.control import Ask, Gathered, Release, ToWorker


@dataclass(slots=True)
class _Round:
    """The round of a barrier that goes on: what each worker said last, and whether all have been asked."""

    number: int = 0
    is_asked: bool = False
    whole: dict[int, bool] = field(default_factory=dict)


class Barriers:
    """All barriers of a run, by group and name."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[int, str], _Round] = {}

    def hear(self, worker: int, told: Gathered, working: Iterable[int]) -> ToWorker | None:
        """Return what all workers are to be told now that one has told this; None: nothing.

        ``working`` are the numbers of the workers that are still at work.
        """
        key = (told.group, told.name)
        now = self._rounds.setdefault(key, _Round())
        if told.round != now.number:
            return None
        if not now.is_asked:
            if not told.is_whole:
                return None
            # What was said before the question is no answer to it.
            now.is_asked = True
            return Ask(*key, now.number)
        now.whole[worker] = told.is_whole
        if not all(now.whole.get(number, False) for number in working):
            return None
        self._rounds[key] = _Round(now.number + 1)
        return Release(*key, now.number)
