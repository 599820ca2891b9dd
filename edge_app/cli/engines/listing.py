"""`edge-app engines list`: the plans in the cache."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from edge_app.cli.models.options import AsJson
from edge_app.core.errors import DataError
from edge_app.trt_build import EngineCache, EngineFile, default_cache_dir

EXAMPLE = "Example: edge-app engines list --json"


def main(as_json: AsJson = False) -> None:
    """List the built plans, the newest first, and whether each may be loaded."""
    cache = EngineCache(default_cache_dir(os.environ))
    plans = [(plan, _trouble(plan)) for plan in cache.plans()]
    if as_json:
        every = [_document(plan, trouble) for plan, trouble in plans]
        sys.stdout.write(
            json.dumps({"schema": "edge_app.engines/1", "folder": str(cache.folder), "plans": every}) + "\n"
        )
        return
    sys.stdout.writelines(f"{_line(plan, trouble)}\n" for plan, trouble in plans)
    if not plans:
        sys.stderr.write(f"no plans in {cache.folder}; edge-app build makes one\n")


def _trouble(plan: EngineFile) -> str | None:
    """Why it may not be loaded."""
    try:
        plan.read()
    except DataError as error:
        return str(error)
    return None


def _document(plan: EngineFile, trouble: str | None) -> dict[str, Any]:
    return {"path": str(plan.path), "written": plan.written, "error": trouble, **plan.sidecar.model_dump(mode="json")}


def _line(plan: EngineFile, trouble: str | None) -> str:
    sidecar = plan.sidecar
    if trouble:
        return f"{sidecar.model:14} not usable: {trouble}"
    size = f"{plan.path.stat().st_size / 1e6:.1f} MB"
    made = f"{sidecar.key.flavour} {sidecar.key.version}, {sidecar.key.compute_capability}"
    return f"{sidecar.model:14} {sidecar.precision}, {made}, {size}, {plan.path}"
