"""Options that several verbs have."""

from __future__ import annotations

import os
import re
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from edge_app.core.errors import UsageError
from edge_app.core.paths import default_state_dir

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
StateDir = Annotated[
    Path | None,
    typer.Option(
        help="The configuration's state_dir; models are in its folder `models`. Default: $STATE_DIRECTORY, else XDG's.",
        show_default=False,
    ),
]
DecoderOption = Annotated[
    str | None,
    typer.Option(metavar="FAMILY", help="Of the model, as `model.decoder` of the configuration; none: recognised."),
]


def state_folder(given: Path | None = None) -> Path:
    """The folder that was given, or where systemd or the XDG specification keeps state."""
    return given or default_state_dir(os.environ)


def moment(text: str, option: str, zone: tzinfo | None) -> datetime:
    """The time that an option says; without an offset, in that time zone.

    Raises:
        UsageError: It is no time.
    """
    try:
        said = datetime.fromisoformat(re.sub("Z$", "+00:00", text))  # Python 3.10 knows no Z
    except ValueError:
        raise UsageError(f"{option} {text}: want a day or a time, such as 2026-11-25 or 2026-11-25T08:00") from None
    return said if said.tzinfo else said.replace(tzinfo=zone)
