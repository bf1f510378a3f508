"""Data files: what is read, what is refused, and who gets which row."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsrun.data import LARGEST, MOST_ROWS, DataError, RowPicker, read_rows
from wsrun.plan import DataPlan

PLAIN = st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(), lambda i: st.lists(i, max_size=3)
)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param(
            "a.csv", "name,age\nAda,36\n", [{"name": "Ada", "age": "36"}], id="values of a CSV are text"
        ),
        pytest.param("a.CSV", "name\r\nAda\r\n", [{"name": "Ada"}], id="in any case, with any line end"),
        pytest.param(
            "a.csv", b"\xef\xbb\xbfname\nAda", [{"name": "Ada"}], id="a byte order mark is none of a name"
        ),
        pytest.param(
            "a.csv", " name , x\n Ada ,1", [{"name": " Ada ", "x": "1"}], id="names lose their spaces"
        ),
        pytest.param(
            "a.csv", '\n\nn\n"a,b"\n\n"c\nd"\n', [{"n": "a,b"}, {"n": "c\nd"}], id="quotes, empty lines"
        ),
        pytest.param("a.csv", 'n\n""\n', [{"n": ""}], id="an empty value is a value"),
        pytest.param(
            "a.json", '[{"a":1,"b":[null]}]', [{"a": 1, "b": [None]}], id="values of JSON keep their types"
        ),
        pytest.param("a.json", '[{"a":1},{}]', [{"a": 1}, {}], id="rows may differ"),
        pytest.param("a.jsonl", '{"a":1}\n\n {"a":"2"} \r\n', [{"a": 1}, {"a": "2"}], id="one object a line"),
        pytest.param("a.ndjson", '{"a":1}', [{"a": 1}], id="by its other name"),
        pytest.param(
            "a.jsonl", '{"a":"x\u2028y"}', [{"a": "x\u2028y"}], id="a separator in a text ends no line"
        ),
    ],
)
def test_rows_are_read(
    tmp_path: Path, name: str, content: str | bytes, expected: list[dict[str, Any]]
) -> None:
    """The suffix says how."""
    assert list(read_rows(written(tmp_path, name, content))) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param(
            "a.txt", "x", "a.txt is not a data file: its name must end in .csv, .json or .jsonl", id="suffix"
        ),
        pytest.param("a.csv", "", "a.csv has no rows", id="nothing"),
        pytest.param("a.csv", "name\n", "a.csv has no rows", id="a header alone"),
        pytest.param(
            "a.csv", "a,b\n1,2\n\n3\n", "line 4 of a.csv has 1 values; the header has 2", id="a short line"
        ),
        pytest.param("a.csv", "a\n1,2", "line 2 of a.csv has 2 values; the header has 1", id="a long line"),
        pytest.param("a.csv", "a,,c\n1,2,3", "column 2 of a.csv has no name", id="a column without a name"),
        pytest.param(
            "a.csv", "a,b,a\n1,2,3", "a.csv has two columns named 'a'", id="two columns of one name"
        ),
        pytest.param(
            "a.csv", 'a\n"x" y', "line 2 of a.csv is no CSV: ',' expected after '\"'", id="a wrong quote"
        ),
        pytest.param(
            "a.csv", 'a\n"x', "line 2 of a.csv is no CSV: unexpected end of data", id="an open quote"
        ),
        pytest.param("a.csv", b"a\n\xff", "a.csv is not UTF-8 (byte 2)", id="another encoding"),
        pytest.param("a.json", "{}", "a.json must be an array of objects", id="an object"),
        pytest.param("a.json", "[]", "a.json has no rows", id="an empty array"),
        pytest.param("a.json", "[{},1]", "row 2 of a.json is not an object", id="a row that is a number"),
        pytest.param(
            "a.jsonl", "{}\n\n5", "line 3 of a.jsonl is not an object", id="a line that is a number"
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    """With the line as an editor counts it."""
    with pytest.raises(DataError) as caught:
        read_rows(written(tmp_path, name, content))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("name", "content", "beginning"),
    [
        pytest.param("a.json", "[{}", "a.json is no JSON: ", id="a cut file"),
        pytest.param("a.json", "[" * 100_000, "a.json is no JSON: ", id="100 000 levels"),
        pytest.param("a.json", '[{"a":NaN}]', "a.json is no JSON: ", id="not a number"),
        pytest.param("a.jsonl", "{}\n{", "line 2 of a.jsonl is no JSON: ", id="a cut line"),
        pytest.param(
            "a.csv", "a\n" + "x" * 200_000, "line 2 of a.csv is no CSV: field larger", id="a huge value"
        ),
        pytest.param("a.csv", b"a" * (LARGEST + 1), "a.csv is larger than 16 MiB", id="a huge file"),
        pytest.param(
            "a.csv", "a\n" + "1\n" * (MOST_ROWS + 1), f"a.csv has more than {MOST_ROWS} rows", id="rows"
        ),
        pytest.param("a.jsonl", "{}\n" * (MOST_ROWS + 1), f"a.jsonl has more than {MOST_ROWS}", id="objects"),
    ],
)
def test_a_file_beyond_bounds_is_refused(
    tmp_path: Path, name: str, content: str | bytes, beginning: str
) -> None:
    """A scenario may come from anybody."""
    with pytest.raises(DataError) as caught:
        read_rows(written(tmp_path, name, content))
    assert caught.value.message.startswith(beginning)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe would block, a device never end."""
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    said = []
    for name in ("nothing", "folder", "pipe", "loop"):
        with pytest.raises(DataError) as caught:
            read_rows(tmp_path / f"{name}.csv")
        said.append(caught.value.message)
    assert said[:3] == ["there is no file nothing.csv", "folder.csv is no file", "pipe.csv is no file"]
    assert said[3].startswith("loop.csv cannot be read: ")


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.text(), JSON), min_size=1))
def test_json_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    """As an array and as lines, whatever the texts hold."""
    folder = tmp_path_factory.mktemp("data")
    array = written(folder, "a.json", json.dumps(rows, ensure_ascii=True))
    lines = written(folder, "a.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert read_rows(array) == read_rows(lines) == tuple(rows)


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1))
def test_csv_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """Quoted as RFC 4180 says, whatever the values hold."""
    text = "a,b\n" + "".join('"{}","{}"\n'.format(*(v.replace('"', '""') for v in row)) for row in rows)
    path = written(tmp_path_factory.mktemp("data"), "a.csv", text)
    assert [(row["a"], row["b"]) for row in read_rows(path)] == rows


