"""`edge-app schema`: the JSON Schemas of the configuration, of the messages and of the health over HTTP."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated

import typer

from edge_app import publish

EXAMPLE = "Example: edge-app schema detections > detections.schema.json"


class SchemaName(str, Enum):
    """What has a schema."""

    CONFIG = "config"
    DETECTIONS = "detections"
    EVENT = "event"
    STATUS = "status"
    STATS = "stats"
    COUNTS = "counts"
    HEALTH = "health"


def main(
    document: Annotated[SchemaName, typer.Argument(help="Which schema.")] = SchemaName.CONFIG,
) -> None:
    """Print the JSON Schema of the configuration, of a message or of the health over HTTP."""
    text = _config() if document is SchemaName.CONFIG else publish.schema(document.value)
    sys.stdout.write(text.rstrip() + "\n")


def _config() -> str:
    """The configuration's, whose sections are slow to import."""
    from edge_app.app.config import config_schema

    return config_schema()
