"""`edge-app doctor`: what this machine has, and what to do about what is missing."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from edge_app.cli.options import AsJson, StateDir, state_folder
from edge_app.core.errors import DeviceError
from edge_app.doctor import Check, examine
from edge_app.trt_build import default_cache_dir

EXAMPLE = "Example: edge-app doctor"


def main(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Look at driver, GPU, TensorRT, decoders, CPU, disk, clock and permissions, and say what to do.

    Exit code 69 where something fails that this machine looks made for.
    """
    checks = examine(state_folder(state_dir), default_cache_dir(os.environ))
    if as_json:
        document = {"schema": "edge_app.doctor/1", "checks": [asdict(check) for check in checks]}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        sys.stdout.writelines(map(_lines, checks))
    if failed := [check for check in checks if check.status == "fail"]:
        sys.stdout.flush()
        raise DeviceError("; ".join(f"{check.name}: {check.detail}" for check in failed))


def _lines(check: Check) -> str:
    advice = f"{'':20}{check.advice}\n" if check.advice else ""
    return f"{check.status:5} {check.name:13} {check.detail}\n{advice}"