def picker(
    take: Any, per: Literal["client", "message"] = "client", rows: int = 3, seed: int = 1
) -> RowPicker:
    """Return a picker of rows that hold their own number."""
    return RowPicker(DataPlan(name="d", rows=tuple({"n": n} for n in range(rows)), take=take, per=per), seed)


def numbers(chosen: RowPicker, places: list[tuple[int, int]]) -> list[int | None]:
    """Return the numbers of the rows of these clients and messages."""
    rows = [chosen.row_for(client, message) for client, message in places]
    return [None if row is None else row["n"] for row in rows]


@pytest.mark.parametrize(
    ("take", "per", "expected"),
    [
        pytest.param("cycle", "client", [0, 0, 1, 2, 0], id="client after client, and again"),
        pytest.param("unique", "client", [0, 0, 1, 2, 0], id="likewise; there are enough rows"),
        pytest.param("each", "client", [0, 0, 1, 2, None], id="each once, then nobody"),
        pytest.param("cycle", "message", [0, 1, 1, 2, 0], id="message after message"),
    ],
)
def test_rows_are_taken_in_turn(
    take: str, per: Literal["client", "message"], expected: list[int | None]
) -> None:
    """By the number of the client, and per message by that of the message."""
    places = [(0, 1), (0, 2), (1, 1), (2, 1), (3, 1)]
    assert numbers(picker(take, per), places) == expected


def test_the_first_message_takes_the_row_of_the_birth() -> None:
    """So that one client goes through the rows from the first on."""
    assert numbers(picker("cycle", "message"), [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]) == [0, 0, 1, 2, 0]


def test_random_rows_depend_on_the_seed_and_the_place_alone() -> None:
    """Whoever asks, in whatever order."""
    places = [(client, message) for client in range(30) for message in range(30)]
    one, two = picker("random", "message", 1000), picker("random", "message", 1000)
    assert numbers(one, places) == list(reversed(numbers(two, list(reversed(places)))))
    assert numbers(one, places) != numbers(picker("random", "message", 1000, seed=2), places)


def test_a_client_keeps_its_random_row() -> None:
    """Where rows are per client, no message changes it."""
    assert len(set(numbers(picker("random", rows=1000), [(5, message) for message in range(50)]))) == 1


def test_random_rows_come_alike_often() -> None:
    """Of 10 000 draws of 10 rows each comes 1 000 times, give or take five standard deviations."""
    drawn = Counter(numbers(picker("random", rows=10), [(client, 0) for client in range(10_000)]))
    assert len(drawn) == 10
    assert all(850 < count < 1150 for count in drawn.values())
