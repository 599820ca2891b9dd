"""This program on one file, as hand.py measures the loop by hand; prints what hand.py prints."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from edge_app.app.config import load_config
from edge_app.app.factory import make_parts
from edge_app.app.start import start


def main() -> None:
    """Reads the configuration that is given, and the file in it once."""
    config = load_config(Path(sys.argv[1]), {})
    with start(make_parts(config), keeps=False) as runtime:  # loads and warms up
        began, cpu = time.perf_counter(), sum(os.times()[:2])
        runtime.run()
        wall_s, cpu_s = time.perf_counter() - began, sum(os.times()[:2]) - cpu
    frames = runtime.metrics.total("frames_analysed")
    print(json.dumps({"frames": frames, "wall_s": wall_s, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
