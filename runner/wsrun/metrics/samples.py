"""The values of one distribution in one interval; ``samples.pyx`` is the same, compiled."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    Doubles = array[float]
else:
    Doubles = array  # which cannot be subscripted before Python 3.12


class Samples(Doubles):
    """Numbers of float64, in the order in which they came; seconds, nearly everywhere.

    Its memory can be had as a buffer, for ``Histogram.add_array``. ``add`` is on the per-message path; where
    it is compiled, it is called without making an object of the number.
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        """Make an empty one."""
        return super().__new__(cls, "d")  # type: ignore[return-value]

    add = array.append
