"""What the verbs share: the configuration from the command line, checked without opening anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from edge_app import config
from edge_app.capture import open_source
from edge_app.errors import ConfigError

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def load_config(path: Path) -> config.AppConfig:
    """The file's configuration, with variables from the environment.

    Raises:
        ConfigError: It holds a mistake, a URL that names no kind of source, or no camera that is enabled.
        InputError: There is no such file.
    """
    settings = config.load(path, os.environ)
    for name, camera in settings.cameras.items():
        try:
            open_source(camera, settings.base)
        except ConfigError as error:
            raise ConfigError(f"{path}: cameras.{name}.url: {error}") from None
    if not any(camera.enabled for camera in settings.cameras.values()):
        raise ConfigError(f"{path}: cameras: none of them is enabled")
    return settings
