"""The target and its sockets, from as written to as planned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsrun import units
from wsrun.parts import duration
from wsrun.plan import SplitPlan, TargetPlan, TlsPlan
from wsrun.servers import server_names

MAIN = "main"
"""The name of the socket that the target itself is."""


def target(spec: Mapping[str, Any], url: str | None, folder: Path, name: str = MAIN) -> TargetPlan:
    """Return a socket; ``url`` goes before what is written, ``folder`` is that of the scenario."""
    tls = spec.get("tls", {})

    def file(key: str) -> str | None:
        return str(folder / tls[key]) if key in tls else None

    first, more = url or spec["url"], tuple(spec.get("failover", ()))
    return TargetPlan(
        url=first,
        failover=more,
        servers=server_names((first, *more)) if more else (),
        name=name,
        http=spec.get("http"),
        proxy=spec.get("proxy"),
        split=SplitPlan(**spec["split"]) if "split" in spec else None,
        json_in=spec.get("json_in"),
        headers=tuple((header, str(value)) for header, value in spec.get("headers", {}).items()),
        subprotocols=tuple(spec.get("subprotocols", ())),
        compression=spec.get("compression", "none"),
        max_message=units.parse_size(spec.get("max_message", "1MiB")),
        tls=TlsPlan(
            ca=file("ca"),
            cert=file("cert"),
            key=file("key"),
            server_name=tls.get("server_name"),
            verify=tls.get("verify", True),
        ),
        connect_timeout=duration(spec.get("connect_timeout"), 10.0),
        close_timeout=duration(spec.get("close_timeout"), 5.0),
        wait_until_ready=duration(spec.get("wait_until_ready"), 0.0),
    )


def sockets(spec: Mapping[str, Any], url: str | None, folder: Path) -> tuple[TargetPlan, ...]:
    """Return the sockets beside ``main``: what they do not say is as there."""
    made = []
    for name, written in spec.get("sockets", {}).items():
        # Further URLs are those of one socket, as its URL is.
        own = {"failover": (), **(written or {})}
        made.append(target({**spec, **own}, None if "url" in own else url, folder, name))
    return tuple(made)
