"""`edge-app events`: what has happened, and the pictures and clips that are kept of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime, tzinfo
from itertools import islice
from typing import Annotated, Any

import typer

from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.options import AsJson, moment
from edge_app.cli.output import write_lines
from edge_app.evidence import EVIDENCE, EvidenceReader
from edge_app.evidence.names import KEYS

EXAMPLE = "Example: edge-app events configs/one-camera.yaml --since 2026-11-25 --type dwell --json"


def main(
    path: ConfigArgument,
    since: Annotated[str | None, typer.Option(help="From then on: 2026-11-25 or 2026-11-25T08:00.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Those to which it has happened.")] = None,
    camera: Annotated[str | None, typer.Option(help="That camera's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List what has happened in front of the cameras of a configuration, newest first, with its pictures and clips."""
    config = load_config(path)
    began = None if since is None else moment(since, "--since", config.time_zone).timestamp()
    reader = EvidenceReader(config.state_dir / EVIDENCE)
    found = reader.all_events(camera=camera, event_type=event_type, since=began)
    events = list(islice(found, limit))
    if as_json:
        sys.stdout.write(json.dumps({"events": events}, indent=2) + "\n")
    else:
        write_lines(_for_people(events, config.time_zone))


def _for_people(events: list[dict[str, Any]], zone: tzinfo | None) -> Iterable[str]:
    for event in events:
        when = f"{datetime.fromtimestamp(event['capture_time'], zone):%Y-%m-%d %H:%M:%S}"
        what = [event[key] for key in ("camera", "type", "label", "zone", "line", "direction", "state") if key in event]
        yield "  ".join([when, *what, *(event[key] for key in KEYS.values() if key in event)])
    if not events:
        yield "nothing is kept"
