"""What the verbs share: the configuration from the command line, and what must not be written over."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from edge_app.app import config
from edge_app.core.errors import UsageError

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def load_config(path: Path) -> config.AppConfig:
    """The file's configuration, with variables from the environment; see `config.load_config` for what it raises."""
    return config.load_config(path, os.environ)


def refuse_to_replace(written: Iterable[Path], path: Path, app_config: config.AppConfig) -> None:
    """Raises UsageError where a file that shall be written is the configuration at `path`, or what a camera reads."""
    cameras = {f"camera {name} reads this file": Path(camera.url) for name, camera in app_config.cameras.items()}
    for target in filter(Path.exists, written):
        for why, read in {"this is the configuration": path, **cameras}.items():
            file = target.resolve().parent if read.is_dir() else target
            if read.exists() and file.samefile(read):
                raise UsageError(f"{target}: {why}")
