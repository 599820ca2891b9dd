"""Compares the ways to choose ranges, with and without float fallback: agreement, accuracy, speed (docs/int8.md).

    python benchmarks/int8.py [traffic --data calib_data/traffic/calibration --holdout calib_data/traffic/holdout]

Speed is the model's alone on this CPU, one picture at a time, as the program runs it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge_app import model
from edge_app.engine.ort.session import open_session

METHODS = ("mse", "entropy", "percentile", "max")
LEAST = (0.0, 0.95)  # without float fallback, and with as many layers as it takes
RUNS = 60
PICTURES = Path(__file__).parents[1] / "calib_data/traffic"
HEAD = ("method", "in float", "mAP50", "mAP50-95", "recall", "precision", "truth: FP32", "INT8", "speed: INT8 / FP32")


def calibrated(asked: argparse.Namespace, out: Path, method: str, least: float) -> dict[str, Any]:
    """Runs `edge-app calibrate`, which writes `out`, and returns its report."""
    pictures = [f"--data={path}" for path in asked.data] + [f"--holdout={path}" for path in asked.holdout]
    wanted = (f"--method={method}", f"--min-agreement={least}", f"--out={out}")
    command = [sys.executable, "-m", "edge_app", "calibrate", asked.model, *pictures, *wanted]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode not in (0, 65):
        sys.exit(1)
    report: dict[str, Any] = json.loads(model.report_path(out).read_text())
    return report


def speed(exact: Path, out: Path) -> float:
    """The speed of INT8 relative to FP32, from the medians of alternating runs."""
    sessions = [open_session(path, 0, quantized=path == out) for path in (exact, out)]
    shape = [size if isinstance(size, int) else 1 for size in sessions[0].get_inputs()[0].shape]
    feed = {sessions[0].get_inputs()[0].name: np.zeros(shape, np.float32)}
    times = np.empty((RUNS, 2))
    for run in times:
        for index, session in enumerate(sessions):
            began = time.perf_counter()
            session.run(None, feed)
            run[index] = time.perf_counter() - began
    fp32, int8 = np.median(times, axis=0)
    return float(fp32 / int8)


def row(report: dict[str, Any], times: float) -> str:
    """A row of the table."""
    figures, truth = report["agreement"], report["ground_truth"]
    numbers = [figures[name] for name in ("map50", "map50_95", "recall", "precision")]
    numbers += [truth["fp32_map50"], truth["int8_map50"]] if truth else []
    words = [f"{number:.3f}" for number in numbers] + ["", ""] * (not truth) + [f"{times:.2f}"]
    layers = ", ".join(f"`{each['layer']}`" for each in report["fallbacks"]) or "none"
    return f"| {' | '.join((report['method'], layers, *words))} |"


def main() -> None:
    """Prints the table row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="traffic", help="a name, a folder or an .onnx file")
    parser.add_argument("--data", nargs="+", default=[PICTURES / "calibration"], help="what to calibrate with")
    parser.add_argument("--holdout", nargs="+", default=[PICTURES / "holdout"], help="what to judge by")
    asked = parser.parse_args()
    exact = model.find_argument(asked.model, Path()).file("fp32")
    print(f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}", sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.int8.onnx"
        for method in METHODS:
            for least in LEAST:
                report = calibrated(asked, out, method, least)
                if report["fallbacks"] or not least:
                    print(row(report, speed(exact, out)), flush=True)


if __name__ == "__main__":
    main()
