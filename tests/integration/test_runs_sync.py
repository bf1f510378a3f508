"""``sync`` over real sockets and real workers: everybody speaks when everybody is there."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
from running import run_scenario
from websockets.sync.server import ServerConnection, serve

REPLY = "{ match: { text: { prefix: ok } } }"
TEXT = (
    f"messages: {{ say: {{ text: '{{{{ client.index }}}} {{{{ seq }}}}', reply: {REPLY} }} }}\n"
    "profiles: { p: { flow: [ { if: '{{ client.index == 0 }}', then: [ { think: 300ms } ] },"
    " { sync: here, timeout: 5s }, { send: say } ] } }\n"
    "phases: [ { duration: 2500ms, clients: 6 } ]\n"
    "criteria: [ connect.success == 100% ]\n"
)

Heard = dict[int, list[tuple[float, int]]]


@pytest.fixture
def heard() -> Iterator[tuple[str, Heard]]:
    """The address of a server, and what it heard in each round: when, and of whom."""
    rounds: Heard = defaultdict(list)

    def answer(connection: ServerConnection) -> None:
        for message in connection:
            who, number = str(message).split()
            rounds[int(number)].append((time.monotonic(), int(who)))
            connection.send("ok")

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/", rounds
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_nobody_speaks_before_everybody_is_there(heard: tuple[str, Heard], workers: int) -> None:
    """In every round all have spoken before anybody speaks in the next, whichever worker they are in."""
    url, rounds = heard
    result = run_scenario(TEXT, url, workers=workers)

    assert result["counts"]["connections"]["established"] == 6
    assert not [error for error in result["errors"] if error["cause"] == "sync-timeout"]
    whole = [number for number, spoken in sorted(rounds.items()) if len(spoken) == 6]
    assert len(whole) >= 3
    for number in whole:
        assert sorted(who for _, who in rounds[number]) == [0, 1, 2, 3, 4, 5]
        later = [at for at, _ in rounds.get(number + 1, [])]
        assert not later or max(at for at, _ in rounds[number]) <= min(later)


def test_a_worker_that_never_comes_fails_the_step_and_not_the_run(heard: tuple[str, Heard]) -> None:
    """Whoever waits for a client that does something else gives up, and says why."""
    url, _ = heard
    slow = TEXT.replace("think: 300ms", "think: 60s").replace("timeout: 5s", "timeout: 400ms")
    result = run_scenario(slow, url, workers=2)
    causes = {error["cause"]: error["count"] for error in result["errors"]}

    assert result["state"] == "completed"
    assert causes["sync-timeout"] >= 5
