"""``wsrun schema``: the JSON Schemas, for editors and for those who write tools."""

from __future__ import annotations

import sys

import click

EPILOG = """\b
Example, for an editor with a YAML language server:
  wsrun schema > scenario.schema.json
  # then, as the first line of a scenario:
  # yaml-language-server: $schema=scenario.schema.json
"""


@click.command(epilog=EPILOG)
@click.argument("name", type=click.Choice(["scenario", "result"]), default="scenario")
def schema(name: str) -> int:
    """Print the JSON Schema of scenarios, or of result.json."""
    from wsrun import resources

    sys.stdout.write(resources.schema(name).rstrip("\n") + "\n")
    return 0
