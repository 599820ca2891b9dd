"""`edge-app service status`: how the service is."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

from edge_app.cli.output import write_lines
from edge_app.cli.service.options import DryRun, ServiceConfig
from edge_app.systemd import ServiceState, ServiceUnit, show_command, state_of, unit_of

EXAMPLE = "Example: edge-app service status /etc/edge-app/config.yaml"


def main(path: ServiceConfig, dry_run: DryRun = False) -> None:
    """Say whether the service is up, and how its cameras and sinks are.

    Exit codes: 0 it is up, 66 not installed, 69 not running, 75 about to start or to stop.
    """
    unit = unit_of(path)
    if dry_run:
        write_lines([shlex.join(show_command(unit))])
        return
    state = state_of(unit)
    if state.installed:
        write_lines(lines_of(unit, state))
        sys.stdout.flush()
    state.check(unit)


def lines_of(unit: ServiceUnit, state: ServiceState) -> Iterator[str]:
    """The state in a few lines."""
    yield f"{unit.name}: {state.active} ({state.sub}) since {state.since or 'the start of the system'}, {state.enabled}"
    if state.status:
        yield f"  {state.status}"
    if state.pid != "0":
        yield f"  process {state.pid}, started again {state.restarts} times; {unit.config}"
    if state.outdated == "yes":
        yield "  its files have changed since: systemctl daemon-reload"
