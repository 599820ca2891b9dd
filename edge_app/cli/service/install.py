"""`edge-app service install`: a configuration becomes a service that starts with the system."""

from __future__ import annotations

from typing import Annotated

import typer

from edge_app.cli.output import write_lines
from edge_app.cli.service.options import DryRun, ServiceConfig, carry_out_or_print
from edge_app.cli.service.status import lines_of
from edge_app.core.errors import InputError
from edge_app.systemd import install, state_of, unit_of, want_program, want_systemd_and_root

EXAMPLE = "Example: edge-app service install config.yaml --dry-run"


def main(
    path: ServiceConfig,
    force: Annotated[bool, typer.Option("--force", help="Replace another configuration of that name.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Make a user, folders, passwords' places and the unit, check the configuration as the service would, and start it.

    The configuration is copied into /etc/edge-app, with the .env file beside it. What is there and right is left alone,
    so it may be run again. Exit codes: 64 another configuration is in its place, 66 no configuration or no program in
    /opt/edge-app/venv, 69 no systemd, 77 not root; otherwise that of the check or of the service.
    """
    unit = unit_of(path)
    if not dry_run:
        want_systemd_and_root()
        want_program()
    elif missing := what_is_first():
        write_lines([f"# first: {missing}"])
    carry_out_or_print(install(unit, path, force=force), dry_run=dry_run)
    if not dry_run:
        write_lines(lines_of(unit, state_of(unit)))


def what_is_first() -> str:
    """What the commands of a dry run take for granted, and is not there; empty if all is."""
    try:
        want_program()
    except InputError as error:
        return str(error)
    return ""
