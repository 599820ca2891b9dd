"""What the verbs of `edge-app service` have in common."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from edge_app.cli.output import write_lines
from edge_app.systemd import Step, as_shell, carry_out

ServiceConfig = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="config.yaml is the configuration of edge-app.service, yard.yaml that of edge-app@yard.service.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the commands, and change nothing; anybody may.")]


def carry_out_or_print(steps: Sequence[Step], *, dry_run: bool) -> None:
    """Carries the steps out and says each; or prints them as commands for a shell."""
    if dry_run:
        write_lines(as_shell(steps))
        return
    try:
        for step, needed in carry_out(steps):
            write_lines([f"{'done' if needed else 'unchanged'}: {step.what}"])
            sys.stdout.flush()
    finally:
        sys.stdout.flush()  # before the line of an error
