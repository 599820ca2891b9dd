"""`edge-app models pull`: a model of the catalogue, into the state folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from edge_app.cli.options import AsJson, StateDir, state_folder
from edge_app.model import CatalogueEntry, catalogued, pull
from edge_app.model.download import DownloadProgress

EXAMPLE = "Example: edge-app models pull yolox_nano"


def main(
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `edge-app models list`.", show_default=False)],
    mirror: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="A folder that holds the file, instead of its own source."),
    ] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a model over HTTPS, check its SHA-256 and give it a card; an attempt that broke off is continued.

    HTTPS_PROXY and NO_PROXY count. Exit codes: 64 the URL may not be used, 65 another file than the pinned one,
    66 no such model or no such file there, 69 refused or a bad certificate, 75 no connection, too slow or broken off
    (try again), 77 the disk is full or may not be written.
    """
    fetch(catalogued(name), state_folder(state_dir) / "models", mirror, as_json=as_json)


def fetch(entry: CatalogueEntry, models: Path, mirror: str | None, *, as_json: bool = False) -> None:
    """Pulls the model and says where it is."""
    with _shown(entry) as position:
        fetched = pull(entry, models, mirror=mirror, progress=position, waiting=once(lambda: _wait(entry.name)))
    name, folder = entry.name, models / entry.name
    if as_json:
        sys.stdout.write(json.dumps({"name": name, "folder": str(folder), "fetched": fetched}) + "\n")
    else:
        sys.stdout.write(f"{name}: {'' if fetched else 'already '}in {folder}; use it as `model: {{name: {name}}}`\n")


@contextmanager
def _shown(entry: CatalogueEntry) -> Iterator[DownloadProgress]:
    """A bar on stderr, if that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(entry.name, total=entry.bytes)
        yield lambda position: bar.update(task, completed=position)


def _wait(name: str) -> None:
    sys.stderr.write(f"{name}: another process is fetching it; waiting for that\n")
