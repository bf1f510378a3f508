"""Tsung: a session sends and waits for the next frame in a loop."""

from __future__ import annotations

import shutil
import subprocess

from benchmarks.peers.clients.peer import LIFE, Job, Peer, padding

SCRIPT = """<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="error" version="1.0">
  <clients><client host="localhost" use_controller_vm="true" maxusers="15000"/></clients>
  <servers><server host="127.0.0.1" port="{port}" type="{kind}"/></servers>
  <load>
    <arrivalphase phase="1" duration="{life}" unit="second">
      <users maxnumber="{connections}" arrivalrate="{rate}" unit="second"/>
    </arrivalphase>
  </load>
  <sessions>
    <session name="ping" probability="100" type="ts_websocket">
      <request><websocket type="connect" path="{path}"/></request>
      <for var="n" from="1" to="1000000000" incr="1">
        {step}
      </for>
    </session>
  </sessions>
</tsung>
"""
STEP = """<request subst="true">
          <match do="abort" when="nomatch" subst="true">"id":"0000000000000%%_n%%"</match>
          <websocket type="message" frame="text">{message}</websocket>
        </request>"""
MESSAGE = '{{"type":"ping","id":"0000000000000%%_n%%","text":"{padding}"}}'


def version() -> str | None:
    """Ask the command."""
    if shutil.which("tsung") is None:
        return None
    done = subprocess.run(["tsung", "-v"], capture_output=True, text=True, check=False)
    return read_version(done.stdout + done.stderr)


def read_version(said: str) -> str | None:
    """Return the last word of ``Tsung version 1.7.0``."""
    words = said.split()
    return words[-1] if words[:2] == ["Tsung", "version"] and len(words) > 2 else None


def scenario(job: Job) -> str:
    """Return the XML of a job."""
    row = job.row
    return SCRIPT.format(
        port=job.port,
        kind="ssl" if row.is_tls else "tcp",
        life=LIFE,
        connections=row.connections,
        rate=max(1, min(row.connections, 500)),
        path=row.path,
        step=STEP.format(message=MESSAGE.format(padding=padding(row.size, "0" * 20))),
    )


def command(job: Job) -> list[str]:
    """Everything in one virtual machine."""
    words = ["tsung", "-f", job.written("tsung.xml", scenario(job)), "-l", str(job.folder / "log")]
    return [*words, "start"]


PEER = Peer(
    name="Tsung",
    does="A message from a template; the next frame that comes is the reply, and is searched for the id as"
    " text. It records the mean and the deviation of the latency, no percentiles.",
    version=version,
    command=command,
    skips={
        "roundtrip-10000": "not tried at this number",
        "pushes": "a session only reads when it has sent",
    },
)
