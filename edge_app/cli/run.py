"""`edge-app run`: the service."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from edge_app.app import App
from edge_app.cli.loading import ConfigPath, load_config
from edge_app.cli.logs import set_up
from edge_app.cli.table import LiveTable

EXAMPLE = "Example: edge-app run /etc/edge-app/config.yaml"


def main(
    path: ConfigPath,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Analyse the cameras until SIGTERM or SIGINT, or until every source is a file and all are read."""
    settings = load_config(path)
    set_up(log_level)
    with App(settings) as app:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: app.stop.set())
        if LiveTable.fits(settings):
            with LiveTable(app) as table:
                app.run(table.refresh)
        else:
            app.run()
    sys.stdout.flush()
