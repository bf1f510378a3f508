"""Circuit breakers over real sockets: a slow server is spared, and the result says for how long."""

from __future__ import annotations

from running import run_scenario, validate_result

from wsrun.demo.process import DemoServer

TEXT = """
interval: 200ms
messages:
  ask: { json: { id: "{{ id }}", delay: 400ms }, reply: { match: { $.id: "{{ id }}" }, timeout: 50ms } }
profiles: { user: { mix: { ask: 1 }, think: 50ms } }
clients: { careful: { breaker: { failures: 3, within: 5s, cool_down: 1s } } }
phases: [ { duration: 2500ms, clients: 5 } ]
criteria: [ breaker.open.max == 5, "breaker.open(group=careful).last >= 0" ]
"""


def test_a_server_that_answers_too_late_is_left_alone_for_a_while() -> None:
    """Three timeouts each, then one trial a second: all five breakers are open at once."""
    with DemoServer() as server:
        result = run_scenario(TEXT, server.url("/rpc"))

    validate_result(result)
    told = result["resilience"]["breakers"]
    assert told["most_open"] == 5
    assert 1 <= told["seconds_open"] <= 3
    assert result["counts"]["messages"]["sent"] <= 5 * (3 + 2)
    assert [row["status"] for row in result["criteria"]] == ["met", "met"]
