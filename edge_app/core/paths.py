"""Where the program keeps what outlives it, as systemd and the XDG specification say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Where systemd wants state to be kept, else where the XDG specification does."""
    if given := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if xdg := environ.get("XDG_STATE_HOME"):
        return Path(xdg, "edge_app")
    if home := environ.get("HOME"):
        return Path(home, ".local/state/edge_app")
    return Path("/var/lib/edge_app")
