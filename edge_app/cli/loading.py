"""What the verbs share: the configuration from the command line, and what must not be written over."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from edge_app.app import config
from edge_app.capture.sources.folder import SUFFIXES
from edge_app.core.errors import UsageError

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def load_config(path: Path) -> config.AppConfig:
    """The file's configuration, with variables from the environment; see `config.load_config` for what it raises."""
    return config.load_config(path, os.environ)


def refuse_to_replace(written: Iterable[Path], path: Path, app_config: config.AppConfig) -> None:
    """Raises UsageError where a file that shall be written is the configuration at `path`, or what a camera reads.

    A new picture in a folder that a camera reads counts as well: the next attempt would read it.
    """
    reads = {path: "this is the configuration"}
    for name, camera in app_config.cameras.items():
        if camera.path:
            reads[camera.path] = f"camera {name} reads this {'folder' if camera.path.is_dir() else 'file'}"
    for target, (read, why) in product(written, reads.items()):
        if read.is_dir():
            same = target.suffix.lower() in SUFFIXES and target.resolve().parent == read.resolve()
        else:
            same = target.exists() and read.exists() and target.samefile(read)
        if same:
            raise UsageError(f"{target}: {why}")
