"""``wsrun demo``: the embedded server, alone and in the foreground."""

from __future__ import annotations

import click

EPILOG = """\b
Examples:
  wsrun demo                                 then: wsrun x.yaml --target ws://127.0.0.1:8765/echo
  wsrun demo --latency lognormal:20ms:80ms   with replies of /rpc delayed

A scenario whose target.url begins with demo: starts such a server by itself.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any free one"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--latency", metavar="SPEC", help="Delay of replies of /rpc, as constant:20ms.")
@click.option("--max-connections", type=click.IntRange(min=1), metavar="N", help="Refuse more than these.")
@click.option("--max-per-user", type=click.IntRange(min=1), metavar="N", help="The same for a user of /auth.")
def demo(
    port: int, host: str, latency: str | None, max_connections: int | None, max_per_user: int | None
) -> int:
    """Run the embedded server until Ctrl+C."""
    from wsrun.demo.__main__ import main

    words = ["--port", str(port), "--host", host]
    for option, value in (
        ("--latency", latency),
        ("--max-connections", max_connections),
        ("--max-per-user", max_per_user),
    ):
        if value is not None:
            words += [option, str(value)]
    return 2 if main(words) else 0
