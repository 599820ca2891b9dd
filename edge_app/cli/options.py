"""Options that several verbs have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

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
