"""This program beside what else its users could take, on one file of theirs, in turn.

python -m benchmarks.peers VIDEO [--sizes 320 640] [--batches 1 8] [--rounds 3] [--ultralytics VENV/bin/python]

The model has YOLOv8n's shape and random weights (`benchmarks.peers.yolov8_shape`), the file is read as fast as it can
be. On a GPU (`--cuda`) the loop by hand computes with ONNX Runtime's CUDA provider, and where PyNvVideoCodec is
installed, another one decodes with NVDEC. Ultralytics is measured where the Python of a venv that has it is given; it
must not be this project's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import yaml

from benchmarks.peers.yolov8_shape import write

HERE = Path(__file__).parent
LIMIT_S = 600.0


@dataclass
class Contender:
    """One of those that are compared.

    Attributes:
        name: For the table.
        command: What measures it and prints JSON.
        fps, cpu_ms: Of each round.
    """

    name: str
    command: Sequence[str]
    fps: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Runs it once; raises CalledProcessError if it fails."""
        done = subprocess.run(self.command, check=True, capture_output=True, text=True, timeout=LIMIT_S)
        found = json.loads(done.stdout.splitlines()[-1])
        self.fps.append(found["frames"] / found["wall_s"])
        self.cpu_ms.append(1e3 * found["cpu_s"] / found["frames"])

    @property
    def row(self) -> str:
        """Its line of the table."""
        each = " | ".join(
            f"{min(values):.1f} {median(values):.1f} {max(values):.1f}" for values in (self.fps, self.cpu_ms)
        )
        return f"| {self.name} | {each} |"


def contenders(folder: Path, video: str, size: int, batch: int, args: argparse.Namespace) -> list[Contender]:
    """Everybody for one size of model and batch."""
    model = write(folder / f"yolov8_shape_{size}_{batch}.onnx", size, batch if args.fixed else "batch")
    provider = "CUDAExecutionProvider" if args.cuda else "CPUExecutionProvider"
    shown = f"{size}, batch {batch}"
    hand = [sys.executable, str(HERE / "hand.py"), str(model), video]
    hand += ["--batch", str(batch), "--size", str(size), "--provider", provider]
    found = [
        Contender(f"edge_app, decode: {decode}, {shown}", ours(folder, model, video, batch, decode, args))
        for decode in args.decode
    ]
    found.append(Contender(f"by hand, {shown}", hand))
    if args.cuda and "nvdec" in args.decode and find_spec("PyNvVideoCodec"):
        given = [str(model), video, "--batch", str(batch), "--size", str(size)]
        given += ["--half"] if args.precision == "fp16" else []
        command = [sys.executable, "-m", "benchmarks.peers.hand_nvdec", *given]
        found.append(Contender(f"by hand, NVDEC and torch, {shown}", command))
    if args.ultralytics:
        script, device = str(HERE / "ultralytics_predict.py"), "0" if args.cuda else "cpu"
        given = [str(model), video, str(batch), str(size), device]
        found.append(Contender(f"Ultralytics, {shown}", [args.ultralytics, script, *given]))
    return found


def ours(folder: Path, model: Path, video: str, batch: int, decode: str, args: argparse.Namespace) -> list[str]:
    """Measures this program."""
    path = folder / f"{model.stem}_{decode}.yaml"
    engine = {"backend": "onnxruntime", "provider": "cuda" if args.cuda else "cpu", "max_batch": batch}
    document = {
        "model": {"onnx": str(model), "labels": "coco", "decoder": "ultralytics"},
        "engine": {**engine, "precision": args.precision},
        "detect": {"confidence": 0.25, "nms_iou": 0.7},
        "cameras": {"file": {"url": video, "decode": decode}},
        "publish": [{"type": "file", "path": str(folder / "messages.ndjson")}],
    }
    path.write_text(yaml.safe_dump(document))
    return [sys.executable, "-m", "benchmarks.peers.edge", str(path)]


def why_not(python: str | None) -> str | None:
    """Why Ultralytics is not measured; None if it is."""
    if python is None:
        return "no --ultralytics PYTHON was given: it is measured from a venv of its own, outside this repository"
    if Path(python).resolve().is_relative_to(HERE.parents[1]):
        return f"{python} is in this repository"
    if subprocess.run([python, "-c", "import ultralytics"], capture_output=True).returncode:
        return f"{python} cannot import it"
    return None


def in_turn(everybody: Sequence[Contender], rounds: int, tell: Callable[[str], None]) -> None:
    """Measures all of them, one after the other, so many times."""
    for number in range(rounds):
        for contender in everybody:
            contender.measure()
            tell(f"round {number + 1}: {contender.name}: {contender.fps[-1]:.1f} frames/s")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--sizes", nargs="+", type=int, default=[320, 640])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cuda", action="store_true")
    parser.add_argument("--fixed", action="store_true", help="export the model with that batch alone")
    parser.add_argument("--decode", nargs="+", default=["auto"], choices=["auto", "cpu", "nvdec"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "fp16"])
    parser.add_argument("--ultralytics", metavar="PYTHON", help="of a venv outside this repository")
    args = parser.parse_args()
    if reason := why_not(args.ultralytics):
        print(f"Ultralytics is skipped: {reason}", file=sys.stderr)
        args.ultralytics = None
    with tempfile.TemporaryDirectory() as name:
        everybody = [
            contender
            for size in args.sizes
            for batch in args.batches
            for contender in contenders(Path(name), args.video, size, batch, args)
        ]
        in_turn(everybody, args.rounds, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"{os.cpu_count()} cores; each figure min, median, max of {args.rounds} rounds\n")
    print("| | frames/s | CPU ms a frame |\n| --- | --- | --- |")
    print("\n".join(contender.row for contender in everybody))


if __name__ == "__main__":
    main()
