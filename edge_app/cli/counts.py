"""`edge-app counts`: what lines and zones have counted."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from datetime import datetime, tzinfo
from enum import Enum
from typing import Annotated, Any

import typer

from edge_app.analytics.count_table import count_rows
from edge_app.analytics.counts import COUNTS_FILE
from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.options import moment
from edge_app.cli.output import write_lines
from edge_app.core.errors import UsageError

EXAMPLE = "Example: edge-app counts configs/one-camera.yaml --since 2026-11-25 --by hour --csv > counts.csv"
COUNTED = ("in", "out", "entered", "dwell_s")


class By(str, Enum):
    """What is added up."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


def main(
    path: ConfigArgument,
    since: Annotated[str | None, typer.Option(help="From then on: 2026-11-25 or 2026-11-25T08:00; else today.")] = None,
    by: Annotated[By, typer.Option(help="How long each period is.")] = By.HOUR,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what the lines and zones of a configuration have counted."""
    if as_csv and as_json:
        raise UsageError("want --csv or --json, not both")
    config = load_config(path)
    began = _moment(since, config.time_zone)
    rows = count_rows(config.state_dir / COUNTS_FILE, began.timestamp(), by.value, config.time_zone, config.cameras)
    if as_csv:
        writer = csv.DictWriter(sys.stdout, ["from", "camera", "place", "label", *COUNTED], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        write_lines(_for_people(rows))


def _moment(text: str | None, zone: tzinfo | None) -> datetime:
    """The time that the text says, by default the last midnight."""
    if text is None:
        return datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return moment(text, "--since", zone)


def _for_people(rows: list[dict[str, Any]]) -> Iterable[str]:
    for row in rows:
        counts = ", ".join(f"{row[name]:g} {name}" for name in COUNTED if name in row)
        yield f"{row['from'][:16].replace('T', ' ')}  {row['camera']}  {row['place']}  {row['label']}: {counts}"
    if not rows:
        yield "nothing was counted"
