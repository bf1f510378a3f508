"""The comparison with other tools: what it reads, keeps, and writes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from benchmarks import as_installed
from benchmarks.peers import chart, figures, page, rows
from benchmarks.peers.clients import artillery, k6, locust, peer, table, tsung, wsrun
from benchmarks.peers.figures import Figure, Kept, Sample
from benchmarks.peers.goals import GOALS
from benchmarks.peers.measuring import busy_ticks, read_ticks
from benchmarks.peers.server import Counts, read_counts
from tests import certificates

from wsrun.check import all_mistakes
from wsrun.source import examine

ROWS = {row.name: row for row in rows.ROWS}


def sample(cost: float) -> Sample:
    """A second of a client that needed so many microseconds a message."""
    return Sample(messages=100_000, cpu=cost / 10, wall=1.0, server=0.5, others=0.02)


def job(row: str, folder: Path) -> peer.Job:
    """A job for a server that nobody asks."""
    return peer.Job(
        row=ROWS[row], port=4711, folder=folder, floor=Path("floor"), certificate=folder / "server.pem"
    )


def filled(**costs: float) -> Kept:
    """What is kept when each client of the table has this cost, or 10, in every row."""
    kept = Kept(machine="A machine")
    for row in rows.ROWS:
        for one in table.PEERS:
            if one.why_not(row) is None:
                kept.add(row.name, one.name, sample(costs.get(one.name.split(",")[0].lower(), 10.0)))
    return kept


def test_a_figure_is_the_median_of_its_rounds_between_best_and_worst() -> None:
    """CPU of the client per message, in microseconds; none without a sample."""
    found = figures.figure([sample(9.0), sample(7.0), sample(12.0)])

    assert found == pytest.approx(Figure(7.0, 9.0, 12.0))
    assert str(found) == "9.00 (7.00–12.0)"
    assert figures.figure([]) is None


def test_samples_come_back_as_they_were_kept(tmp_path: Path) -> None:
    """The file has each sample in one line."""
    kept = Kept(versions={"k6": "1"}, missing={"Tsung": "not installed here"})
    kept.add("wss-100", "k6", sample(40.0))
    kept.add("wss-100", "k6", sample(41.0))
    kept.fail("wss-100", "Locust", "it ended")
    path = tmp_path / "results" / "peers.json"

    figures.save(kept, path)

    assert figures.load(path) == kept
    assert sum("messages" in line and "others" in line for line in path.read_text().splitlines()) == 2
    assert figures.load(tmp_path / "none.json") == Kept()


def test_what_is_measured_anew_is_forgotten_first() -> None:
    """Other cells of the row stay."""
    kept = filled()
    kept.fail("wss-100", "k6", "it ended")

    kept.forget("wss-100", "k6")

    assert kept.of("wss-100", "k6") == [] and kept.failed["wss-100"] == {}
    assert kept.of("wss-100", "Locust")


def test_rows_are_chosen_by_name_or_by_kind() -> None:
    """A name that nothing has is told with those that there are."""
    assert [row.name for row in rows.chosen(["wss", "roundtrip-1"])] == ["roundtrip-1", "wss-100"]
    assert rows.chosen([]) == rows.ROWS
    with pytest.raises(ValueError, match="there is no row 'ws'; there are roundtrip-1, "):
        rows.chosen(["ws"])


def test_clients_are_chosen_by_how_their_names_begin() -> None:
    """A name that nothing has is told with those that there are."""
    wsruns = [f"wsrun, {kind}" for kind in ("fast", "not compiled", "two workers", "reference")]
    assert [one.name for one in table.chosen(["k6", "wsrun"])] == [*wsruns, "k6"]
    assert table.chosen([]) == table.PEERS
    with pytest.raises(ValueError, match="there is no client 'ab'; there are C floor, "):
        table.chosen(["ab"])


def test_the_cpu_of_a_process_is_read_whatever_its_name_is() -> None:
    """User, system, and both of children that are over: fields 14 to 17 of proc(5)."""
    stat = "4 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4000 20 0 1 0 99\n"

    assert read_ticks(stat) == 4123


def test_the_machine_is_busy_with_all_but_idling_and_waiting() -> None:
    """What the host took (steal) counts, time of guests does not count twice."""
    assert busy_ticks("cpu  1 20 300 9000 9000 4000 50000 600000 7 8\ncpu0 1 1 1 1\n") == 654321


def test_the_counts_of_the_server_are_read() -> None:
    """Open connections, echoes, pushes."""
    assert read_counts("100 12345 6\n") == Counts(open=100, echoed=12345, pushed=6)


def test_versions_are_read_out_of_what_programs_say() -> None:
    """None for what is not theirs."""
    assert k6.read_version("k6 v1.1.0 (commit/0e3fb953be, go1.24.4, linux/amd64)\n") == "1.1.0"
    assert k6.read_version("") is None
    assert tsung.read_version("Tsung version 1.7.0\n") == "1.7.0"
    assert tsung.read_version("command not found") is None
    installed = ["locust-2.47.0.dist-info", "websocket_client-1.9.2.dist-info", "six-1.dist-info"]
    assert locust.read_version(installed) == "2.47.0, websocket-client 1.9.2"
    assert locust.read_version(installed[:1]) is None


@pytest.mark.parametrize("size", [100, 4096, 65536])
def test_a_message_has_the_size_of_its_row(size: int) -> None:
    """With an id of twenty characters, as wsrun makes them."""
    message = {"type": "ping", "id": "x" * 20, "text": peer.padding(size, "x" * 20)}

    assert len(json.dumps(message, separators=(",", ":"))) == size


@pytest.mark.parametrize("row", ROWS)
def test_wsrun_has_a_right_scenario_for_every_row(row: str, tmp_path: Path) -> None:
    """No mistake is found in it."""
    certificates.self_signed(tmp_path)

    found = all_mistakes(
        examine(wsrun.scenario(job(row, tmp_path)), str(tmp_path / "peers.yaml"), environ={})
    )

    assert found == []


def test_each_client_is_told_its_work(tmp_path: Path) -> None:
    """URL, connections and payload are in what it is given to read."""
    work = job("payloads-4KiB", tmp_path)
    for one in table.PEERS:
        words = one.command(work)
        given = " ".join(words) + "".join(path.read_text() for path in tmp_path.iterdir())
        assert "4711" in given and "100" in given, one.name
        for path in tmp_path.iterdir():
            path.unlink()
    assert len(json.dumps(artillery.script(work))) > 4096
    assert ElementTree.fromstring(tsung.scenario(work)).find(".//websocket[@type='message']") is not None


def test_the_page_has_a_figure_for_each_cell_and_says_why_others_have_none() -> None:
    """Not installed, failed, or not measured there."""
    kept = filled(wsrun=7.0)
    for row in rows.ROWS:
        kept.forget(row.name, "Tsung")
        kept.forget(row.name, "Locust")
    kept.missing["Tsung"] = peer.NOT_HERE
    kept.fail("roundtrip-2000", "Locust", "it ended: no more files")

    text = page.text(kept)

    assert "| wsrun, fast | 7.00 (7.00–7.00) | 7.00 (7.00–7.00) |" in text
    assert "| Tsung | not installed here | not installed here | not installed here | – |" in text
    assert "| Locust | – | – | failed | – |" in text
    assert "- Locust, 2 000: it ended: no more files." in text
    assert "- C floor, wss: it has no TLS." in text
    assert "other processes used 2% of a core on average" in text
    assert "A machine. Made by `python -m benchmarks.peers --write`: 1 rounds, in windows of 1.0 s." in text


def test_goals_are_told_with_what_was_seen() -> None:
    """Met, missed, or not measured."""
    kept = filled(wsrun=7.0, picows=5.0, k6=30.0)
    kept.forget("roundtrip-100", "Locust")
    seen = [(goal.wanted, *goal.seen(kept)) for goal in GOALS]

    assert seen[0] == ("≤ 1.5 ×", "1.40 ×", "met")
    assert seen[2] == ("≥ 5 ×", "4.29 ×", "missed")
    assert seen[3] == ("≥ 6 ×", "–", "not measured")
    assert ("≤ 5 µs", "7.00 µs", "missed") in seen


def test_the_chart_has_a_bar_for_each_figure() -> None:
    """It is whole XML; who was not measured in a panel has a dash there."""
    kept = filled()
    kept.forget("roundtrip-2000", "k6")

    drawn = ElementTree.fromstring(chart.drawn(kept))

    names = {"s": "http://www.w3.org/2000/svg"}
    places = [(ROWS[row], one) for row in chart.PANELS for one in table.PEERS]
    seen = sum(one.why_not(row) is None for row, one in places) - 1
    assert len(drawn.findall("s:rect", names)) == seen
    texts = [element.text for element in drawn.findall("s:text", names)]
    assert texts.count("–") == len(places) - seen and texts.count("10.0") == seen


def test_the_wheel_is_built_anew_where_what_it_is_made_of_has_changed(tmp_path: Path) -> None:
    """And not for what Python writes beside it."""
    for part in as_installed.PARTS:
        path = tmp_path / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as it was")
    before = as_installed.key(tmp_path)
    (tmp_path / "reports").unlink()
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "page.html").write_text("new")
    after = as_installed.key(tmp_path)
    (tmp_path / "reports" / "page.pyc").write_text("cached")
    assert before != after == as_installed.key(tmp_path)
