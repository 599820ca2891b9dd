"""`edge-app fleet status`: which boxes there are, and which camera each of them reads."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines
from edge_app.core.errors import UsageError
from edge_app.fleet import Etcd, FleetConfig, read_site

EXAMPLE = "Example: edge-app fleet status /etc/edge-app/config.yaml --json"


def main(path: ConfigArgument, as_json: AsJson = False) -> None:
    """Show which boxes share the cameras of a configuration, and who reads which."""
    config = load_config(path)
    if config.fleet is None:
        raise UsageError(f"{path}: has no `fleet`")
    document = _document(config.fleet, list(config.cameras))
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        write_lines(_lines(document))


def _document(fleet: FleetConfig, cameras: list[str]) -> dict[str, Any]:
    etcd = Etcd(fleet)
    try:
        site = read_site(etcd, fleet.site)
    finally:
        etcd.close()
    read = {
        name: {"box": entry.value.get("box"), "epoch": entry.create_revision} for name, entry in site.cameras.items()
    }
    return {
        "site": fleet.site,
        "boxes": {
            box: {"cameras": site.read_by(box), "seen_s": round(seconds, 1)}
            for box, seconds in sorted(site.unseen_s(time.time()).items())
        },
        "cameras": {name: read.get(name, {"box": None, "epoch": None}) for name in sorted({*cameras, *read})},
    }


def _lines(document: dict[str, Any]) -> Iterator[str]:
    for box, about in document["boxes"].items():
        seen = "" if not about["seen_s"] else f"  (away for {about['seen_s']:.0f} s)"
        yield f"{box}: {', '.join(about['cameras']) or 'no cameras'}{seen}"
    nobody = [name for name, about in document["cameras"].items() if about["box"] is None]
    if nobody:
        yield f"nobody reads {', '.join(nobody)}"
