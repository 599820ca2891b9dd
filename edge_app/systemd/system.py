"""What installing a service takes of a system."""

from __future__ import annotations

import os
from pathlib import Path

from edge_app.core.errors import AccessError, DeviceError, InputError
from edge_app.systemd.unit import PROGRAM

BOOTED = Path("/run/systemd/system")  # there if systemd is PID 1: sd_booted(3)


def want_systemd_and_root() -> None:
    """Raises DeviceError if systemd does not run the system, AccessError for anybody but root."""
    if not BOOTED.is_dir():
        raise DeviceError("systemd does not run this system; without one, start `edge-app run CONFIG` itself")
    if os.geteuid():
        raise AccessError("a service is installed and removed by root; --dry-run shows the steps to anybody")


def want_program(program: Path = PROGRAM) -> None:
    """Raises InputError if the program is not where the unit starts it."""
    if not program.is_file():
        venv = program.parents[1]
        make = f"/usr/bin/python3 -m venv {venv} && {venv}/bin/pip install ."
        raise InputError(f"{program}: the service starts the program there, and it is not: {make}")
