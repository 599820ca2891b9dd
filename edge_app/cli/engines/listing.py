"""`edge-app engines list`: the engine files in the cache."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines
from edge_app.core.errors import DataError
from edge_app.trt_build import EngineCache, EngineFile, default_cache_dir

EXAMPLE = "Example: edge-app engines list --json"


def main(as_json: AsJson = False) -> None:
    """List the built engine files, the newest first, and whether each may be loaded."""
    cache = EngineCache(default_cache_dir(os.environ))
    files = [(file, _trouble(file)) for file in cache.files()]
    if as_json:
        every = [_document(file, trouble) for file, trouble in files]
        sys.stdout.write(
            json.dumps({"schema": "edge_app.engines/1", "folder": str(cache.folder), "engines": every}) + "\n"
        )
        return
    write_lines(_line(file, trouble) for file, trouble in files)
    if not files:
        sys.stderr.write(f"no engine files in {cache.folder}; edge-app build makes one\n")


def _trouble(file: EngineFile) -> str | None:
    """Why it may not be loaded."""
    try:
        file.read()
    except DataError as error:
        return str(error)
    return None


def _document(file: EngineFile, trouble: str | None) -> dict[str, Any]:
    return {"path": str(file.path), "written": file.written, "error": trouble, **file.metadata.model_dump(mode="json")}


def _line(file: EngineFile, trouble: str | None) -> str:
    metadata = file.metadata
    if trouble:
        return f"{metadata.model:14} not usable: {trouble}"
    size = f"{file.path.stat().st_size / 1e6:.1f} MB"
    made = f"{metadata.key.library} {metadata.key.version}, {metadata.key.compute_capability}"
    return f"{metadata.model:14} {metadata.precision}, {made}, {size}, {file.path}"
