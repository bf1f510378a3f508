"""Data files: reading their rows, and which row a client or a message gets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import orjson

from wsrun.plan import DataPlan

LARGEST = 16 << 20
"""Bytes of the largest data file."""


class DataError(ValueError):
    """A data file cannot be used; ``message`` is one plain sentence without a full stop."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read_rows(path: Path) -> tuple[dict[str, Any], ...]:
    """Read a CSV with a header, a JSON array of objects, or JSON lines; the suffix says which.

    Values of a CSV are text; those of JSON keep their types.

    Raises:
        DataError: the file is missing, too large, or not what its suffix says.
    """
    readers = {".csv": _csv, ".json": _json, ".jsonl": _json_lines, ".ndjson": _json_lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} is not a data file: its name must end in .csv, .json or .jsonl")
    try:
        if not path.is_file():
            raise DataError(
                f"there is no file {path.name}" if not path.exists() else f"{path.name} is no file"
            )
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path.name} is larger than 16 MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 (byte {error.start})") from error
    rows = reader(text, path.name)
    if not rows:
        raise DataError(f"{path.name} has no rows")
    return rows


def _csv(text: str, name: str) -> tuple[dict[str, Any], ...]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DataError(f"{name} is no CSV: {error}") from error
    lines = [line for line in lines if line]
    if not lines:
        return ()
    header = [column.strip() for column in lines[0]]
    if len(set(header)) < len(header) or not all(header):
        raise DataError(f"the header of {name} has a column without a name, or two of one name")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            raise DataError(f"row {number} of {name} has {len(line)} values; the header has {len(header)}")
    return tuple(dict(zip(header, line, strict=True)) for line in lines[1:])


def _json(text: str, name: str) -> tuple[dict[str, Any], ...]:
    try:
        value = orjson.loads(text)
    except ValueError as error:
        raise DataError(f"{name} is no JSON: {error}") from error
    if not isinstance(value, list):
        raise DataError(f"{name} must be an array of objects")
    return _objects(value, name)


def _json_lines(text: str, name: str) -> tuple[dict[str, Any], ...]:
    values = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                values.append(orjson.loads(line))
            except ValueError as error:
                raise DataError(f"line {number} of {name} is no JSON: {error}") from error
    return _objects(values, name)


def _objects(values: list[Any], name: str) -> tuple[dict[str, Any], ...]:
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise DataError(f"row {number} of {name} is not an object")
    return tuple(values)


class RowPicker:
    """Chooses rows: a pure function of the plan, the seed and the number of the client or message.

    ========  ==========================================================================
    take      row of client (or message) n
    ========  ==========================================================================
    cycle     n modulo the number of rows
    random    drawn from seed and n
    each      n; None after the last row, and then there are no more clients
    unique    as cycle; the check of the scenario sees to it that there are enough rows
    ========  ==========================================================================
    """

    def __init__(self, plan: DataPlan, seed: int) -> None:
        self._plan = plan
        self._seed = seed

    def row_for(self, client: int, message: int) -> Mapping[str, Any] | None:
        """Return the row of a client by its number of birth, and per message by its number too."""
        rows = self._plan.rows
        per_message = self._plan.per == "message"
        number = client + message if per_message else client
        match self._plan.take:
            case "each":
                return rows[number] if number < len(rows) else None
            case "random":
                key = f"{self._seed}/{self._plan.name}/{client}/{message if per_message else 0}"
                return rows[Random(key).randrange(len(rows))]
        return rows[number % len(rows)]
