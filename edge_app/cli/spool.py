"""`edge-app spool`: what sinks have not taken yet."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.output import write_lines
from edge_app.core.errors import AccessError, InputError, UsageError
from edge_app.publish import SPOOLS
from edge_app.publish.spool import spool_file
from edge_app.publish.spool.summary import SpoolSummary, drop, spool_files, summary

EXAMPLE = "Example: edge-app spool configs/one-camera.yaml drop mqtt"


class Action(str, Enum):
    """What to do."""

    LIST = "list"
    DROP = "drop"


def main(
    path: ConfigArgument,
    action: Annotated[
        Action, typer.Argument(help="`list` what waits, or `drop` all that waits for SINK.")
    ] = Action.LIST,
    sink: Annotated[str | None, typer.Argument(metavar="SINK", help="Name of the sink.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show or drop what waits on the disk for the sinks of a configuration."""
    if (action is Action.DROP) != (sink is not None):
        raise UsageError("want `spool CONFIG list`, or `spool CONFIG drop SINK`")
    folder = load_config(path).state_dir / SPOOLS
    if sink is not None:
        file = spool_file(folder, sink)
        if not file.is_file():
            raise InputError(f"{file}: no spool of that name")
        dropped = drop(file)
        sys.stdout.write(json.dumps({"sink": sink, "dropped": dropped}) + "\n" if as_json else f"{dropped} dropped\n")
        return
    _list(spool_files(folder), as_json)


def _list(files: Iterable[Path], as_json: bool) -> None:
    """Shows every spool; one that is damaged hides no other, and is an error in the end."""
    found, failed = list[SpoolSummary](), list[str]()
    for file in files:
        try:
            found.append(summary(file))
        except AccessError as error:
            failed.append(str(error))
    if as_json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    elif found or not failed:
        write_lines(_for_people(found))
    if failed:
        sys.stdout.flush()
        raise AccessError("; ".join(failed))


def _for_people(found: list[SpoolSummary]) -> Iterable[str]:
    for each in found:
        since = (
            f", the oldest of {datetime.fromtimestamp(each.oldest):%Y-%m-%d %H:%M}" if each.oldest is not None else ""
        )
        waits = f"{each.events} events and {each.others} other messages wait{since}"
        yield f"{each.sink}: {waits}; {each.refused} refused; {each.bytes / 1e6:.1f} MB"
    if not found:
        yield "no sink has a spool"
