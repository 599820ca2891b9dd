"""`edge-app service uninstall`: the service is stopped and taken out of the system."""

from __future__ import annotations

from typing import Annotated

import typer

from edge_app.cli.output import write_lines
from edge_app.cli.service.options import DryRun, ServiceConfig, carry_out_or_print
from edge_app.systemd import kept, uninstall, unit_of, want_systemd_and_root

EXAMPLE = "Example: edge-app service uninstall /etc/edge-app/config.yaml"


def main(
    path: ServiceConfig,
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Delete its configuration, passwords, state and engine files, and the user, too."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Stop the service and remove its unit; configuration, state and program stay.

    What several services share goes with the last. Exit codes: 69 no systemd, 77 not root.
    """
    unit = unit_of(path)
    if not dry_run:
        want_systemd_and_root()
    carry_out_or_print(uninstall(unit, purge=purge), dry_run=dry_run)
    if not dry_run and (left := kept(unit)):
        write_lines([f"kept: {', '.join(map(str, left))}{'' if purge else '; --purge removes them'}"])
