"""`edge-app reload`: the running program takes what has changed in its configuration."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from edge_app.app.control import ask
from edge_app.app.plan import Change
from edge_app.cli.loading import ConfigArgument
from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines

EXAMPLE = "Example: edge-app reload /etc/edge-app/config.yaml --dry-run"


def main(
    path: ConfigArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have the program that runs a configuration take what has changed in it, or nothing if a part cannot change."""
    report = ask(path, "reload", dry_run=dry_run)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        write_lines(str(Change.of(document)) for document in report["changes"])
