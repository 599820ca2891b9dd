"""The configuration that the command line names, and what must not be written over."""

from __future__ import annotations

import logging
import os
from collections import ChainMap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from edge_app.app import config
from edge_app.cli import logs
from edge_app.config import variables_in
from edge_app.core.errors import UsageError

logger = logging.getLogger(__name__)

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def load_config(path: Path, environ: Mapping[str, str] = os.environ, content: bytes | None = None) -> config.AppConfig:
    """The file's configuration; the log knows its secrets.

    Args:
        path: The file.
        environ: Fills its variables; those that it lacks come from the `.env` file beside it, where that can be read.
        content: What it might say; None: what it says, of which the log tells what is unwise.

    Raises what `config.load_config` raises.
    """
    loaded = config.load_config(path, ChainMap(dict(environ), beside(path)), content)
    logs.keep(loaded.secrets)
    if content is None:
        for caution in loaded.cautions(path):
            logger.warning("%s: %s", path, caution)
    return loaded


def beside(path: Path) -> dict[str, str]:
    """The variables of the file in which `init` and the page keep logins; none where it is not there, or another's."""
    try:
        return variables_in(path.with_suffix(".env").read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return {}


def refuse_to_replace(written: Iterable[Path], path: Path, app_config: config.AppConfig) -> None:
    """Raises UsageError if a file to be written is the configuration at `path`, or something that a camera reads.

    A new file in a folder that a camera reads would be one of its pictures the next time, boxes and all.
    """
    cameras = {f"camera {name} reads this": camera.path for name, camera in app_config.cameras.items() if camera.path}
    for target in written:
        for why, read in {"this is the configuration": path, **cameras}.items():
            if read.is_dir() and target.resolve().parent == read.resolve():
                raise UsageError(f"{target}: {why} folder")
            if read.is_file() and target.exists() and target.samefile(read):
                raise UsageError(f"{target}: {why}{' file' if read != path else ''}")
