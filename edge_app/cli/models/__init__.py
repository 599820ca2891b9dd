"""`edge-app models`: one thin file per verb."""

from __future__ import annotations

import typer

from edge_app.cli.models import inspect, listing, pull

EXAMPLE = "Example: edge-app models pull yolox_nano"


def sub_program() -> typer.Typer:
    """The verbs below `models`."""
    app = typer.Typer(rich_markup_mode=None)
    for name, verb in {"list": listing, "pull": pull, "inspect": inspect}.items():
        app.command(name, help=verb.main.__doc__, epilog=verb.EXAMPLE)(verb.main)
    return app
