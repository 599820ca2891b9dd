"""`edge-app engines`: one thin file per verb."""

from __future__ import annotations

import typer

from edge_app.cli.engines import explain, listing, prune

EXAMPLE = "Example: edge-app engines explain traffic"


def sub_program() -> typer.Typer:
    """The verbs below `engines`."""
    app = typer.Typer(rich_markup_mode=None)
    for name, verb in {"list": listing, "explain": explain, "prune": prune}.items():
        app.command(name, help=verb.main.__doc__, epilog=verb.EXAMPLE)(verb.main)
    return app
