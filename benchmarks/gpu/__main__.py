"""Measures the engine on a GPU and writes the figures into docs/gpu.md.

python -m benchmarks.gpu [--yolox yolox_nano.onnx] [--decode cpu nvdec]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
import onnxruntime
import pycuda

from benchmarks.gpu import streams
from benchmarks.gpu.bench import Bench, HostPictures
from benchmarks.gpu.variant import ModelVariant, with_batch
from edge_app.cuda import this_machine

DOCS = Path(__file__).parents[2] / "docs"
HEADING = "## Measured\n"
VARIANTS = [(8, False), (8, True), (1, False), (1, True)]  # batch, FP16
MODEL = ("model", "precision", "batch")
TABLES = {
    "rates": (
        "Frames/s",
        ("load s", "network alone", "two at once", "device NV12", "host NV12", "host BGR", "÷ alone", "÷ two at once"),
    ),
    "slots": (
        "One slot, and two",
        ("1 slot", "2 slots", "gain", "a model runs", "both run", "thread works", "thread waits"),
    ),
    "stages": (
        "A batch, in microseconds",
        ("pictures", "upload", "letterbox", "network", "download", "submit", "wait", "postprocess", "rest"),
    ),
    "counts": (
        "What a batch costs beside time",
        ("pictures", "letterbox launches", "KB up a frame", "KB down a frame", "allocations", "bytes of the GPU"),
    ),
    "memory": ("Memory", ("frames", "MB of the GPU free", "MB of the host resident")),
}
FIRST_ONLY = ("memory",)


def machine() -> str:
    """Describes the machine."""
    m = this_machine()
    versions = {"Python": platform.python_version(), "ONNX Runtime": onnxruntime.__version__}
    versions |= {"PyCUDA": pycuda.VERSION_TEXT, "PyAV": av.__version__}
    parts = [f"{m.gpu}, driver {m.driver}, CUDA {m.cuda}, {len(os.sched_getaffinity(0))} CPU cores"]
    parts += [f"{name} {version}" for name, version in versions.items()]
    command = f"python -m benchmarks.gpu {' '.join(sys.argv[1:])}".rstrip()
    return f"{time.strftime('%d %B %Y').lstrip('0')}: {', '.join(parts)}.\n\n    {command}\n"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table under a heading."""
    lines = [head, ["---"] * len(head), *rows]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def measure(variants: Sequence[ModelVariant], names: Sequence[str]) -> Iterable[str]:
    """Measures and returns the tables, printing each row at once. Draws the first variant's timeline."""
    pictures = HostPictures()
    rows: dict[str, list[Sequence[str]]] = {name: [] for name in names}
    for number, variant in enumerate(variants):
        with ExitStack() as stack:
            bench = Bench(variant, pictures, stack)
            for name in names:
                if number == 0 or name not in FIRST_ONLY:
                    for row in getattr(bench, name)():
                        print(name, *row, sep=" | ", flush=True)
                        rows[name].append(row)
            if number == 0:
                (DOCS / "images/double-buffer.svg").write_text(bench.timeline())
    return [table(TABLES[name][0], MODEL + TABLES[name][1], rows[name]) for name in names]


def stream_table(decodes: Sequence[str], counts: Sequence[int], seconds: float) -> str:
    """Measures paced streams and returns their table."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        clip = streams.write_street(Path(name), seconds)
        for decode in decodes:
            for count, found in streams.sustained(clip, decode, counts, seconds, streams.ENGINE):
                rows.append(streams.row(count, decode, found))
                print("streams", *rows[-1], sep=" | ", flush=True)
    return table("1080p30 streams of one process", streams.HEAD, rows)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--yolox", type=Path, help="YOLOX-Nano, which is not part of the project")
    parser.add_argument("--decode", nargs="*", default=["cpu", "nvdec"], help="how the streams are decoded")
    parser.add_argument("--streams", nargs="+", type=int, default=[4, 8, 12, 16, 24, 32, 48, 64])
    parser.add_argument("--seconds", type=float, default=10, help="how long each number of streams is measured")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        variants = [ModelVariant.from_config("traffic", "{name: traffic}", *variant) for variant in VARIANTS]
        for batch, half in VARIANTS if args.yolox else []:
            path = with_batch(args.yolox, batch, Path(folder, f"yolox_nano_{batch}.onnx"))
            variants.append(ModelVariant.from_config("yolox_nano", f"{{onnx: {path}, labels: coco}}", batch, half))
        parts = [machine(), *measure(variants, args.only)]
    if args.decode:
        parts.append(stream_table(args.decode, args.streams, args.seconds))
    path = DOCS / "gpu.md"
    path.write_text(path.read_text().split(HEADING)[0] + HEADING + "\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
