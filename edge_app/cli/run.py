"""`edge-app run`: the service."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from edge_app.app import App
from edge_app.cli.loading import ConfigPath, load_config
from edge_app.cli.logs import Level, set_up
from edge_app.cli.table import LiveTable

EXAMPLE = "Example: edge-app run /etc/edge-app/config.yaml"


def main(
    path: ConfigPath,
    log_level: Annotated[Level, typer.Option(help="How much to log.")] = Level.INFO,
) -> None:
    """Analyse the cameras until SIGTERM or SIGINT, or until every source is a file and all are read."""
    settings = load_config(path)
    set_up(log_level.value)
    app = App(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.stop.set())
    with app:
        if app.stop.is_set():  # told to stop while the model was loaded
            return
        if LiveTable.fits(settings):
            with LiveTable(app) as table:
                app.run(table.refresh)
        else:
            app.run()
    sys.stdout.flush()
