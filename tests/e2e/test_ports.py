"""More connections than one address has ports, in a network of the test's own whose addresses have twenty."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from installed import COMMAND, LIMIT, environment

CROWD = """\
wsrun: 1
target: { url: "demo:/echo" }
messages: { ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } } }
profiles: { pinger: { start: [ { send: ping } ] } }
phases: [ { duration: 2s, clients: 60 } ]
criteria: [ connect.established == 60, errors == 0 ]
"""

NARROW = 'ip link set lo up && sysctl -qw net.ipv4.ip_local_port_range="40000 40019" && exec "$@"'
OWN_NETWORK = ["unshare", "--net", "sh", "-c", NARROW, "sh"]


def can_have_a_network() -> bool:
    """Whether this user may make a network namespace here."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_clients_come_from_several_addresses_where_one_has_too_few_ports(
    tmp_path: Path, transport: str
) -> None:
    """Sixty connections to one port; without a second address the twenty-first could not be made."""
    if not can_have_a_network():
        pytest.skip("no network namespaces here")
    file = tmp_path / "crowd.yaml"
    # The reference transport is the one that can compress.
    deflate = ", compression: deflate }" if transport == "reference" else " }"
    file.write_text(CROWD.replace(" }", deflate, 1))
    command = [*OWN_NETWORK, *COMMAND, str(file), "--out", str(tmp_path / "out")]
    ended = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(next((tmp_path / "out").rglob("result.json")).read_text())
    assert result["counts"]["connections"]["established"] == 60
