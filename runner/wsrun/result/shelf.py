"""Data of differing lengths in one piece of memory that is there from the start.

What is kept of a long run is replaced again and again by something a little longer. As objects of their own
these lie scattered between all that comes and goes meanwhile, and leave holes that fit nothing else: in half
an hour a process grew by more than all that it kept. Here they lie one behind the other.
"""

from __future__ import annotations


class Place:
    """Where data lies; it moves when the shelf is tidied."""

    __slots__ = ("length", "start")

    def __init__(self, start: int, length: int) -> None:
        self.start = start
        self.length = length


class Shelf:
    """Keeps data until it is taken."""

    def __init__(self, room: int) -> None:
        """``room``: bytes that are claimed at once; when three quarters of them are not enough, twice as many
        are."""
        # Written to, and therefore in memory, which zeros would not be.
        self._memory = bytearray(b"\xff") * room
        self._places: list[Place] = []
        self._end = 0
        self._kept = 0

    @property
    def room(self) -> int:
        """How many bytes have been claimed."""
        return len(self._memory)

    @property
    def kept(self) -> int:
        """How many bytes are kept."""
        return self._kept

    def put(self, data: bytes) -> Place:
        """Keep data."""
        length = len(data)
        if self._end + length > self.room:
            self._tidy()
            while 4 * (self._end + length) > 3 * self.room:
                self._memory += b"\xff" * self.room
        place = Place(self._end, length)
        self._end += length
        self._memory[place.start : self._end] = data
        self._places.append(place)
        self._kept += length
        return place

    def read(self, place: Place) -> bytes:
        """Return what lies there."""
        return bytes(self._memory[place.start : place.start + place.length])

    def take(self, place: Place) -> bytes:
        """Return what lies there, and keep it no longer."""
        data = self.read(place)
        self._kept -= place.length
        place.start = -1
        return data

    def _tidy(self) -> None:
        """Move everything together, in its order."""
        self._places = [place for place in self._places if place.start >= 0]
        self._end = 0
        for place in self._places:
            self._memory[self._end : self._end + place.length] = self.read(place)
            place.start = self._end
            self._end += place.length
