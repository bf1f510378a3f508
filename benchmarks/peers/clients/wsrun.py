"""wsrun: one worker process, or two, beside their coordinator; all on the client's core, and all counted."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from functools import partial
from importlib import metadata

from benchmarks import as_installed
from benchmarks.as_installed import TOP, NotInstalled
from benchmarks.peers.clients.peer import LIFE, TOO_MANY, Job, Peer, padding

Variables = Callable[[], dict[str, str]]

ROUND_TRIPS = """
messages:
  ping:
    json: {{ type: ping, id: "{{{{ id }}}}", text: "{padding}" }}
    reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }}
profiles:
  pinger: {{ start: [ {{ sync: everybody, timeout: 60s }} ], mix: {{ ping: 1 }}, think: 0s }}
"""
PUSHES = """
profiles: { listener: {} }
clients: { listeners: { react: [ { where: { $.type: push } } ] } }
"""


def scenario(job: Job) -> str:
    """Return the scenario of a job."""
    row = job.row
    tls = f', tls: {{ ca: "{job.certificate}" }}' if row.is_tls else ""
    body = PUSHES if row.is_push else ROUND_TRIPS.format(padding=padding(row.size, "0" * 20))
    phase = f"phases: [ {{ duration: {LIFE}s, clients: {row.connections} }} ]"
    return f'wsrun: 1\ntarget: {{ url: "{job.url}"{tls} }}\n{body.lstrip()}{phase}\n'


def command(transport: str, workers: int, job: Job) -> list[str]:
    """The command as users type it."""
    words = [sys.executable, "-m", "wsrun", "run", job.written("peers.yaml", scenario(job)), "--quiet"]
    return [*words, "--workers", str(workers), "--transport", transport, "--out", str(job.folder / "results")]


def _version(library: str, variables: Variables) -> Callable[[], str | None]:
    with (TOP / "pyproject.toml").open("rb") as file:
        own = tomllib.load(file)["project"]["version"]

    def version() -> str | None:
        try:
            variables()
        except NotInstalled as why:
            print(f"wsrun: {why}")
            return None
        return f"{own} on {library} {metadata.version(library)}"

    return version


def _wheel() -> dict[str, str]:
    return {"PYTHONPATH": str(as_installed.folder())}


def _sources() -> dict[str, str]:
    return {"PYTHONPATH": str(TOP / "runner")}


def _peer(
    name: str,
    transport: str,
    library: str,
    does: str,
    skips: dict[str, str],
    variables: Variables = _wheel,
    workers: int = 1,
) -> Peer:
    return Peer(
        name=f"wsrun, {name}",
        does=does,
        version=_version(library, variables),
        command=partial(command, transport, workers),
        variables=variables,
        skips=skips,
    )


PEERS = (
    _peer(
        "fast",
        "fast",
        "picows",
        "A message from a template with an id that is unique in the run; strict frame checks; the reply"
        " parsed and matched by its id, with a timeout; two latencies in exact histograms, bytes and"
        " messages counted by message, profile and phase. A push is parsed and matched to a rule. The"
        " coordinator's journal and live figures are in the figure. As it is installed: its wheel, compiled.",
        {},
    ),
    _peer(
        "not compiled",
        "fast",
        "picows",
        "The same in plain Python, as it runs where there was no C compiler.",
        dict.fromkeys(("roundtrip-1", "roundtrip-2000", "roundtrip-10000", "payloads", "wss"), ""),
        _sources,
    ),
    _peer(
        "two workers",
        "fast",
        "picows",
        "The same from two worker processes, which share the client's core here. How much more two make on"
        " a core each is measured [below](#two-workers).",
        dict.fromkeys(("roundtrip-1", "payloads", "pushes", "wss"), ""),
        workers=2,
    ),
    _peer(
        "reference",
        "reference",
        "websockets",
        "The same over `websockets`, the second witness (`--transport reference`).",
        {"roundtrip-10000": "not tried at this number", "pushes-dense": TOO_MANY},
    ),
)
