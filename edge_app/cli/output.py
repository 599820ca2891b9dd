"""The standard output, for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from edge_app.core.terminal import escaped


def write_lines(lines: Iterable[str]) -> None:
    """Writes each as one line, whatever stands in names that others gave: labels, metadata, files."""
    sys.stdout.writelines(f"{escaped(line)}\n" for line in lines)
