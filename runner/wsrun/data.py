"""Data files: reading their rows, and which row a client or a message gets."""

from __future__ import annotations

import csv
import hashlib
import io
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from wsrun.plan import DataPlan

LARGEST: Final = 16 << 20
"""Bytes of the largest data file."""

MOST_ROWS: Final = 500_000
"""Rows of the longest data file: each takes some hundred bytes in every worker, however short it is."""

Row = dict[str, Any]


class DataError(ValueError):
    """A data file cannot be used; ``message`` is one plain sentence without a full stop."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read a CSV with a header, a JSON array of objects, or JSON lines; the suffix says which.

    Values of a CSV are text; those of JSON keep their types.

    Raises:
        DataError: the file is missing, too large, or not what its suffix says.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} is not a data file: its name must end in .csv, .json or .jsonl")
    try:
        text = _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 (byte {error.start})") from error
    rows = reader(text, path.name)
    if not rows:
        raise DataError(f"{path.name} has no rows")
    if len(rows) > MOST_ROWS:
        raise _too_many(path.name)
    return rows


def _content(path: Path) -> bytes:
    """Read a regular file; what is none (a pipe, a device) could block or never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path.name} is no file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path.name}") from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise DataError(f"{path.name} is larger than {LARGEST >> 20} MiB")
    return content


def _too_many(name: str) -> DataError:
    return DataError(f"{name} has more than {MOST_ROWS} rows")


def _csv(text: str, name: str) -> tuple[Row, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: list[Row] = []
    try:
        for values in reader:
            if not values:
                continue
            if not header:
                header = _header(values, name)
            elif len(values) != len(header):
                raise DataError(
                    f"line {reader.line_num} of {name} has {len(values)} values; the header has {len(header)}"
                )
            elif len(rows) == MOST_ROWS:
                raise _too_many(name)
            else:
                rows.append(dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise DataError(f"line {reader.line_num} of {name} is no CSV: {error}") from error
    return tuple(rows)


def _header(values: list[str], name: str) -> list[str]:
    header = [column.strip() for column in values]
    if not all(header):
        raise DataError(f"column {header.index('') + 1} of {name} has no name")
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise DataError(f"{name} has two columns named {twice!r}")
    return header


def _json(text: str, name: str) -> tuple[Row, ...]:
    try:
        value = orjson.loads(text)
    except ValueError as error:
        raise DataError(f"{name} is no JSON: {error}") from error
    if not isinstance(value, list):
        raise DataError(f"{name} must be an array of objects")
    for number, row in enumerate(value, 1):
        if not isinstance(row, dict):
            raise DataError(f"row {number} of {name} is not an object")
    return tuple(value)


def _json_lines(text: str, name: str) -> tuple[Row, ...]:
    rows = []
    # Not splitlines(): the separators of Unicode may stand within a text of JSON.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except ValueError as error:
            raise DataError(f"line {number} of {name} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"line {number} of {name} is not an object")
        rows.append(row)
    return tuple(rows)


_READERS: Final[Mapping[str, Callable[[str, str], tuple[Row, ...]]]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}


class RowPicker:
    """Chooses rows: a pure function of the plan, the seed and the numbers of the client and its message.

    ========  ==========================================================================
    take      row number of client c, or of its message m (from 1): n = c, or c + m - 1
    ========  ==========================================================================
    cycle     n modulo the number of rows
    random    drawn from seed, c and m
    each      n; None after the last row, and then there are no more clients. Per message, rows are not chosen
              here but dealt out, see ``wsrun.engine.rows``
    unique    as cycle, c being a number that only one living client has; the check of the scenario sees to
              it that there are enough rows
    ========  ==========================================================================
    """

    def __init__(self, plan: DataPlan, seed: int) -> None:
        self._rows = plan.rows
        self._take = plan.take
        self._per_message = plan.per == "message"
        self._key = f"{seed}/{plan.name}"

    def row_for(self, client: int, message: int) -> Mapping[str, Any] | None:
        """Return the row of a client by its number of birth, and where rows are per message by that too.

        Args:
            client: The client's number among all births of the run, from 0.
            message: The number of the message among the client's own, from 1; 0 at its birth.
        """
        rows = self._rows
        if not self._per_message:
            message = 0
        number = client + max(message - 1, 0)
        if self._take == "each":
            return rows[number] if number < len(rows) else None
        if self._take == "random":
            digest = hashlib.blake2b(f"{self._key}/{client}/{message}".encode(), digest_size=8).digest()
            number = int.from_bytes(digest)
        return rows[number % len(rows)]
