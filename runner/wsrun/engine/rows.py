"""Rows of data that messages take, each once: dealt out to the workers, and drawn when one is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from wsrun.expressions import MissingVariable

if TYPE_CHECKING:
    from wsrun.engine.session import Session
    from wsrun.plan import DataPlan


class RowsOver(MissingVariable):
    """Every row of a source has been taken: whoever needs one has nothing more to do."""


class Deck:
    """A worker's rows of a source, in their order: row n belongs to worker n mod workers."""

    def __init__(self, plan: DataPlan, worker: int, workers: int) -> None:
        self._plan = plan
        self._numbers = iter(range(worker, len(plan.rows), workers))

    def draw(self) -> Mapping[str, Any]:
        """Return the next row; raises RowsOver after the last one."""
        for number in self._numbers:
            return self._plan.rows[number]
        raise RowsOver(self._plan.name, "every row has been taken")


class NextRow(Mapping[str, Any]):
    """The row of one message of one client: taken when its first column is read, and kept by it."""

    __slots__ = ("_deck", "_row")

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._row: Mapping[str, Any] | None = None

    def __getitem__(self, column: str) -> Any:
        return self._drawn()[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._drawn())

    def __len__(self) -> int:
        return len(self._drawn())

    def _drawn(self) -> Mapping[str, Any]:
        if self._row is None:
            self._row = self._deck.draw()
        return self._row


def not_made(session: Session, message: str, missing: MissingVariable) -> None:
    """Count a message that could not be made; a client for which there are no rows any more leaves."""
    if isinstance(missing, RowsOver):
        session.leave()
    else:
        session.error(missing.cause, f"{message}: {missing}")
