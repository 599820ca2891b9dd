"""`edge-app engines prune`: deletes engine files that nothing will load any more."""

from __future__ import annotations

import json
import os
import sys
from functools import cache as once

from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines
from edge_app.trt_build import EngineCache, default_cache_dir, prune

EXAMPLE = "Example: edge-app engines prune"


def main(as_json: AsJson = False) -> None:
    """Delete engine files that a newer one has replaced, that another TensorRT has built, or that are broken."""
    cache = EngineCache(default_cache_dir(os.environ))
    pruned = prune(cache, once(_wait))
    if as_json:
        gone = [{"path": str(path), "because": because} for path, because in pruned]
        sys.stdout.write(json.dumps({"schema": "edge_app.pruned/1", "engines": gone}) + "\n")
        return
    write_lines(f"{path}: {because}" for path, because in pruned)
    if not pruned:
        sys.stderr.write("nothing to prune\n")


def _wait() -> None:
    sys.stderr.write("another process is building; waiting for that\n")
