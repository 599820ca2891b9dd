"""The system's programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from edge_app.core.errors import DeviceError, on_one_line


def run(command: Sequence[str], content: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, with that as its standard input; raises DeviceError if there is no such program."""
    try:
        return subprocess.run(  # noqa: S603, the commands are ours
            command, input=content, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise DeviceError(f"{command[0]}: {error.strerror or on_one_line(error)}") from error
