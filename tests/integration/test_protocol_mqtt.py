"""MQTT over WebSocket, against mosquitto where it is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import options_in, validate_result

from wsrun.check import load_scenario
from wsrun.compiler import compile_plan
from wsrun.coordinator.run import run

SCENARIO = Path(__file__).parents[2] / "scenarios" / "protocols" / "mqtt.yaml"
BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def free_port() -> int:
    """Return a port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens at a port."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A broker; its URL. This version starts nothing without a listener for plain MQTT beside it."""
    plain, port = free_port(), free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"allow_anonymous true\nlistener {plain} 127.0.0.1\nlistener {port} 127.0.0.1\nprotocol websockets\n"
    )
    assert BROKER is not None
    with subprocess.Popen([BROKER, "-c", config], stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 5.0
        while not answers(port) and time.monotonic() < until:
            time.sleep(0.05)
        yield f"ws://127.0.0.1:{port}/mqtt"
        process.terminate()


@pytest.mark.skipif(BROKER is None, reason="mosquitto is not installed")
@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_a_scenario_alone_speaks_mqtt(broker: str, transport: str) -> None:
    """Connected, subscribed, published with QoS 1 and acknowledged; nothing is left over."""
    overrides = [("phases.0.duration", "500ms"), ("phases.1.duration", "1500ms")]
    plan = compile_plan(load_scenario(SCENARIO, {"URL": broker}, overrides), seed=1)
    with tempfile.TemporaryDirectory() as folder:
        options = options_in(Path(folder), transport=transport)
        result = run(plan, options, lambda progress: None)
    validate_result(result)
    assert [error["cause"] for error in result["errors"]] == []
    messages = {one["name"]: one for one in result["messages"]}
    assert messages["connect"]["answered"] == messages["subscribe"]["answered"] == 20
    assert messages["publish"]["answered"] == messages["publish"]["sent"] > 10
    assert result["counts"]["messages"]["unmatched"] == 0
    # What a room publishes comes to all of it, so that more is received than was asked for.
    assert result["message_metrics"]["messages_received"] > result["counts"]["messages"]["answered"]
