"""``python -m wsrun.demo``: run the demo server in this process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from wsrun.demo.latency import LatencyError, parse_latency
from wsrun.demo.settings import Settings


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m wsrun.demo", description="A WebSocket server to try scenarios on."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument(
        "--announce",
        choices=("text", "json"),
        default="text",
        help="how to say on stdout that the server listens (default: %(default)s)",
    )
    parser.add_argument("--follow-stdin", action="store_true", help="end when stdin is closed")
    parser.add_argument("--jwt-secret", default="demo-secret", help="the key of /auth (default: %(default)s)")
    parser.add_argument("--max-per-user", type=int, metavar="N", help="connections a user of /auth may have")
    parser.add_argument("--max-connections", type=int, metavar="N", help="connections the server may have")
    parser.add_argument("--latency", metavar="SPEC", help="delay of /rpc, as in lognormal:20ms:80ms")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is told to end; return the exit code."""
    options = parse_arguments(arguments)
    try:
        if options.latency is not None:
            parse_latency(options.latency)
    except LatencyError as error:
        print(f"--latency: {error}", file=sys.stderr)
        return 2
    settings = Settings(
        host=options.host,
        port=options.port,
        jwt_secret=options.jwt_secret,
        max_per_user=options.max_per_user,
        max_connections=options.max_connections,
        latency=options.latency,
    )

    def announce(port: int) -> None:
        if options.announce == "json":
            print(json.dumps({"ready": True, "port": port}), flush=True)
        else:
            print(f"demo server on http://{options.host}:{port} - Ctrl+C ends it", flush=True)

    from wsrun.demo.server import run

    try:
        run(settings, announce, follow=sys.stdin.buffer if options.follow_stdin else None)
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
