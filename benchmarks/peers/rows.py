"""What is measured: each row is one kind of work at one scale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of work: connections, and bytes of each message (JSON, of about this size)."""

    name: str
    connections: int
    size: int = 100
    path: str = "/"
    is_tls: bool = False

    @property
    def is_push(self) -> bool:
        """Whether the server sends, unasked, and the client only receives."""
        return self.path != "/"


ROWS = (
    Row(name="roundtrip-1", connections=1),
    Row(name="roundtrip-100", connections=100),
    Row(name="roundtrip-2000", connections=2000),
    Row(name="roundtrip-10000", connections=10_000),
    Row(name="payloads-4KiB", connections=100, size=4096),
    Row(name="payloads-64KiB", connections=100, size=65536),
    Row(name="pushes-single", connections=100, path="/push"),
    Row(name="pushes-dense", connections=100, path="/dense"),
    Row(name="pushes-bursts", connections=100, path="/bursts"),
    Row(name="wss-100", connections=100, is_tls=True),
)
"""In the order in which they are measured and shown."""


def chosen(names: list[str]) -> tuple[Row, ...]:
    """Return the rows of these names, or whose names begin so (``roundtrip``); all for none.

    Raises:
        ValueError: there is no such row.
    """
    for name in names:
        if not any(_is_called(row, name) for row in ROWS):
            raise ValueError(f"there is no row '{name}'; there are {', '.join(row.name for row in ROWS)}")
    return tuple(row for row in ROWS if not names or any(_is_called(row, name) for name in names))


def _is_called(row: Row, name: str) -> bool:
    return name in (row.name, row.name.partition("-")[0])
