"""What the verbs share: the configuration from the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from edge_app import config

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def load_config(path: Path) -> config.AppConfig:
    """The file's configuration, with variables from the environment; see `config.load` for what it raises."""
    return config.load(path, os.environ)
