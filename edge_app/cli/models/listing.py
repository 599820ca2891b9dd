"""`edge-app models list`: what is on this machine, and what can be fetched."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from edge_app.cli.options import AsJson, StateDir, state_folder
from edge_app.cli.output import write_lines
from edge_app.model import CatalogueEntry, Installed, installed, read_catalogue

EXAMPLE = "Example: edge-app models list --json"


def main(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """List the models on this machine, those hidden by another of their name too, and those that can be pulled."""
    here, catalogue = installed(Path(), state_folder(state_dir)), read_catalogue().values()
    names = {model.name for model in here}
    if as_json:
        document = {
            "schema": "edge_app.models/1",
            "installed": [_installed(model) for model in here],
            "catalogue": [_pullable(entry, entry.name in names) for entry in catalogue],
        }
        sys.stdout.write(json.dumps(document) + "\n")
        return
    write_lines([*map(_line, here), *(_offer(e) for e in catalogue if e.name not in names)])


def _installed(model: Installed) -> dict[str, Any]:
    card = model.card
    return {
        "name": model.name,
        "folder": str(model.folder),
        "precisions": list(card.files) if card else [],
        "licence": card.licence if card else None,
        "shadowed": model.shadowed,
        "error": model.error or None,
    }


def _pullable(entry: CatalogueEntry, here: bool) -> dict[str, Any]:
    about = entry.model_dump(include={"name", "url", "bytes", "sha256", "licence"})
    return {**about, "input": [entry.input.width, entry.input.height], "installed": here}


def _line(model: Installed) -> str:
    if model.card is None:
        return f"{model.name:14} broken: {model.error}"
    note = " (shadowed: an earlier place has this name)" if model.shadowed else ""
    return f"{model.name:14} {', '.join(model.card.files)}, {model.card.licence}, {model.folder}{note}"


def _offer(entry: CatalogueEntry) -> str:
    size = f"{entry.input.width}x{entry.input.height}, {entry.bytes / 1e6:.1f} MB"
    return f"{entry.name:14} {size}, {entry.licence}: edge-app models pull {entry.name}"
