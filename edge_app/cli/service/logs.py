"""`edge-app service logs`: what the service has logged."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated

import typer

from edge_app.cli.output import write_lines
from edge_app.cli.service.options import DryRun, ServiceConfig
from edge_app.core.errors import DeviceError
from edge_app.systemd import unit_of

EXAMPLE = "Example: edge-app service logs /etc/edge-app/config.yaml -f"


def main(
    path: ServiceConfig,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 100,
    dry_run: DryRun = False,
) -> None:
    """Show the service's log: `journalctl` takes over, with its keys and exit codes.

    Root and the groups adm and systemd-journal may read it.
    """
    command = ["journalctl", f"--unit={unit_of(path).name}", f"--lines={lines}", *(["--follow"] if follow else [])]
    if dry_run:
        write_lines([shlex.join(command)])
        return
    sys.stdout.flush()
    try:
        os.execvp(command[0], command)  # noqa: S606, as meant
    except OSError as error:
        raise DeviceError(f"{command[0]}: {error.strerror}") from error
